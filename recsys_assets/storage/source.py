"""A source: the SELECTs that map raw tables to canonical ones, run over chosen raw rows.

What belongs here: finding a source's SQL files, and showing them ``raw.<table>``. The table in a SELECT's outermost
FROM is its driver: it maps those rows one to one. All other raw tables it names are looked up in, never listed.
Several SELECTs may have one driver: a till line can be an event and a version of its item.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.profile import PROJECT
from recsys_assets.storage.canonical import CANONICAL, Canonical, SourceError, projection
from recsys_assets.storage.sql import Select, load_select, select_files

if TYPE_CHECKING:
    import duckdb


class Source:
    """The SELECTs of one folder under ``sql/sources/``."""

    def __init__(self, name: str) -> None:
        self.name = name
        files = select_files(f"sources/{name}")
        if "events" not in files:
            raise SourceError(f"sql/sources/{name}/events.sql is missing: a source needs at least its events.")
        self.selects = {stem: load_select(path, keyed=False) for stem, path in files.items()}
        for select in self.selects.values():
            if select.driver is None or select.driver.schema != "raw":
                raise SourceError(f"{shown(select)}: must select from one raw table (from raw.<table> ...).")
        self.extras = [stem for stem in self.selects if stem not in CANONICAL]
        """Names of its extra tables, e.g. promotions: ``clean.<name>``."""
        taken = {**select_files("clean"), **select_files("clean/views")}
        for stem in self.extras:
            if stem in taken:
                raise SourceError(
                    f"{shown(self.selects[stem])}: clean.{stem} is taken; name the extra table otherwise."
                )

    def driven_by(self, raw_table: str) -> dict[str, Select]:
        """Canonical tables whose rows are the rows of ``raw_table``."""
        return {name: select for name, select in self.selects.items() if driver(select) == raw_table}


def driver(select: Select) -> str:
    """Name of the raw table whose rows the SELECT maps."""
    assert select.driver is not None, f"{select.path} was not loaded through Source"
    return select.driver.name


def shown(select: Select) -> str:
    """Path of the file as people know it."""
    return str(select.path.relative_to(PROJECT))


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
    given = [row[0].lower() for row in con.execute(f"describe {select.text}").fetchall()]
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
    found = con.execute(
        "select 1 from duckdb_tables() where database_name = 'landing' and schema_name = 'raw' and table_name = $1",
        [table],
    ).fetchall()
    return bool(found)
