"""Suspicious events: what looks odd in the rows a source accepted, with the line of its SQL that could be changed.

What belongs here: the sentences. What is odd is said in `sql/landing/suspicious.sql`; `recsys init` and the first
landing of a source's events ask. Nothing is left out for it. Cost: one run of `events.sql` over all rows, a few scans.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from recsys_assets.selects.canonical import EVENT_TABLE
from recsys_assets.selects.files import SQL_FOLDER
from recsys_assets.selects.quoting import text
from recsys_assets.selects.source import driver
from recsys_assets.storage.landing.mapping import bind, has_raw, mapped

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import duckdb

    from recsys_assets.storage.landing.database import Landing
    from recsys_assets.storage.landing.ledger import Landed

_NOBODY = {
    "no_user": "which is a word for none, so all of them count as one user",
    "guest": "which is a word for anybody, so all of them count as one user",
    "filler": "which often stands for none, and has far more rows than other users",
    "heavy": "who may be a till, a robot or a test account",
    "no_item": "which is a word for none, so all of them count as one item",
}
_CURRENT = "landed_file in (select file_id from current_files)"


def suspicions_of_first(landing: Landing, landed: Collection[Landed]) -> list[str]:
    """What is suspicious in the events of a profile, once the first files of them have landed; else nothing.

    Parameters
    ----------
    landed
        What became of the files that were landed just now.
    """
    select = landing.source.selects["events"]
    table = driver(select)
    now = {file.name for file in landed if file.status == "landed" and file.raw_table == table}
    if not now:
        return []
    with landing.open() as con:
        names = con.execute(
            "select name from landing.ledger.files where raw_table = $1 and status <> 'quarantined'", [table]
        )
        if not {name for (name,) in names.fetchall()} <= now or not has_raw(con, table):
            return []
        bind(con, select, f"select * from landing.raw.{table} where {_CURRENT}", _CURRENT)
        events = f"select * from ({mapped(con, EVENT_TABLE, select, {})})"
        return suspicions(con, events, landing.source.name, select.text, landing.profile.event_weights)


def suspicions(
    con: duckdb.DuckDBPyConnection, events: str, source: str, sql: str, weights: Mapping[str, float]
) -> list[str]:
    """A sentence on each thing that looks odd, most rows first.

    Parameters
    ----------
    events
        SELECT of accepted events, in canonical columns.
    source
        Name of the source.
    sql
        Text of its ``events.sql``.
    weights
        Weight of each event type.
    """
    con.execute(
        "create or replace temp table accepted_events as "
        f"select user_id, item_id, event_ts, event_type, rating, basket_id from ({events})"
    )
    found = con.sql((SQL_FOLDER / "landing" / "suspicious.sql").read_text()).to_arrow_table().to_pylist()
    con.execute("drop table accepted_events")
    return [
        f"{_place(source, sql, row['column_name'])}: "
        + _sentence(row, _expression(sql, row["column_name"]), _expression(sql, "rating"))
        for row in found
        if row["finding"] != "ratings" or weights.get(row["examples"][0])
    ]


def _sentence(row: dict[str, Any], expression: str, rating: str) -> str:
    finding, column, ids = row["finding"], row["column_name"], row["examples"]
    kind = column.removesuffix("_id")
    shown = " and ".join(f"'{name}'" for name in ids) + (
        f" and {row['n_ids'] - len(ids):,} more" if row["n_ids"] > len(ids) else ""
    )
    of_rows = f"{row['n_rows']:,} of {row['n_all']:,} rows ({row['n_rows'] / row['n_all']:.1%})"
    if finding in _NOBODY:
        listed = ", ".join(map(text, ids))
        null = (
            f"nullif({expression}, {listed})"
            if len(ids) == 1
            else f"case when {expression} not in ({listed}) then {expression} end"
        )
        return (
            f"{of_rows} are of {kind} {shown}, {_NOBODY[finding]}. To reject them as rows without {kind}, write "
            f"{null} as {column}"
        )
    if finding in {"single_user", "single_item"}:
        return (
            f"all {row['n_all']:,} rows are of one {kind}, {shown}. If that is not so, another column tells the {kind}"
        )
    if finding == "scientific":
        return (
            f"{of_rows} have {kind} ids in scientific notation, such as {shown}. A spreadsheet wrote them so, and ids "
            "that differ in their last digits became one. Nothing can repair that: export the column as text, and "
            "deliver it again"
        )
    if finding == "midnight":
        return (
            f"all {row['n_all']:,} times are at {ids[0]} UTC, as days without a clock are, so events of a day have no "
            "order. If another column has the clock, join it in, as in time_without_offset(concat_ws(' ', day, clock))"
        )
    return (
        f"{of_rows} are of type '{ids[0]}', rated from {row['low']:g} to {row['high']:g}, and all weigh the same. To "
        f"learn from what was liked only, write case when {rating} >= {0.8 * row['high']:g} then 'liked' else 'rated' "
        "end as event_type, and liked = 1.0, rated = 0.0 under [event_weights] of the profile"
    )


def _line(sql: str, column: str) -> int:
    """Number of the line that gives a column, from 1; the SELECT's first where none names it."""
    lines = sql.splitlines()
    for pattern in (rf"\bas {column}\b", rf"\b{column}\b"):
        for number, line in enumerate(lines, 1):
            if re.search(pattern, line) and not line.startswith("--"):
                return number
    return 1


def _place(source: str, sql: str, column: str) -> str:
    return f"sql/sources/{source}/events.sql:{_line(sql, column)}"


def _expression(sql: str, column: str) -> str:
    """What a column is in its line; its own name where that says less than the whole."""
    line = sql.splitlines()[_line(sql, column) - 1].strip().removesuffix(",")
    expression = line.removesuffix(f" as {column}")
    return expression if expression.count("(") == expression.count(")") and not expression.startswith("end") else column
