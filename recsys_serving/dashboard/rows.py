"""Rows of items as tables show them, and what several views say of them.

What belongs here: from rows of a question to rows of a table, and what a row opens: why an item was recommended.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from recsys_serving.dashboard.formats import NONE, age, day, figure, instant, words
from recsys_serving.dashboard.parts import column

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from recsys_serving.dashboard.page import Page
    from recsys_serving.release import Release

Row = dict[str, Any]
ITEM = column("label", "Item", href="url", beside="item_id")
LIST = [
    column("rank", "#", "count"),
    ITEM,
    column("price", "Price", "price"),
    column("score", "Score", "bar", hint="Share of the night's rows of the task that stand no higher"),
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


def listed(page: Page, rows: Iterable[Row], history: Iterable[Row]) -> list[Row]:
    """Rows of a user's list, each with what opens below it: why it is there.

    Parameters
    ----------
    history
        The user's events, newest first, for those that a reason rests on.
    """
    events: dict[str, list[Row]] = {}
    for event in history:
        events.setdefault(event["item_id"], []).append(event)
    return [row | {"detail": _why(row, events)} for row in of_items(page, rows)]


def _why(row: Row, events: Mapping[str, list[Row]]) -> list[list[Any]]:
    """Pairs of what is said and what it is."""
    proposed = [_proposal(each) for each in (row["proposed_by"] or "").split(", ") if each]
    said: list[list[Any]] = [
        ["Reason", row["reason_text"] or NONE],
        ["Counts most", words(row["reason_algorithm"] or NONE)],
        ["Proposed by, at rank", proposed or NONE],
        ["Raw score", f"{figure(row['raw_score'], 5)} by {words(row['configuration'])}"],
    ]
    if row["evidence_item_id"]:
        rests_on = row["evidence_title"] or row["evidence_item_id"]
        last = f", last {age(row['evidence_days'])} before the cutoff" if row["evidence_days"] is not None else ""
        said.append(["Evidence", f"{rests_on}: taken {row['evidence_count'] or 0:,} times{last}"])
    elif row["evidence_count"]:
        said.append(["Evidence", f"taken by {row['evidence_count']:,} people"])
    found = [*events.get(row["item_id"], ()), *events.get(row["evidence_item_id"] or "", ())]
    unique = {(event["event_ts"], event["item_id"]): event for event in found}
    if unique:
        said.append(["The user's events", [_event(event) for event in list(unique.values())[:12]]])
    if row["category"]:
        said.append(["Category", row["category"]])
    said.append(["Models of", day(row["model_night"]) if row["model_night"] else NONE])
    return said


def _proposal(said: str) -> str:
    algorithm, _, rank = said.rpartition(" ")
    return f"{words(algorithm)} {rank}"


def _event(event: Row) -> str:
    quantity = f" × {event['quantity']:g}" if event["quantity"] and event["quantity"] != 1 else ""
    return f"{event['event_type']}{quantity}, {instant(event['event_ts'])}: {event['title'] or event['item_id']}"
