"""A source's SELECTs run over chosen raw rows, which they read as ``raw.<table>``.

What belongs here: the views that show a SELECT its driver's rows and those it looks up, and the cast of what it gives
to the canonical columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.selects.canonical import Canonical, SourceError, projection
from recsys_assets.selects.source import driver, shown
from recsys_assets.storage.queries import column_types, first_value

if TYPE_CHECKING:
    import duckdb

    from recsys_assets.selects.files import Select


def bind(con: duckdb.DuckDBPyConnection, select: Select, driver_rows: str, lookups_where: str) -> None:
    """Create the views ``raw.<table>`` that a SELECT names.

    Parameters
    ----------
    driver_rows
        Relation that yields the driver's rows.
    lookups_where
        Condition on the rows of every other raw table.

    Raises
    ------
    SourceError
        When a table that is looked up in never landed.
    """
    for name in select.reads:
        if name.name == driver(select):
            con.execute(f"create or replace view raw.{name.name} as {driver_rows}")
        elif has_raw(con, name.name):
            con.execute(
                f"create or replace view raw.{name.name} as select * from landing.raw.{name.name} where {lookups_where}"
            )
        else:
            raise SourceError(f"{shown(select)} looks up {name}, but nothing has landed in it. Land its file first.")


def mapped(con: duckdb.DuckDBPyConnection, table: Canonical, select: Select, known_earlier: dict[str, int]) -> str:
    """SQL of the SELECT cast to the canonical columns; the views it names must be bound.

    Parameters
    ----------
    known_earlier
        Days before their own time that rows of extra tables are known, by table; bound as a variable of the connection.

    Raises
    ------
    SourceError
        When the SELECT does not fit the table, or rows without a time of their own are said to be known before it.
    """
    given = [name.lower() for name in column_types(con, select.text)]
    rows = f"({select.text}\n)"
    if days := known_earlier.get(table.name):
        if "known_from" not in given:
            raise SourceError(f"{shown(select)}: gives no known_from, so there is nothing for known_earlier to move.")
        con.execute("set variable known_earlier = $1", [days])
        moved = "known_from - to_days(getvariable('known_earlier')::integer)"
        rows = f"(select * replace ({moved} as known_from) from {rows})"
    return f"select {projection(table, given, shown(select))} from {rows} as given"


def has_raw(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether anything ever landed in a raw table."""
    query = "select 1 from duckdb_tables() where database_name = 'landing' and schema_name = 'raw' and table_name = $1"
    return first_value(con, query, [table]) is not None
