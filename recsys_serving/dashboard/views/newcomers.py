"""Newcomers: what somebody whom the night does not know would see, by context, and how good such lists were."""

from __future__ import annotations

from typing import Any

from recsys_serving.dashboard.charts import over_nights
from recsys_serving.dashboard.formats import count, interval, metric_name
from recsys_serving.dashboard.page import Page, section, view
from recsys_serving.dashboard.parts import chart, column, form, heading, html, link, message, select, submit, table
from recsys_serving.dashboard.rows import ITEM, of_items

Row = dict[str, Any]
_KINDS = ("all", "store", "region", "country", "device", "os", "department", "category")


@view("/newcomers", "Newcomers", place=5)
async def newcomers(page: Page) -> None:
    """Show what newcomers see."""
    heading(1, "Newcomers")
    html(
        "p",
        "Whom the night does not know is shown what is trending in the narrowest part of their context that has a "
        "scope, then everywhere.",
    ).classes("lead")
    scopes = await page.ask("scopes")
    if not scopes:
        message("Nothing is trending in this release, so newcomers see nothing.")
        return
    named = [row["scope"] for row in scopes]
    asked = page.query.get("scope", "all")
    scope = asked if asked in named else named[0]
    _contexts(named)
    with form("/newcomers", {"night": page.night}):
        select("Context", "scope", [(name, _said(name)) for name in named], scope)
        submit("Show")
    with html("div").classes("grid"):
        await _scope(page, scope)
        with html("div"):
            await _grades(page)
            await _windows(page)


def _said(scope: str) -> str:
    kind, _, value = scope.partition(":")
    return f"{kind}: {value}" if value else "everywhere"


def _contexts(named: list[str]) -> None:
    """Which contexts the release tells apart, and which not."""
    numbers: dict[str, int] = {}
    for name in named:
        kind = name.partition(":")[0]
        numbers[kind] = numbers.get(kind, 0) + 1
    held = ", ".join(f"{kind} ({count(n)})" for kind, n in numbers.items() if kind != "all")
    missing = [kind for kind in _KINDS[1:6] if kind not in numbers]
    text = f"Scopes of this release: everywhere{f', {held}' if held else ''}."
    if missing:
        text += f" It has none by {', '.join(missing)}, so that much of a context changes nothing."
    html("p", text).classes("note")


async def _scope(page: Page, scope: str) -> None:
    everywhere = {page.release.items[place].decode(): rank for rank, (place, _, _) in _trending(page, "all")}
    with section(f"Shown first: {_said(scope)}", "Buyers count by how lately they took it."):
        rows = await page.ask("trending", scope=scope)
        columns = [
            column("rank", "#", "count"),
            ITEM,
            column("price", "Price", "price"),
            column("score", "Recent buyers", "figure", digits=1),
        ]
        if scope != "all":
            columns.insert(1, column("everywhere", "Everywhere", "count", hint="Place among all items"))
            rows = [row | {"everywhere": everywhere.get(row["item_id"])} for row in rows]
        table(
            f"What newcomers see: {_said(scope)}",
            columns,
            of_items(page, rows),
            empty="Nothing is trending here.",
            download=page.download("trending", scope=scope),
        )


def _trending(page: Page, scope: str) -> list[tuple[int, tuple[int, float, float]]]:
    return list(enumerate(page.release.trending(scope), 1))


async def _grades(page: Page) -> None:
    with section("How good such lists were", "Of users whom the graded night did not know; NDCG@10 over nights."):
        lines, newest = [], []
        for task in sorted(page.release.tasks, reverse=True):
            rows = await page.ask("unknown_grades", task=task)
            lines += [
                row | {"line": task, "algorithm": "published"}
                for row in rows
                if row["metric"] == "ndcg" and row["k"] == 10
            ]
            newest += [row | {"task": task} for row in rows if row["night"] == rows[0]["night"] and row["k"] == 10]
        if not lines:
            message("No newcomer has been graded yet: that takes somebody new who takes something within a horizon.")
            return
        chart("NDCG@10 of newcomers' lists over nights", over_nights(lines), height=200)
        table(
            "The newest grades of newcomers",
            [
                column("task", "Task"),
                column("metric", "Metric at 10"),
                column("mean", "Mean", "figure"),
                column("interval", "95% interval"),
                column("n_users", "Newcomers", "count"),
                column("cold_user_share", "Of all graded", "share", digits=1),
            ],
            [
                row | {"metric": metric_name(row["metric"]), "interval": interval(row["low"], row["high"])}
                for row in newest
            ],
            empty="",
            size=6,
        )


async def _windows(page: Page) -> None:
    with section("Over which window", "How fast what is trending forgets, chosen each night by what newcomers took."):
        rows = await page.ask("trending_windows")
        table(
            "Windows of what is trending",
            [
                column("night", "Night", "day"),
                column("window_days", "Days", "count"),
                column("ndcg", "NDCG@10", "figure"),
                column("difference", "Beside 7 days", "signed", digits=4),
                column("n_user_nights", "User-nights", "count"),
            ],
            [row | ({"mark": "chosen"} if row["is_chosen"] else {}) for row in rows],
            empty="No night has chosen a window yet.",
            download=page.download("trending_windows"),
            size=6,
        )
        link("What is trending, beside the night before", page.url("/items"))
