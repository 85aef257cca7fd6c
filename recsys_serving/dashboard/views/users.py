"""The user explorer: what somebody did, what they are recommended and why; beside an earlier night, or another user."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any

from recsys_serving.dashboard.charts import by_category
from recsys_serving.dashboard.deployment import NightFusion, night_fusion
from recsys_serving.dashboard.formats import age, count, day, days, figure
from recsys_serving.dashboard.page import Absent, Page, section, view
from recsys_serving.dashboard.parts import (
    chart,
    choice,
    column,
    field,
    figures,
    form,
    heading,
    html,
    link,
    message,
    submit,
    table,
)
from recsys_serving.dashboard.rows import BLEND, FUSION, ITEM, LIST, OF_TREES, Known, item_of, listed, of_items
from recsys_serving.dashboard.views.user_profile import profile

if TYPE_CHECKING:
    from recsys_serving.release import Release

Row = dict[str, Any]
_FOUND = 500


@view("/users", "Users", place=2)
async def users(page: Page) -> None:
    """Find somebody."""
    part = page.query.get("q", "").strip()
    heading(1, "Users")
    html("p", "Anybody the night knows: what they did, what they are recommended, and why.").classes("lead")
    with form(page.url("/users").partition("?")[0], {"night": page.night}):
        field("Id, or a part of it", "q", part, hint="such as 900")
        submit("Find")
    with section(""):
        rows = await page.ask("user_search", part=part or None, most=_FOUND)
        if part and not rows:
            message(f"Nobody is known by “{part}”. An unknown id would be shown what is trending:")
            link("What an unknown id sees", page.user_url(part))
            return
        if len(rows) == _FOUND:
            html("p", f"The {_FOUND} with the most events. Search for others.").classes("note")
        table(
            "Users with the most events first",
            [
                column("user_id", "User", href="url"),
                column("n_events", "Events", "count"),
                column("n_baskets", "Baskets", "count"),
                column("n_items", "Items", "count"),
                column("recency_days", "Days since last", "figure", digits=1),
                column("tenure_days", "Days since first", "figure", digits=0),
                column("available_from", "First seen", "day"),
            ],
            [row | {"url": page.user_url(row["user_id"])} for row in rows],
            empty="This release knows no users.",
            download=page.download("user_search", part=part or None),
        )


@view("/users/{user_id:path}", "User")
async def user(page: Page) -> None:
    """Show one user."""
    given = page.named["user_id"]
    place = page.release.users.place_of_id(given)
    known = page.release.users[place].decode() if place is not None else None
    heading(1, f"User {known or given}")
    if known is None:
        _unknown(page)
        return
    await _about(page, known)
    await profile(page, known)
    other = page.query.get("with", "").strip()
    _beside(page, other)
    if other:
        await _two_users(page, known, other)
        return
    history = await _history(page, known)
    with html("div").classes("grid history"):
        await _time_line(page, known, history)
        with html("div").classes("lists"):
            await _lists(page, known, history or [])
        await _events(page, known, history or [])


async def _about(page: Page, user_id: str) -> None:
    try:
        (row,) = await page.ask("user", user_id=user_id)
    except (Absent, ValueError):
        return
    last = f"{age(row['recency_days'])} before the cutoff" if row["recency_days"] is not None else "nothing yet"
    figures(
        [
            ("Events", count(row["n_events"]), f"last {last}"),
            ("Baskets", count(row["n_baskets"]), ""),
            ("Items", count(row["n_items"]), "distinct"),
            ("Known since", day(row["available_from"]) if row["available_from"] else "–", ""),
            ("Active for", days(row["tenure_days"]) if row["tenure_days"] is not None else "–", ""),
        ]
    )


def _beside(page: Page, other: str) -> None:
    """The choice of an earlier night or another user to stand beside."""
    nights = page.older()[:8]
    if nights and not other:
        against = page.query.get("against", "")
        options = [("none", page.here(against=None)), *((day(n), page.here(against=n)) for n in nights)]
        choice("Beside night", options, next((day(n) for n in nights if str(n) == against), "none"))
    with form(page.here().partition("?")[0], {"night": page.night}):
        field("Beside another user", "with", other, hint="an id")
        submit("Compare")


def _unknown(page: Page) -> None:
    message("The night does not know this id. It would be shown what is trending, in its segment where that is known.")
    rows = [
        item_of(page.release, place) | {"rank": rank, "score": share, "confidence": None, "reason_text": "trending now"}
        for rank, (place, _, share) in enumerate(page.release.trending("all")[:20], 1)
    ]
    with section("What is trending"):
        table("What an unknown user sees", LIST, of_items(page, rows), empty="Nothing is trending.")
        link("Newcomers by context", page.url("/newcomers"))


async def _history(page: Page, user_id: str) -> list[Row] | None:
    """The user's events; None where the release holds none of anybody."""
    try:
        return await page.ask("history", user_id=user_id)
    except Absent:
        return None


async def _lists(page: Page, user_id: str, history: list[Row]) -> None:
    rows = await page.ask("user_lists", user_id=user_id, task=None)
    before = _earlier(page)
    earlier = await page.ask("user_lists", before, user_id=user_id, task=None) if before else []
    for task in sorted(page.release.tasks, reverse=True):
        with section(f"Recommended: {task}"):
            now = [row for row in rows if row["task"] == task]
            was = {row["item_id"]: row for row in earlier if row["task"] == task}
            made = listed(page, now, await _known(page, user_id, task, history))
            columns = list(LIST)
            if before is not None:
                columns.insert(1, column("was", "Was", "count", hint=f"Rank on {day(before.night)}"))
                made = [row | {"was": was[row["item_id"]]["rank"] if row["item_id"] in was else None} for row in made]
                gone = of_items(page, (row for item, row in was.items() if item not in {r["item_id"] for r in now}))
                kept = len(was) - len(gone)
                html("p", f"{kept} of {len(was)} items of {day(before.night)} are still there.").classes("note")
            table(
                f"Recommended to {user_id}: {task}",
                columns,
                made,
                empty="No list: nothing is left that this user may get.",
                download=page.download("user_lists", user_id=user_id, task=task),
            )
            if before is not None and gone:
                heading(3, f"Gone since {day(before.night)}")
                table("Gone", [column("rank", "Was", "count"), ITEM], gone, empty="", bare=True, size=5)


async def _known(page: Page, user_id: str, task: str, history: list[Row]) -> Known:
    """What is known beside a list, as far as the release holds it."""
    fusion: NightFusion | None = None
    lists: list[Row] = []
    parts: list[Row] = []
    with suppress(Absent):
        fusion = await night_fusion(page, task)
    with suppress(Absent):
        lists = await page.ask("algorithm_lists", user_id=user_id, task=task)
    with suppress(Absent):
        parts = await page.ask("contributions", user_id=user_id, item_id=None)
    names = (FUSION, OF_TREES, BLEND)
    rankings = {row["algorithm"]: row["items"] for row in lists if row["algorithm"].startswith(names)}
    return Known(history, fusion, rankings, parts)


def _earlier(page: Page) -> Release | None:
    """The release of the earlier night that lists are to stand beside."""
    against = page.query.get("against")
    if not against:
        return None
    try:
        return page.of_night(date.fromisoformat(against))
    except ValueError:
        raise Absent(f"{against} is no night: one is a UTC day like 2017-10-31.") from None


async def _time_line(page: Page, user_id: str, history: list[Row] | None) -> None:
    with section("History", "Events over time by category, as many as the release holds."):
        if history is None:
            await page.ask("history", user_id=user_id)
        if not history:
            message("The release holds no event of this user.")
            return
        chart(f"Events of user {user_id} over time, by category", by_category(history), height=300)


async def _events(page: Page, user_id: str, history: list[Row]) -> None:
    """The events one by one; that there are none was said above."""
    if not history:
        return
    has_file = any(row.get("file") for row in history)
    with section("Events, newest first"):
        table(
            f"Events of {user_id}, newest first",
            [
                column("event_ts", "When (UTC)", "instant"),
                ITEM,
                column("category", "Category"),
                column("event_type", "Kind"),
                column("quantity", "Quantity", "figure", digits=0),
                column("value", "Value", "price"),
                *([column("file", "Delivered in", beside="row")] if has_file else []),
            ],
            [row | {"row": row.get("row_number") and f"row {row['row_number']:,}"} for row in of_items(page, history)],
            empty="",
            download=page.download("history", user_id=user_id),
            size=15,
        )


async def _two_users(page: Page, user_id: str, given: str) -> None:
    """Both users' lists side by side, with what they have in common."""
    place = page.release.users.place_of_id(given)
    if place is None:
        message(f"The night does not know {given}.")
        return
    other = page.release.users[place].decode()
    lists = {each: await page.ask("user_lists", user_id=each, task=None) for each in (user_id, other)}
    for task in sorted(page.release.tasks, reverse=True):
        ranks = {each: {r["item_id"]: r["rank"] for r in rows if r["task"] == task} for each, rows in lists.items()}
        fusion = (await _known(page, user_id, task, [])).fusion
        common = len(ranks[user_id].keys() & ranks[other].keys())
        union = len(ranks[user_id].keys() | ranks[other].keys())
        alike = f" ({figure(common / union, 2)} of all they show, Jaccard)" if union else ""
        with section(f"{task.capitalize()}: {common} in common{alike}"), html("div").classes("grid"):
            for each, against in ((user_id, other), (other, user_id)):
                with html("div").classes("part"):
                    heading(3, f"User {each}")
                    rows = [
                        row | {"theirs": ranks[against].get(row["item_id"])}
                        for row in listed(page, (r for r in lists[each] if r["task"] == task), Known(fusion=fusion))
                    ]
                    theirs = column("theirs", f"Of {against}", "count", hint=f"Rank in the list of {against}")
                    table(f"{task} of {each}", [*LIST[:4], theirs], rows, empty="No list.")
