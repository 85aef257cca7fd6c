"""What a user is like: a part of the user explorer."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from recsys_serving.dashboard.formats import NONE, days, figure, share, words
from recsys_serving.dashboard.page import Absent, Page, section
from recsys_serving.dashboard.parts import column, figures, html, table

if TYPE_CHECKING:
    from typing import Any

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


async def profile(page: Page, user_id: str) -> None:
    """Show categories, price level, rhythm and segments; nothing where the release does not hold them."""
    rows: list[dict[str, Any]] = []
    with suppress(Absent):
        rows = await page.ask("profile", user_id=user_id)
    if not rows:
        return
    row = rows[0]
    with section("Profile", "As the night knows it. Days and hours are UTC; a price level of 1 is typical."):
        weekday, hour = row["usual_weekday"], row["usual_hour"]
        gap = row["usual_gap_days"]
        figures(
            [
                ("Price level", figure(row["price_level"], 2), "of what others pay in the same categories"),
                ("A basket", figure(row["value_per_basket"], 2), f"{figure(row['basket_size'], 1)} items"),
                ("Bought again", share(row["repeat_share"]), f"new of late {share(row['new_share_28d'])}"),
                ("Comes", NONE if gap is None else f"every {days(gap)}", "the median gap"),
                ("Mostly on", NONE if weekday is None else _WEEKDAYS[weekday - 1], _at(hour)),
            ]
        )
        said = [f"{words(each['segment'])}: {each['value']}" for each in row["segments"]]
        if row["store"]:
            said.append(f"store: {row['store']}")
        if said:
            html("p", " · ".join(said)).classes("note")
        table(
            "Categories that most is taken of",
            [column("category", "Category"), column("share", "Of all taken", "share", digits=1)],
            row["categories"],
            empty="Nothing taken has a category.",
            bare=True,
        )


def _at(hour: int | None) -> str:
    return "" if hour is None else f"from {hour}:00 to {hour}:59"
