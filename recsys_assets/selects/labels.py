"""Which tables may stand beside labels: what users took since the graded night, and how its lists did.

What belongs here: one sentence for each table that has seen the labels it stands beside, by the names a step or a SQL
file reads. Night N learns from, and judges, what the graded night N−h knew, so beside labels that is shown as
``graded.`` alone. What learned from the grades of N is judged by N+h, which sees it as ``graded.``, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.errors import RecsysError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MEANS = frozenset(
    [
        "beyond_accuracy",
        "comparisons",
        "late",
        "policy_effects",
        "pooled",
        "published_rows",
        "reliability",
        "segments",
        "summary",
    ]
)
"""Grades that say nothing of one user or item: what learns from these is free to act on tonight's lists."""
_EXAMPLES = "recommendations.examples"
_WITHOUT_NIGHT = frozenset(["this", "made", "landed", "raw"])
_GRADED, _TONIGHT = frozenset(["graded", "graded_packed"]), frozenset(["", "packed"])
"""Catalogues of what the graded night knew, and of the night's own."""
_SHOW = frozenset(["audits", "releases", "tracking"])
"""Schemas of steps that only publish, tell or examine what other steps made: nothing learns from them."""
_SEEN_TOGETHER = frozenset(
    [
        ("past.grades.candidates", "recommendations.rankings"),
        ("past.grades.candidates", "before.recommendations.champions"),
        ("grades.relevant", "before.recommendations.fusion_weights"),
    ]
)
"""Choosing a champion asks which rankings there are tonight, and who was champion: the figures of users that it
chooses by name no item, so no ranking of tonight can be judged by them. Fusion weights of earlier nights are averaged
with those that tonight's labels teach, and nothing is judged by them."""


class LabelError(RecsysError):
    """A step that would learn from what has seen its labels, or judge it; the message names both and the remedy."""


def problems_of_labels(output: str, reads: Iterable[str]) -> Iterator[str]:
    """Sentences on tables that have seen the labels they stand beside.

    Parameters
    ----------
    output
        The table that is made, ``schema.name``; empty when it is not known.
    reads
        Names as SQL has them, ``graded.features.user``, and models of the night as ``models.<algorithm>``.
    """
    schema = output.partition(".")[0]
    names = sorted(name for name in reads if _schema(name) not in _WITHOUT_NIGHT)
    if schema == "grades":
        yield from _judged(names)
    elif schema not in _SHOW:
        yield from _learned_from(names)


def _judged(names: list[str]) -> Iterator[str]:
    """What grades may not judge: anything but the log that was not made by the graded night."""
    for name in names:
        if _catalog(name) not in _GRADED and _schema(name) not in {"clean", "grades"}:
            yield (
                f"judges {name}, which may have learned from the very grades it is judged by. Judge what the graded "
                f"night made: read {_graded(name)}."
            )


def _learned_from(names: list[str]) -> Iterator[str]:
    """What may not stand beside labels where something learns from them."""
    labels = [name for name in names if _is_label(name)]
    for name in names:
        beside = next((label for label in labels if (label, name) not in _SEEN_TOGETHER), None)
        if beside is None or _schema(name) == "grades" or name.endswith(_EXAMPLES):
            continue
        if _catalog(beside):
            yield (
                f"reads {name} beside the labels of {beside}, which are of several nights: it has seen some of them. "
                "Put the labels of one night beside graded. tables in a table of its own, and read that as past."
            )
        elif _catalog(name) in _TONIGHT:
            yield (
                f"reads {name} of its own night beside the labels of {beside}, which happened before it: what was made "
                f"there has seen them. Read {_graded(name)}."
            )
        elif _catalog(name) not in _GRADED:
            yield f"reads {name} beside the labels of {beside}: some of it has seen them. Read {_graded(name)}."


def _is_label(name: str) -> bool:
    *_, schema, table = name.split(".")
    return name.endswith(_EXAMPLES) or (schema == "grades" and table not in _MEANS)


def _schema(name: str) -> str:
    return name.split(".")[-2]


def _catalog(name: str) -> str:
    return name.split(".")[0] if name.count(".") > 1 else ""


def _graded(name: str) -> str:
    *_, schema, table = name.split(".")
    return f"graded.{schema}.{table}" if schema != "models" else "what it listed, graded.candidates"
