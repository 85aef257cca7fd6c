"""``releases.published``: the night's tables as one read-only DuckDB file, published by swapping a link.

What belongs here: running ``sql/release/`` in a snapshot and handing the tables to `storage.release`.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from recsys_assets.assets.embeddings import embeddings, factor_model
from recsys_assets.assets.feature_gains import feature_gains
from recsys_assets.assets.step import Made, Step
from recsys_assets.assets.steps.detectors import TABLE as DETECTORS
from recsys_assets.evaluation.movements import with_p_values
from recsys_assets.profile import PROJECT
from recsys_assets.reasons.figures import figure_rows
from recsys_assets.reasons.languages import first_language, languages_of, template_rows
from recsys_assets.reasons.templates import template_files
from recsys_assets.selects.contracts import declared_rows
from recsys_assets.selects.files import SQL_FOLDER, TableName, load_select, select_files
from recsys_assets.storage.check_outcomes import outcomes_of
from recsys_assets.storage.costs import costs_of
from recsys_assets.storage.private import ROOT_WARNING, runs_as_root
from recsys_assets.storage.release.folder import parse_name
from recsys_assets.storage.release.releases import Releases

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from recsys_assets.profile import Profile
    from recsys_assets.selects.files import Select
    from recsys_assets.storage.lake.snapshot import Snapshot

TABLE = "releases.published"
GAINS = "meta.feature_gains"
PAIRS, MOVEMENTS, SENTENCES = "serving.co_purchases", "serving.movements", "recommendations.sentences"
NOTED = ("meta.costs", "meta.checks")
"""What is noted while a night is made: another thing in each run, so a release that is there already is as good."""
_KNOWN_BY = {
    "serving.algorithm_lists": "select item_key, item_id as known_by from clean.item_keys order by item_key",
    # A number in place of an id: so deep the lists hold more ids than all else together.
    "serving.deeper_lists": "select item_key, row_number() over (order by item_id)::integer as known_by "
    "from clean.items order by item_key",
}
"""What stands in a table of lists for the key of each item."""
_BESIDE = tuple(SQL_FOLDER / "release" / f"{name}.sql" for name in ("macros", "further_macros", "comments"))
"""What a release has beside its tables: macros, and what each table and column holds."""


def steps(profile: Profile) -> list[Step]:
    """The release of a night; its partition in the lake records what was published, for the night that grades it."""
    selects = {
        f"{schema}.{name}": load_select(path)
        for schema in ("serving", "meta")
        for name, path in select_files(f"release/{schema}").items()
    }
    factors = factor_model(profile)
    return [
        Step(
            name=TABLE,
            description="recsys.duckdb: the night's recommendations, similar items, trending, items and grades in one "
            "read-only file with macros. Built beside the current one, checked, then published by swapping a link; an "
            "older night than the current one is built but does not become current.",
            make=partial(_publish, profile, selects),
            reads=tuple(
                sorted({name for select in selects.values() for name in select.reads} | set(_written(profile)))
            ),
            # A night is published after its audit and its detectors, whose checks may block.
            after=(
                *(() if profile.audit == "off" else ("audits.future",)),
                *((DETECTORS,) if profile.detectors.running else ()),
                *((f"models.{factors}",) if factors else ()),
            ),
            key=("release",),
            kinds=("duckdb",),
            sql=(*(select.path for select in selects.values()), *_BESIDE, *_templates(profile)),
            # Of a live shop the next one is due a day later, and late some hours after that.
            fresh_for=None if profile.last_night else timedelta(hours=24 + profile.late_after_hours),
        )
    ]


def _publish(profile: Profile, selects: Mapping[str, Select], snapshot: Snapshot) -> Made:
    macros, releases = "\n".join(path.read_text() for path in _BESIDE), Releases(profile.folder)
    settings, templates = profile.release.model_dump_json(), template_rows(languages_of(profile))
    sql = [*(select.text for select in selects.values()), macros, settings, str(templates.to_pylist())]
    release_id = _release_id(snapshot, sql)
    snapshot.add("made.reason_templates", templates)
    _add_sentences(profile, snapshot)
    snapshot.add("made.costs", costs_of(profile, snapshot.night))
    snapshot.add("made.checks", outcomes_of(profile, snapshot.night))
    (rankings,) = (p for p in snapshot.inputs if (p.table, p.night) == ("recommendations.rankings", snapshot.night))
    snapshot.add("made.feature_gains", feature_gains(snapshot, None if GAINS in profile.release.without else rankings))
    for kind, rows in embeddings(profile, snapshot).items():
        snapshot.add(f"made.{kind}_embeddings", rows)
    snapshot.add("made.co_purchases", pairs := _rows(profile, PAIRS, selects[PAIRS], snapshot))
    tables = {
        table: pairs if table == PAIRS else _rows(profile, table, select, snapshot) for table, select in selects.items()
    }
    given = tables | {name: tables[name].to_reader() for name in NOTED}
    file = releases.build(snapshot.night, release_id, given, macros)
    # Where the release that readers see is damaged, the new one has another id.
    published = releases.publish(*parse_name(file.parent.name))
    log = (published.reason, *([ROOT_WARNING] if runs_as_root() else []))
    results = {"Outcome": published.reason, "Published": published.published, "Release": published.name}
    if empty := [row for row in tables["meta.tasks"].to_pylist() if row["empty_because"]]:
        results["Empty tasks"] = "; ".join(f"{row['task']}: {row['empty_because']}" for row in empty)
    facts = {
        "release_file": file,
        **{f"rows {table}": rows.num_rows for table, rows in tables.items()},
    }
    if not published.published:
        return Made(None, results, facts, log)
    lists = next(p for p in snapshot.inputs if p.table == "recommendations.lists")
    row = {"release": published.name, "lists_fingerprint": lists.fingerprint}
    return Made(declared_rows(TABLE, [row]), results, facts, log)


def _templates(profile: Profile) -> list[Path]:
    """Files with the sentences of reasons in every language of the profile."""
    return [
        file for language in profile.reasons.languages for file in template_files(profile.reasons, language, PROJECT)
    ]


def _written(profile: Profile) -> list[TableName]:
    """The table of sentences by a language model, where the profile has any written."""
    return [TableName("recommendations", "sentences")] if profile.reasons.sentences.enabled else []


def _add_sentences(profile: Profile, snapshot: Snapshot) -> None:
    """Add sentences by a language model, and the figures that stand in them; none where nobody is asked."""
    written, numbers = declared_rows(SENTENCES, []), list[int]()
    if _written(profile):
        written = snapshot.table(f"from {SENTENCES}")
        query = "select unnest([evidence_count::bigint, floor(evidence_days)::bigint]) from recommendations.lists"
        numbers = snapshot.table(f"select distinct number from ({query}) as figures (number) where number is not null")[
            "number"
        ].to_pylist()
    snapshot.add("made.sentences", written)
    snapshot.add("made.figures", figure_rows(first_language(profile), snapshot.night, numbers))


def _rows(profile: Profile, table: str, select: Select, snapshot: Snapshot) -> pa.Table:
    """Rows of a table of the release: none where the profile leaves it out."""
    if table in profile.release.without:
        return snapshot.table(f"from ({select.text}) limit 0")
    rows = snapshot.table(select.text)
    if table == MOVEMENTS:
        return with_p_values(rows)
    return _without_keys(rows, snapshot.table(_KNOWN_BY[table])) if table in _KNOWN_BY else rows


def _without_keys(lists: pa.Table, known: pa.Table) -> pa.Table:
    """Lists with ``items`` as they are known in place of keys: by array, a tenth of what taking lists apart costs."""
    import numpy as np
    import pyarrow as pa

    column = lists.schema.get_field_index("items" if "items" in lists.column_names else "below_item_key")
    items = lists[column].combine_chunks()
    places = np.searchsorted(known["item_key"].to_numpy(), items.values.to_numpy())
    said = known["known_by"].combine_chunks().take(pa.array(places))
    return lists.set_column(column, "items", pa.ListArray.from_arrays(items.offsets, said))


def _release_id(snapshot: Snapshot, sql: list[str]) -> str:
    """Name of the content: the same inputs and SQL make the same release."""
    content = sorted(f"{p.table} {p.night} {p.fingerprint}" for p in snapshot.inputs)
    return hashlib.sha256("\n".join([*content, *sql]).encode()).hexdigest()[:12]
