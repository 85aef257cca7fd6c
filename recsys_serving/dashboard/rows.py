"""Rows of items as tables show them, and what several views say of them.

What belongs here: from rows of a question to rows of a table, and what a row opens: why an item was recommended.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from recsys_serving.dashboard.formats import NONE, age, day, figure, instant, signed, words
from recsys_serving.dashboard.parts import column

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from recsys_serving.dashboard.deployment import NightFusion
    from recsys_serving.dashboard.page import Page
    from recsys_serving.release import Release

Row = dict[str, Any]
FUSION, TRENDING, OF_TREES, BLEND = "fusion", "trending", "reranker", "blend"
_ORDERED_BY = {
    FUSION: "the fusion: the sum of the contributions below",
    TRENDING: "what is trending, as no algorithm proposed anything to this user",
    "reranker_binary": "the reranker: its trees' estimate that the item is taken within the horizon",
    "reranker_lambdamart": "the reranker: the sum of its trees, which were made to order a list",
    OF_TREES: "the reranker: minus the mean logarithm of the item's ranks by both kinds of trees",
    BLEND: "the blend: reciprocal ranks of the reranker and of the three algorithms that lead by themselves",
}
"""What a list of a configuration is ordered by; another is an algorithm's own list."""
_EXPLAINED = {
    "raw_score": "Raw score, by parts",
    "lambdamart": "Trees that order a list",
    "binary": "Trees that estimate, log odds",
}
"""What contributions add up to, by what they explain."""
_SHOWN_EVENTS = 12
_SHOWN_PARTS = 10
ITEM = column("label", "Item", href="url", beside="item_id")
LIST = [
    column("rank", "#", "count"),
    ITEM,
    column("price", "Price", "price"),
    column("score", "Score", "bar", hint="Share of the night's rows of the task that stand no higher"),
    column("confidence", "Confidence", "share", digits=1, hint="How often such a row was taken within the horizon"),
    column("reason_text", "Reason"),
]


def of_items(page: Page, rows: Iterable[Mapping[str, Any]], name: str = "item_id") -> list[Row]:
    """Rows with the label of their item, and its address."""
    return [
        {**row, "label": row.get("title") or row[name], "item_id": row[name], "url": page.item_url(row[name])}
        for row in rows
    ]


def item_of(release: Release, place: int) -> Row:
    """An item as the arrays hold it: ``item_id, title, category, department, brand, price``."""
    found: Row = json.loads(b"{" + release.item_json(place) + b"}")
    return found


@dataclass(frozen=True)
class Known:
    """What is known beside a user's list, for why its rows are there."""

    history: Sequence[Row] = ()
    """The user's events, newest first."""
    fusion: NightFusion | None = None
    """How the night fused the lists of the task; None: not known."""
    rankings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """First items of each ranking of the union, for users of the release's sample."""
    contributions: Sequence[Row] = ()
    """What the scores of the user's lists are made of, for users of the release's sample."""


def listed(page: Page, rows: Iterable[Row], known: Known) -> list[Row]:
    """Rows of a user's list, each with what opens below it: why it is there."""
    return [row | {"detail": _why(row, known)} for row in of_items(page, rows)]


def _why(row: Row, known: Known) -> list[list[Any]]:
    """Pairs of what is said and what it is."""
    ordered_by = _ORDERED_BY.get(row["configuration"], f"the own list of {words(row['configuration'])}, by its score")
    said: list[list[Any]] = [
        ["Reason", row["reason_text"] or NONE],
        ["Counts most", words(row["reason_algorithm"] or NONE)],
        ["Ordered by", ordered_by],
        ["Raw score", figure(row["raw_score"], 6)],
        *_confidence(row),
        *_proposals(row, known),
        *_contributions(row, known.contributions),
    ]
    ranks = {name: items.index(row["item_id"]) + 1 for name, items in known.rankings.items() if row["item_id"] in items}
    if ranks:
        said.append(["Rank by each ranking", [f"{words(name)} {rank}" for name, rank in ranks.items()]])
    if row["evidence_item_id"]:
        rests_on = row["evidence_title"] or row["evidence_item_id"]
        last = f", last {age(row['evidence_days'])} before the cutoff" if row["evidence_days"] is not None else ""
        said.append(["Evidence", f"{rests_on}: taken {row['evidence_count'] or 0:,} times{last}"])
    elif row["evidence_count"]:
        said.append(["Evidence", f"taken by {row['evidence_count']:,} people"])
    about = {row["item_id"], row["evidence_item_id"]}
    said += _events("The user's events", [event for event in known.history if event["item_id"] in about])
    if row["category"]:
        others = [e for e in known.history if e["category"] == row["category"] and e["item_id"] not in about]
        said += _events(f"Others of {row['category']}", others) or [["Category", row["category"]]]
    said.append(["Models of", day(row["model_night"]) if row["model_night"] else NONE])
    return said


def _confidence(row: Row) -> list[list[Any]]:
    """How often such a row was taken; nothing where no night has been graded."""
    if row["confidence"] is None:
        return []
    said = f"{100 * row['confidence']:.3g} of 100 such rows were taken within the horizon, in the nights graded so far"
    return [["Confidence", said]]


def _contributions(row: Row, contributions: Sequence[Row]) -> list[list[Any]]:
    """What the score of a row is made of; the fused score's parts are said with the proposals."""
    said = []
    for each in contributions:
        if (each["task"], each["rank"]) != (row["task"], row["rank"]) or row["configuration"] == FUSION:
            continue
        total = each["base"] + sum(part["contribution"] for part in each["parts"])
        parts = [f"{words(part['part'])} {signed(part['contribution'], 4)}" for part in each["parts"][:_SHOWN_PARTS]]
        rest = sum(part["contribution"] for part in each["parts"][_SHOWN_PARTS:])
        more = (
            [f"{len(each['parts']) - _SHOWN_PARTS} others {signed(rest, 4)}"]
            if len(each["parts"]) > _SHOWN_PARTS
            else []
        )
        base = [f"base {signed(each['base'], 4)}"] if each["explains"] != "raw_score" else []
        said.append([f"{_EXPLAINED[each['explains']]}: {figure(total, 4)}", [*base, *parts, *more]])
    return said


def _proposals(row: Row, known: Known) -> list[list[Any]]:
    """Who proposed the item at which rank, and what each counts in its fused score."""
    proposed = [each.rpartition(" ") for each in (row["proposed_by"] or "").split(", ") if each]
    if not proposed or known.fusion is None or row["configuration"] == TRENDING:
        return [["Proposed by, at rank", [f"{words(name)} {rank}" for name, _, rank in proposed] or NONE]]
    fusion = known.fusion
    parts = sorted(
        ((fusion.part(name, int(rank)), name, rank) for name, _, rank in proposed), key=lambda p: (-p[0], p[1])
    )
    shown = [
        f"{words(name)} {rank}: {fusion.weights.get(name, 0.0):.4f} / ({fusion.rrf_k} + {rank}) = {part:.6f}"
        for part, name, rank in parts
    ]
    total = f"{figure(sum(part for part, _, _ in parts), 6)}, with {fusion.whose} weights"
    if row["configuration"] != FUSION:
        total += "; it made the item a candidate, and does not order this list"
    return [["Proposed by, at rank", shown], ["Fused score", total]]


def _events(label: str, events: Sequence[Row]) -> list[list[Any]]:
    """Events as they were delivered, the newest ones; nothing where there are none."""
    more = len(events) - _SHOWN_EVENTS
    shown = [_event(event) for event in events[:_SHOWN_EVENTS]] + ([f"and {more:,} earlier"] if more > 0 else [])
    return [[label, shown]] if shown else []


def _event(event: Row) -> str:
    quantity = f" × {event['quantity']:g}" if event["quantity"] and event["quantity"] != 1 else ""
    delivered = f" ({event['file']}, row {event['row_number']:,})" if event.get("file") else ""
    what = event["title"] or event["item_id"]
    return f"{event['event_type']}{quantity}, {instant(event['event_ts'])}: {what}{delivered}"
