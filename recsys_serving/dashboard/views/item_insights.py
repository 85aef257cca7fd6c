"""Bundles with an item, and what rises and falls: parts of the item explorer."""

from __future__ import annotations

from contextlib import suppress

from recsys_serving.dashboard.formats import count, figure, share
from recsys_serving.dashboard.page import Absent, Page, section
from recsys_serving.dashboard.parts import column, html, table
from recsys_serving.dashboard.rows import ITEM, of_items

_MAX_Q = 0.05
_MOVED = [
    column("share", "Users, 28 days", "share", digits=1),
    column("share_before", "28 before", "share", digits=1),
    column("z", "z", "signed", digits=1, hint="Of the two-proportion test: above 0 it rises"),
    column("q", "q", "figure", digits=4, hint="Least false discovery rate at which it counts (Benjamini and Hochberg)"),
]


async def bundles(page: Page, item_id: str) -> None:
    """What can be offered with an item as one bundle."""
    with section("Bundles", "Each of its items is taken with each other more often than by chance."):
        rows = await page.ask("bundles", item_id=item_id, user_id=None, task=None, k=6)
        for row in rows:
            parts = zip(row["titles"], row["items"], strict=True)
            row["label"] = " + ".join(title or item for title, item in parts)
            row["url"] = page.item_url(row["items"][0])
            row["ids"] = ", ".join(row.pop("items"))
            del row["titles"]
        table(
            "Bundles with the item",
            [
                column("rank", "#", "count"),
                column("label", "With", href="url", beside="ids"),
                column("n_together", "Together", "count"),
                column("confidence", "Of its baskets", "share", digits=1),
                column("lift", "Lift", "figure", digits=1),
                column("price", "All together", "price"),
                column("diversity", "Diversity", "figure", digits=2, hint="Pairs of them that differ in category"),
            ],
            rows,
            empty="Nothing goes with it often enough.",
            bare=True,
        )


async def movements(page: Page) -> None:
    """Which items and categories rise and fall beyond chance."""
    note = f"Of the users of 28 days, beside the 28 before; at most {share(_MAX_Q)} of the rows are chance."
    with section("Rises and falls", note):
        for kind, label in (("category", "Categories"), ("item", "Items")):
            asked = {"kind": kind, "direction": "both", "max_q": _MAX_Q}
            rows = await page.ask("movements", **asked, most=200)
            table(
                f"{label} that rise or fall",
                [ITEM if kind == "item" else column("category", "Category"), *_MOVED],
                of_items(page, rows) if kind == "item" else rows,
                empty=f"No {kind} moved beyond chance, or the log is younger than 56 days.",
                download=page.download("movements", **asked),
                size=10,
            )


async def movement(page: Page, item_id: str) -> None:
    """How an item has moved, in a sentence; nothing where the release does not hold it."""
    with suppress(Absent):
        for row in await page.ask("item_movement", item_id=item_id):
            way = "Rises" if row["z"] > 0 else "Falls"
            beyond = f"{way} beyond chance" if row["q"] <= _MAX_Q else "Moves no more than by chance"
            html(
                "p",
                f"{beyond}: {count(row['n_users'])} users in 28 days ({share(row['share'], 1)}), "
                f"{count(row['n_users_before'])} in the 28 before ({share(row['share_before'], 1)}); "
                f"q {figure(row['q'], 4)}.",
            ).classes("note")
