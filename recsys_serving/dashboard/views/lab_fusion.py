"""The lab's fusion: other weights, the list they give one user at once, and how good they would have been."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from recsys_serving.dashboard.blend import Judged, Lists, fused
from recsys_serving.dashboard.deployment import NightFusion, NightSettings, judged_release, night_fusion, night_settings
from recsys_serving.dashboard.formats import count, day, figure, signed, words
from recsys_serving.dashboard.page import Absent, Page, section, view
from recsys_serving.dashboard.parts import column, field, form, heading, html, message, submit, table
from recsys_serving.dashboard.rows import ITEM, of_items
from recsys_serving.dashboard.views.lab import lab_head, task_of
from recsys_serving.dashboard.views.lab_lists import algorithm_lists, listed_user, nobody, titles

Row = dict[str, Any]
_MOST_USERS = 300
_K = 20


class Bench:
    """Weights that somebody tries, and what comes of them."""

    def __init__(
        self, page: Page, fusion: NightFusion, lists: Lists, known: dict[str, Row], judged: Judged | str
    ) -> None:
        self.page, self.fusion, self.lists, self.known, self.judged = page, fusion, lists, known, judged
        self.weights = {name: self._given(name) for name in fusion.weights if name in lists}
        self.given = {name: round(weight, 3) for name, weight in fusion.weights.items()}
        self.served: dict[str, int] = {}
        self.list_part: Element | None = None
        self.grade_part: Element | None = None

    def _given(self, name: str) -> float:
        """The weight in the page's address, else the night's."""
        try:
            return min(max(float(self.page.query.get(f"w_{name}", "")), 0.0), 1.0)
        except ValueError:
            return round(self.fusion.weights[name], 3)

    def sliders(self) -> None:
        """A slider an algorithm; the list follows at once, and so does the page's address."""
        with html("div").classes("sliders"):
            for name, weight in sorted(self.weights.items(), key=lambda each: (-each[1], each[0])):
                with html("label"):
                    html("span", words(name))
                    shown = html("output", f"{weight:.2f}")
                    slider = html("input")
                    slider._props.update(type="range", min=0, max=1, step=0.01, value=weight)
                    slider.on("change", self._changes(name, shown), js_handler="(e) => emit(e.target.value)")

    def _changes(self, name: str, shown: Element) -> Any:
        async def change(event: GenericEventArguments) -> None:
            try:
                self.weights[name] = min(max(float(event.args), 0.0), 1.0)
            except (TypeError, ValueError):
                return
            shown._text = f"{self.weights[name]:.2f}"
            shown.update()
            weights = {f"w_{each}": f"{weight:g}" for each, weight in self.weights.items()}
            address = self.page.here(**weights)
            ui.run_javascript(f"history.replaceState(null, '', {json.dumps(address)})")
            await self.show()

        return change

    async def show(self) -> None:
        """The list and the grades of these weights."""
        assert self.list_part is not None
        assert self.grade_part is not None
        self.list_part.clear()
        with self.list_part:
            self._list()
        if isinstance(self.judged, Judged):
            made = await asyncio.to_thread(self._grades, self.judged)
            self.grade_part.clear()
            with self.grade_part:
                html("p", made).props("role=status")

    def _list(self) -> None:
        items = fused(self.lists, self.weights, self.fusion.rrf_k, _K)
        rows = [
            {"item_id": item, "title": (self.known.get(item) or {}).get("title"), "rank": rank, "score": score}
            | {"served": self.served.get(item)}
            for rank, (item, score) in enumerate(items, 1)
        ]
        both = sum(row["served"] is not None for row in rows)
        html("p", f"{both} of {len(rows)} items are in the published list, too.").classes("note").props("role=status")
        columns = [
            column("rank", "#", "count"),
            column("served", "Published", "count"),
            ITEM,
            column("score", "Score", "figure", digits=4),
        ]
        table("The list of these weights", columns, of_items(self.page, rows), empty="Nothing has a weight above 0.")

    def _grades(self, judged: Judged) -> str:
        mean, error = judged.ndcg(self.weights, self.fusion.rrf_k)
        given, _ = judged.ndcg(self.given, self.fusion.rrf_k)
        return (
            f"NDCG@10 {figure(mean)} ± {figure(1.96 * error)}, {signed(mean - given)} beside {self.fusion.whose} "
            f"weights ({figure(given)}), over {count(len(judged.lists))} users."
        )


@view("/lab/fusion", "Fusion")
async def lab_fusion(page: Page) -> None:
    """Try weights."""
    task = task_of(page)
    lab_head(page, "Fusion", task)
    with section(""):
        user_id, some = await listed_user(page)
        with form("/lab/fusion", {"night": page.night, "task": task}):
            field("User", "user", page.query.get("user", user_id or ""), hint="an id")
            submit("Show")
        settings, fusion = await night_settings(page), await night_fusion(page, task)
        lists = await algorithm_lists(page, user_id, task) if user_id else {}
        lists = {name: items for name, items in lists.items() if name in fusion.weights}
        if not lists or user_id is None:
            nobody(page, "/lab/fusion", some)
            return
        try:
            judged: Judged | str = await _judged(page, settings, task)
        except Absent as absent:
            judged = str(absent)
        known = await titles(page, {item for items in lists.values() for item in items})
        bench = Bench(page, fusion, lists, known, judged)
        served = await page.ask("user_lists", user_id=user_id, task=task)
        bench.served = {row["item_id"]: row["rank"] for row in served}
        heading(2, "Weights")
        html(
            "p",
            f"An item's score is the sum of weight / ({fusion.rrf_k} + rank) over the lists that have it. The sliders "
            f"begin with {fusion.whose} weights. The address keeps what you choose.",
        ).classes("note")
        bench.sliders()
        with html("div").classes("grid"):
            with section(f"The list of user {user_id}"):
                bench.list_part = html("div")
            with section("How good they would have been"):
                bench.grade_part = html("div")
                if isinstance(judged, str):
                    message(f"No grades change here: {judged}")
                else:
                    _said_of(page, settings)
        await bench.show()


def _said_of(page: Page, settings: NightSettings) -> None:
    """What the grades are made of, and how they differ from the night's own."""
    judged = judged_release(page, settings.horizon)
    html(
        "p",
        f"The lists of {day(judged.night)}, of up to {_MOST_USERS} users by chance, on what they took in the "
        f"{settings.horizon} days after. It is made of the first 20 places of each algorithm and the histories that "
        "releases hold, and without the reranker: compare weights with one another here, not with the night's grades.",
    ).classes("note")


async def _judged(page: Page, settings: NightSettings, task: str) -> Judged:
    """Lists of a horizon ago, and what their users took since, as far as the releases hold both.

    Raises
    ------
    Absent
        When they do not.
    """
    before = judged_release(page, settings.horizon)
    rows = await page.ask("listed_sample", before, task=task, most=_MOST_USERS)
    lists: dict[str, Lists] = {}
    for row in rows:
        lists.setdefault(row["user_id"], {})[row["algorithm"]] = row["items"]
    since = datetime.combine(before.night + timedelta(1), datetime.min.time())
    took = await page.ask(
        "took",
        users=json.dumps(list(lists)),
        since=since,
        until=since + timedelta(settings.horizon),
        kinds=",".join(settings.weighs),
    )
    relevant: dict[str, set[str]] = {}
    for row in took:
        if row["user_id"] in lists and (task != "discovery" or not row["had_before"]):
            relevant.setdefault(row["user_id"], set()).add(row["item_id"])
    return Judged(
        {user: lists[user] for user in lists if relevant.get(user)},
        {user: frozenset(items) for user, items in relevant.items()},
    )
