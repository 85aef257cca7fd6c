"""``recommendations.sentences``: reasons as a language model words them, where the profile has it asked.

What belongs here: which evidence is asked about, within the night's budget, and what becomes of the answers. A night
never fails for want of sentences: the templates' stand beside them.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from recsys_assets.assets.step import Made, Step
from recsys_assets.reasons.evidence import Evidence
from recsys_assets.reasons.guard import Titles, refused
from recsys_assets.reasons.language_model import (
    URL,
    Budget,
    Endpoint,
    LanguageModel,
    ModelError,
    NoAnswer,
    OutOfBudget,
)
from recsys_assets.reasons.languages import first_language
from recsys_assets.selects.contracts import declared_rows
from recsys_assets.selects.files import SQL_FOLDER, load_select
from recsys_assets.storage.sentences import Kept, read_sentence, write_sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recsys_assets.profile import Profile
    from recsys_assets.reasons.templates import Language
    from recsys_assets.storage.lake.snapshot import Snapshot

TABLE = "recommendations.sentences"
_EVIDENCE, _TITLES = (
    load_select(SQL_FOLDER / "sentences" / f"{name}.sql", keyed=False) for name in ("evidence", "titles")
)
_OF_ROW = ("evidence_hash", "item_key", "evidence_item_key", "reason_template", "is_once", "reason_about", "n_rows")
"""What a sentence's row has of its evidence's."""
MAX_FAILURES = 3
"""Batches in a row that may come to nothing: then the endpoint is left alone until the next night."""


def steps(profile: Profile) -> list[Step]:
    """The sentences of a night; nothing where the profile has nobody asked."""
    if not profile.reasons.sentences.enabled:
        return []
    return [
        Step(
            name=TABLE,
            description="Reasons as a language model words them: a blurb and an explanation for each evidence that "
            "tonight's lists rest on, most frequent first, within the budget of the profile. What names anything that "
            "is not in its evidence is refused, and the template's sentence stands. See docs/reasons.md.",
            make=partial(_sentences, profile),
            reads=tuple(sorted({*_EVIDENCE.reads, *_TITLES.reads})),
            key=("evidence_hash", "item_key", "evidence_item_key"),
            kinds=("python",),
            sql=(_EVIDENCE.path, _TITLES.path),
        )
    ]


def _sentences(profile: Profile, snapshot: Snapshot) -> Made:
    endpoint, language = Endpoint.of_environment(), first_language(profile)
    if endpoint is None:
        return Made(declared_rows(TABLE, []), {"Asked": f"nobody: {URL} is not set"})
    rows, known = snapshot.table(_EVIDENCE.text).to_pylist(), dict[str, Evidence]()
    for row in rows:
        evidence = _evidence(language, row)
        row["evidence_hash"] = evidence.hash(endpoint.model)
        known.setdefault(row["evidence_hash"], evidence)
    kept = {name: said for name in known if (said := read_sentence(profile, name))}
    results: dict[str, Any] = {"From earlier nights": len(kept)}
    wanted = {name: evidence for name, evidence in known.items() if name not in kept}
    results |= _ask(profile, endpoint, wanted, kept, snapshot) if wanted else {"Asked": "all was known"}
    made: list[dict[str, Any]] = [
        {name: row[name] for name in _OF_ROW}
        | kept[row["evidence_hash"]]
        | {"language": language.name, "model": endpoint.model}
        for row in rows
        if row["evidence_hash"] in kept
    ]
    refusals = Counter(each["refused_because"].partition(":")[0] for each in made if each["refused_because"])
    results |= {"Sentences": sum(each["blurb"] is not None for each in made), "Evidence": len(rows)}
    return Made(declared_rows(TABLE, made), results, {f"refused, {why}": n for why, n in refusals.most_common(10)})


def _evidence(language: Language, row: Mapping[str, Any]) -> Evidence:
    """What a sentence may rest on, out of a row of evidence."""
    forms, about = language.sentences[row["reason_template"]], row["other_title"] or row["reason_about"] or ""
    template = (forms.get("=1") or forms.get("one") if row["is_once"] else None) or forms["other"]
    return Evidence(
        reason=row["reason_template"],
        template=template.replace("{about}", about),
        language=language.name,
        is_once=row["is_once"],
        about=row["reason_about"],
        **{name: row[name] for name in ("title", "category", "brand", "other_title", "other_category")},
    )


def _ask(
    profile: Profile, endpoint: Endpoint, wanted: dict[str, Evidence], kept: dict[str, Kept], snapshot: Snapshot
) -> dict[str, Any]:
    """Ask about evidence, in batches, and keep what comes at once: what a killed night paid for is not lost."""
    settings, names = profile.reasons.sentences, list(wanted)
    titles = Titles(snapshot.table(_TITLES.text)["title"].to_pylist())
    budget, failures, ended = Budget.of(settings), 0, "all was asked"
    with LanguageModel(endpoint, budget, settings.timeout_seconds, settings.retry_seconds) as model:
        for first in range(0, len(names), settings.batch):
            batch = names[first : first + settings.batch]
            try:
                written = model.write([wanted[name] for name in batch])
            except NoAnswer as error:
                failures, ended = failures + 1, f"after {error}"
                if failures == MAX_FAILURES:
                    break
                continue
            except (OutOfBudget, ModelError) as error:
                ended = f"no {error} left" if isinstance(error, OutOfBudget) else str(error)
                break
            failures = 0
            for place, (blurb, explanation) in written.items():
                why = refused(wanted[batch[place]], blurb, explanation, titles)
                said = Kept(
                    blurb=None if why else str(blurb),
                    explanation=None if why else str(explanation),
                    refused_because=why,
                )
                write_sentence(profile, batch[place], said)
                kept[batch[place]] = said
    return {
        "Asked": ended,
        "Requests": budget.used_requests,
        "Tokens": budget.used_tokens,
        "Left to their templates": sum(name not in kept for name in names),
    }
