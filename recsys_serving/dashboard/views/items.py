"""The item explorer: what goes with an item, what is taken with it, its trend, and who gets it recommended."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from recsys_serving.dashboard.charts import over_time
from recsys_serving.dashboard.deployment import judged_release, night_settings
from recsys_serving.dashboard.formats import age, count, day, days, figure, share
from recsys_serving.dashboard.graph import graph
from recsys_serving.dashboard.page import Page, section, view
from recsys_serving.dashboard.parts import (
    chart,
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
from recsys_serving.dashboard.rows import ITEM, item_of, of_items
from recsys_serving.dashboard.views.item_insights import bundles, movement, movements

Row = dict[str, Any]
_FOUND = 200


@view("/items", "Items", place=3)
async def items(page: Page) -> None:
    """Find an item; or see which are new, and which rise."""
    sought = page.query.get("q", "").strip()
    heading(1, "Items")
    html("p", "Any item the night knows: what goes with it, who gets it, and how it did.").classes("lead")
    with form("/items", {"night": page.night}):
        field("Part of a title, or an id", "q", sought, hint="such as coffee")
        submit("Find")
    if sought:
        await _found(page, sought)
        return
    with html("div").classes("grid"):
        await _rising(page)
        await _new(page)
        await movements(page)


async def _found(page: Page, sought: str) -> None:
    places = await asyncio.to_thread(page.release.search, sought)
    rows = [item_of(page.release, place) | {"n_buyers": page.release.n_buyers[place]} for place in places[:_FOUND]]
    with section(f"Items with “{sought}”"):
        if len(places) > _FOUND:
            html("p", f"The {_FOUND} with the most buyers, of {count(len(places))}.").classes("note")
        table(
            f"Items with {sought}",
            [ITEM, column("category", "Category"), column("price", "Price", "price"), _BUYERS],
            of_items(page, rows),
            empty="No title and no id holds this text.",
        )


_BUYERS = column("n_buyers", "Buyers", "count")


async def _rising(page: Page) -> None:
    release, older = page.release, page.older()
    with section("Rising", f"What is trending, beside its place on {day(older[0])}." if older else "What is trending."):
        was = {}
        if older:
            before = page.of_night(older[0])
            was = {before.items[place]: rank for rank, (place, _, _) in enumerate(before.trending("all"), 1)}
        rows = [
            item_of(release, place) | {"rank": rank, "score": score, "was": was.get(release.items[place])}
            for rank, (place, score, _) in enumerate(release.trending("all"), 1)
        ]
        columns = [column("rank", "#", "count"), ITEM, column("score", "Recent buyers", "figure", digits=1)]
        if older:
            columns.insert(1, column("was", "Was", "count", hint=f"Place on {day(older[0])}; – below those kept"))
        download = page.download("trending", scope="all")
        table("What is trending", columns, of_items(page, rows), empty="Nothing is trending.", download=download)


async def _new(page: Page) -> None:
    since = page.release.night - timedelta(28)
    with section("New", f"First seen after {day(since)}, those with the most buyers first."):
        rows = await page.ask("new_items", since=since, most=500)
        table(
            "New items",
            [ITEM, column("category", "Category"), column("available_from", "First seen", "day"), _BUYERS],
            of_items(page, rows),
            empty="No item is newer.",
            download=page.download("new_items", since=since),
        )


@view("/items/{item_id:path}", "Item")
async def item(page: Page) -> None:
    """Show one item."""
    given = page.named["item_id"]
    place = page.release.items.place_of_id(given)
    if place is None:
        page.status = 404
        heading(1, f"Item {given}")
        message("The night knows no such item. Items are found by a part of their title.")
        link("Find an item", page.url("/items", q=given))
        return
    about, item_id = item_of(page.release, place), page.release.items[place].decode()
    heading(1, about["title"] or item_id)
    named = [item_id, about["department"], about["category"], about["brand"]]
    html("p", " · ".join(each for each in named if each)).classes("lead")
    with section(""):
        await _figures(page, item_id)
    await _graph(page, item_id)
    with html("div").classes("grid"):
        await _similar(page, item_id)
        await _together(page, item_id)
        await bundles(page, item_id)
        await _trend(page, item_id)
        await _listed(page, item_id)


async def _figures(page: Page, item_id: str) -> None:
    (row,) = await page.ask("item", item_id=item_id)
    last = f"last {age(row['recency_days'])} before the cutoff" if row["recency_days"] is not None else "never taken"
    figures(
        [
            ("Price", figure(row["price"], 2), "median of late, else as delivered"),
            ("Buyers", count(row["n_buyers"]), ""),
            ("Events", count(row["n_events"]), last),
            ("Baskets", count(row["n_baskets"]), ""),
            ("First seen", day(row["available_from"]) if row["available_from"] else "–", ""),
        ]
    )


async def _graph(page: Page, item_id: str) -> None:
    note = (
        "Drag and zoom; a click leads to an item. Thicker: more often together. The tables below say the same in words."
    )
    with section("Taken together", note):
        pairs = await page.ask("co_purchase_graph", item_id=item_id)
        if not pairs:
            message("Nothing was taken together with it often enough to be kept.")
            return
        chart(f"Items that are taken together with {item_id}", graph(item_id, pairs, page.item_url), height=440)


async def _similar(page: Page, item_id: str) -> None:
    with section("Similar", "What the models say goes with it."):
        table(
            "Similar items",
            [column("rank", "#", "count"), ITEM, column("category", "Category"), column("score", "Strength", "figure")],
            of_items(page, await page.ask("similar", item_id=item_id)),
            empty="No item goes with it.",
            download=page.download("similar", item_id=item_id),
            size=10,
        )


async def _together(page: Page, item_id: str) -> None:
    with section("In the same basket", "Lift above 1: together more often than by chance."):
        table(
            "Items in the same basket",
            [
                ITEM,
                column("n_together", "Together", "count"),
                column("confidence", "Of its baskets", "share", digits=1),
                column("lift", "Lift", "figure", digits=1),
                column(
                    "lift_before", "Before", "figure", digits=1, hint="Lift in the earlier half of the days counted"
                ),
                column("lift_lately", "Lately", "figure", digits=1, hint="Lift in the later half"),
            ],
            of_items(page, await page.ask("co_purchases", item_id=item_id)),
            empty="Nothing was taken together with it often enough to be kept.",
            download=page.download("co_purchases", item_id=item_id),
            size=10,
        )


async def _trend(page: Page, item_id: str) -> None:
    note = "Of a thousand events of each week in the histories that the release holds, how many were of this item."
    with section("Trend", note):
        await movement(page, item_id)
        rows = await page.ask("item_weeks", item_id=item_id)
        total = sum(row["n_events"] for row in rows)
        if not total:
            message("The histories that the release holds have no event of it.")
            return
        weeks = [(row["week"], row["per_thousand"]) for row in rows]
        chart(f"Share of {item_id} among all events by week", over_time({"of 1,000": weeks}, "events"), height=210)


async def _listed(page: Page, item_id: str) -> None:
    with section("Who gets it recommended"):
        counts = await page.ask("item_lists", item_id=item_id)
        table(
            "In how many lists",
            [
                column("task", "Task"),
                column("n_first_5", "First 5", "count"),
                column("n_first_10", "First 10", "count"),
                column("n_lists", "All places", "count"),
                column("mean_rank", "Mean rank", "figure", digits=1),
            ],
            counts,
            empty="Nobody: no list has it.",
            bare=True,
        )
        await _did(page, item_id)
        if not counts:
            return
        rows = await page.ask("item_users", item_id=item_id, most=500)
        heading(3, "Users in whose lists it stands highest")
        table(
            "Users who get it recommended",
            [
                column("user_id", "User", href="url"),
                column("task", "Task"),
                column("rank", "Rank", "count"),
                column("score", "Score", "bar"),
            ],
            [row | {"url": page.user_url(row["user_id"])} for row in rows],
            empty="Nobody.",
            download=page.download("item_users", item_id=item_id),
            size=8,
        )


async def _did(page: Page, item_id: str) -> None:
    """What came of the lists that are a horizon older: of those who saw it among ten, how many took it."""
    with section("How it did", level=3):
        settings = await night_settings(page)
        judged = judged_release(page, settings.horizon)
        since = datetime.combine(judged.night + timedelta(1), datetime.min.time())
        until = since + timedelta(settings.horizon)
        kinds = ",".join(settings.weighs)
        rows = await page.ask("item_takers", item_id=item_id, since=since, until=until, kinds=kinds)
        takers = {row["user_id"] for row in rows}
        for task in sorted(judged.tasks, reverse=True):
            shown = {
                row["user_id"]
                for row in await page.ask("item_listed_to", judged, item_id=item_id)
                if row["task"] == task
            }
            took = len(shown & takers)
            rate = f", {share(took / len(shown), 1)}" if shown else ""
            html(
                "p",
                f"{task.capitalize()}: of {count(len(shown))} users who had it among ten on {day(judged.night)}, "
                f"{count(took)} took it within {days(settings.horizon)}{rate}.",
            ).classes("note")
        others = f"{count(len(takers))} took it in that time, recommended or not, as far as their histories are held."
        html("p", others).classes("note")
