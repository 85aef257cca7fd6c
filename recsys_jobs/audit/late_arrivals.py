"""Late arrivals: what reaches a deployment after the close of the night that is audited, in the altered build.

What belongs here: which rows of the past arrive again as others. `relanding` lands them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.selects.contracts import LANDED
from recsys_assets.storage.queries import column_types, first_value
from recsys_jobs.audit.poison import described_otherwise, origins_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import duckdb

    from recsys_assets.nights import Night
    from recsys_assets.selects.source import Source

MAX_ARRIVING = 20_000
"""Rows that arrive, at most, of each kind."""


def late_arrivals(
    con: duckdb.DuckDBPyConnection, source: Source, tables: Iterable[str], night: Night
) -> Iterator[tuple[str, str, str]]:
    """Late events, new attributes, and a corrected file: SELECT of its rows, its name, and its raw table, of each.

    Each is to be landed before the next is asked for.
    """
    for table in tables:
        for name in source.driven_by(table):
            if name in {"events", "items", "users"}:
                yield from _others(con, source, table, name, night)
            if name == "events":
                yield from _corrected(con, table, night)


def delivered_columns(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Types of a raw table's columns as delivered."""
    columns = column_types(con, f"origin.raw.{table}")
    return {name: kind for name, kind in columns.items() if name not in LANDED}


def _others(
    con: duckdb.DuckDBPyConnection, source: Source, table: str, name: str, night: Night
) -> Iterator[tuple[str, str, str]]:
    """Rows of the past with other values: events of others, or the same items and users otherwise described."""
    origins = origins_of(source, table)
    if origins is None:
        return
    con.execute(
        f"create or replace temp table arriving as from landing.raw.{table} where landed_night <= $1 "
        f"order by hash(landed_id) limit {MAX_ARRIVING}",
        [night],
    )
    yield described_otherwise("arriving", delivered_columns(con, table), origins, name), f"poison {name}", table


def _corrected(con: duckdb.DuckDBPyConnection, table: str, night: Night) -> Iterator[tuple[str, str, str]]:
    """The newest file of the past, delivered again with half of its rows."""
    file_id = first_value(
        con,
        f"select landed_file from landing.raw.{table} group by landed_file "
        "having max(landed_night) <= $1 and count(*) <= $2 order by landed_file desc limit 1",
        [night, MAX_ARRIVING],
    )
    if file_id is not None:
        rows = (
            f"select * exclude (landed_file, landed_known_at, landed_night) from landing.raw.{table} "
            f"where landed_file = {file_id} and hash(landed_id) % 2 = 0"
        )
        yield rows, first_value(con, "select name from landing.ledger.files where file_id = $1", [file_id]), table
