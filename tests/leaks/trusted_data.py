"""Leaks that delivered data brings along, and one that no rule tells from an honest feature: told by their traces."""

from tests.leaks.harness import Edit, Leak
from tests.leaks.shop import LAND

LATER = "2017-11-03"
"""A night for which enough has come: of what a total of all time holds, and of hours of day."""
PROFILE, SHOP = "data/profiles/corner_shop.toml", "sql/sources/corner_shop/"


def stopping(detector: str) -> Edit:
    """The profile's setting by which a detector stops the night."""
    settings = f'[detectors]\n{detector} = "error"\ntime_zone = "America/Chicago"\n\n'
    return Edit(PROFILE, "[event_weights]\n", f"{settings}[event_weights]\n")


LEAKS = (
    Leak(
        "the supplier's price list tells how often each product was sold, of all time",
        (
            stopping("column_knows_the_future"),
            Edit(SHOP + "items.sql", "    prices.retired_at\n", "    prices.retired_at,\n    prices.sold_in_all\n"),
        ),
        "check",
        "column_knows_the_future",
        commands=(*LAND, f"night {LATER}"),
        empty=True,
    ),
    Leak(
        "a feature of the examples that is the label",
        (
            stopping("feature_separates_labels"),
            Edit(
                "recsys_assets/assets/steps/rerankers.py",
                "        rows = pa.concat_tables(blocks)\n",
                "        rows = pa.concat_tables(blocks)\n"
                '        rows = rows.append_column("is_favourite", rows["taken"])\n',
            ),
        ),
        "check",
        "feature_separates_labels|examples_are_as_the_graded_night_knew_them",
    ),
    Leak(
        "the tills' clock is five hours behind, so that the next day's small hours are the night's",
        (
            stopping("clock_is_off"),
            Edit(SHOP + "events.sql", "lines.sold_at as event_ts", "lines.sold_at - interval 5 hour as event_ts"),
        ),
        "check",
        "clock_is_off",
        commands=(*LAND, f"night {LATER}"),
        empty=True,
    ),
)
