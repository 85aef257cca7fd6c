"""Newcomers: what somebody whom the night does not know would see, by context, and how good such lists were."""

from __future__ import annotations

from typing import Any

from recsys_serving.answers import Question, chosen
from recsys_serving.dashboard.charts import over_nights
from recsys_serving.dashboard.formats import count, interval, metric_name
from recsys_serving.dashboard.page import Page, section, view
from recsys_serving.dashboard.parts import chart, column, form, heading, html, link, message, select, submit, table
from recsys_serving.dashboard.rows import ITEM, item_of, of_items
from recsys_serving.newcomers import USUAL_CHAIN, Preferences
from recsys_serving.reasons import GOES_WITH, LIKED

Row = dict[str, Any]
_ANSWERS = ("first", "second", "third")
_OFFERED_ITEMS = 50
_WHY = {LIKED: "in a category they like", GOES_WITH: "goes with what they like"}


@view("/newcomers", "Newcomers", place=5)
async def newcomers(page: Page) -> None:
    """Show what newcomers see."""
    heading(1, "Newcomers")
    html(
        "p",
        "Whom the night does not know is shown what goes with what they say they like, then what is trending where "
        "they are, then everywhere. By which part of their context, earlier newcomers decided.",
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
            await _chain(page)
            await _windows(page)
    _after_answers(page, named)


def _after_answers(page: Page, named: list[str]) -> None:
    """What a newcomer sees after three answers, by the very rules of the API."""
    with section("After three answers", "What somebody unknown would see who likes these, each as much as the others."):
        answers = [page.query.get(answer, "") for answer in _ANSWERS]
        offered = [item_of(page.release, place) for place, _, _ in page.release.trending("all")[:_OFFERED_ITEMS]]
        options = [("", "nothing")]
        options += [(name, _said(name)) for name in named if name.startswith("category:")]
        options += [(f"item:{item['item_id']}", f"item: {item['title'] or item['item_id']}") for item in offered]
        with form("/newcomers", {"night": page.night, "scope": page.query.get("scope")}):
            for name, answer in zip(_ANSWERS, answers, strict=True):
                select(f"The {name} answer", name, options, answer)
            submit("Show")
        told: dict[str, dict[str, float]] = {"category": {}, "item": {}}
        for kind, _, value in (answer.partition(":") for answer in answers):
            if kind in told:
                told[kind][value] = 1.0
        if not (told["category"] or told["item"]):
            message("Choose up to three answers, and what they would see stands here.")
            return
        question = Question("", k=20, preferences=Preferences(told["category"], told["item"]))
        rows = chosen(page.release, question, 0, None).rows
        table(
            "What a newcomer sees after three answers",
            [
                column("rank", "#", "count"),
                ITEM,
                column("category", "Category"),
                column("price", "Price", "price"),
                column("why", "Why"),
            ],
            of_items(
                page,
                [
                    item_of(page.release, row[0]) | {"rank": rank, "why": _WHY.get(row[2], "trending")}
                    for rank, row in enumerate(rows, 1)
                ],
            ),
            empty="Nothing goes with these answers, and nothing is trending.",
        )


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
    missing = [kind for kind in USUAL_CHAIN if kind not in numbers]
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


async def _chain(page: Page) -> None:
    with section("By which context", "What newcomers are asked for first, chosen by what earlier ones took."):
        rows = await page.ask("newcomer_chain")
        table(
            "The order of contexts",
            [
                column("night", "Night", "day"),
                column("kind", "Kind"),
                column("place", "Place", "count"),
                column("ndcg", "NDCG@10", "figure"),
                column("difference", "Beside everywhere", "signed", digits=4),
                column("n_user_nights", "User-nights", "count"),
            ],
            [row | ({"mark": "chosen"} if row["is_chosen"] else {}) for row in rows],
            empty="No night has chosen an order yet.",
            download=page.download("newcomer_chain"),
            size=7,
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
