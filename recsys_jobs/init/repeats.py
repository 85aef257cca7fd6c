"""Equal lines of one file: a till that writes a line a piece, or rows that an export holds twice.

What belongs here: counting them, and choosing what the profile says of them (``repeated_lines``). In doubt they count:
what is counted too often is seen in the figures, what is dropped is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from recsys_assets.selects.canonical import EVENT_TABLE
from recsys_jobs.init.vocabulary import kind_of

if TYPE_CHECKING:
    import duckdb

NEARLY_ALL = 0.9
"""Share from which on a pattern among equal lines is no coincidence."""
MIN_BLOCK = 10
"""Lines from which on equal lines that follow again as a whole are a block, and not the lines of a receipt."""


@dataclass(frozen=True)
class Repeated:
    """Lines that are equal to an earlier line of their file in all that the source reads."""

    n_lines: int
    """Such lines."""
    n_all: int
    """Accepted lines in all."""
    choice: Literal["count", "drop"]
    why: str
    """Why that choice, for people."""


def look_for_repeats(con: duckdb.DuckDBPyConnection, accepted: str) -> Repeated | None:
    """Count equal lines, and choose what they are; None: there are none.

    Parameters
    ----------
    accepted
        SELECT of the canonical events that land; the ids of its rows are their places in the table ``seen``.
    """
    con.execute(
        # Numbers of lines begin anew in each file.
        "create temp table repeats as with "
        "files as (select place, sum(is_first::integer) over (order by place) as file from ("
        "select rowid as place, landed_row <= coalesce(lag(landed_row) over (order by rowid), landed_row) "
        "as is_first from seen)), "
        f"lines as (select hash({', '.join(EVENT_TABLE.content)}) as content, landed_id::uhugeint::bigint as place, "
        f"event_type, event_ts, rating from ({accepted})) "
        "select *, place - lag(place) over equal_lines as distance, "
        "count(*) over (partition by content, file) as n_equal "
        "from lines inner join files using (place) window equal_lines as (partition by content, file order by place)"
    )
    n_all, n_lines, n_even, n_kinds, n_ratings, has_clock = con.execute(
        "select count(*), count(distance), count(*) filter (where distance is null and n_equal % 2 = 0), "
        "count(*) filter (where distance is null), count(rating) filter (where distance is not null), "
        "coalesce(bool_or(event_ts <> event_ts::date) filter (where distance is not null), false) from repeats"
    ).fetchall()[0]
    if not n_lines:
        return None
    distance, n_apart = con.execute(
        "select distance, count(*) as n from repeats where distance is not null group by all order by n desc, 1"
    ).fetchall()[0]
    event_type, n_of_type = con.execute(
        "select event_type, count(*) as n from repeats where distance is not null group by all order by n desc, 1"
    ).fetchall()[0]
    con.execute("drop table repeats")
    is_noted_twice = kind_of(event_type) in {"view", "like"} and has_clock and n_of_type >= NEARLY_ALL * n_lines
    drop = {
        "nearly every line is there an even number of times, as in an export with doubled rows": n_even
        >= NEARLY_ALL * n_kinds
        and n_kinds >= MIN_BLOCK,
        f"they follow again as a block, {distance:,} lines after the first time, as where two exports overlap": distance
        >= MIN_BLOCK
        and n_apart >= NEARLY_ALL * max(n_lines, distance),
        "one rates a thing once at a time": n_ratings >= NEARLY_ALL * n_lines,
        f"a {event_type} of one user and item at one instant was noted twice": is_noted_twice,
    }
    if why := next((why for why, holds in drop.items() if holds), None):
        return Repeated(n_lines, n_all, "drop", why)
    return Repeated(n_lines, n_all, "count", "as of a till that writes a line a piece")
