"""Which tables and columns there are to check, known without opening the lake.

What belongs here: the tables of every stage with the columns their SQL or contract declares, and what a check's SQL
reads.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from recsys_assets.checks.relations import DELIVERIES, OF_TABLES, RELATIONS
from recsys_assets.selects.contracts import CONTRACTS, LANDED, contract
from recsys_assets.selects.files import TableName, load_select, table_files
from recsys_assets.selects.resolve import LISTS, clean_views, resolve
from recsys_assets.selects.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from recsys_assets.profile import Profile

FOLDERS = ("clean", "features", "grades", "recommendations")
"""Folders of ``sql/`` whose files are tables of the schema of that name."""
WITHOUT_CONTRACT = (
    *("grades.candidates", "grades.published", "grades.trending", "grades.newcomers"),
    "recommendations.examples",
)
"""Written by Python without declared columns: these are known when a check runs."""
EXTRA, MODELS, RAW = "clean.extra", "models.each", "raw.each"
"""Names that stand for every extra table of the source, every model and every raw table."""
_OF_SESSIONS = ("this.night", "this.profile", "this.tasks", "this.event_weights", "this.excluded", "this.inputs")
_THIS = frozenset([*_OF_SESSIONS, *RELATIONS, *OF_TABLES, DELIVERIES])


class Tables:
    """The lake's tables of one profile."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.groups = {
            EXTRA: [f"clean.{name}" for name in sorted(Source(profile.source).extras)],
            MODELS: [f"models.{name}" for name in sorted(profile.models)],
            RAW: [f"raw.{name}" for name in sorted({delivery.table for delivery in profile.deliveries})],
        }
        self.views = {name.stored: path for name, path in clean_views().items()}
        self.columns: dict[str, frozenset[str] | None] = dict.fromkeys(WITHOUT_CONTRACT)
        """Columns by table; None where only the written rows tell."""
        for folder in FOLDERS:
            for name, path in table_files(folder, profile.source).items():
                columns = frozenset(load_select(path).columns)
                self.columns[f"{folder}.{name}"] = None if "*" in columns else columns
        self.columns |= dict.fromkeys([EXTRA, *self.groups[EXTRA]])
        self.columns |= dict.fromkeys([MODELS, *self.groups[MODELS]], frozenset(RELATIONS["this.partition"]))
        self.columns |= dict.fromkeys([RAW, *self.groups[RAW]], frozenset(LANDED))
        for table in [*CONTRACTS, LISTS, *self.behind(LISTS)]:
            self.columns[table] = frozenset(contract(table) or ())
        for table, columns_or_none in self.columns.items():
            if columns_or_none is not None and table.startswith("clean."):
                self.columns[table] = columns_or_none | {"visible_night"}

    def behind(self, table: str) -> list[str]:
        """Tables behind a name: those that SQL's names stand for (`selects.resolve`), and see `groups`."""
        if table in self.groups:
            return self.groups[table]
        name = TableName(*table.split("."))
        return list(resolve([name], self.profile.algorithms)[name])

    def readable(self) -> set[str]:
        """Names that SQL may read, without their catalogue."""
        return {*self.columns, *self.views, "ledger.files", "ledger.rejects", "ledger.sealed_nights"}

    def own_rows(self, table: str) -> str:
        """SQL of what a check looks at: the night's partition; of the log those since the night built before it."""
        schema = table.partition(".")[0]
        if schema == "clean":
            since = "coalesce((select previous_night from this.built), date '0001-01-01')"
            return f"(select * from {table} where visible_night > {since})"
        if schema == "models":
            return "this.partition"
        if schema == "releases":  # A night that was not published has no partition.
            return f"(select * from past.{table} where night = (select night from this.night))"
        return table

    def instants(self, table: str) -> dict[str, str]:
        """SQL of a row's ``cutoff`` and ``close``: those of its visible night, where it has one."""
        night = "visible_night" if table.startswith("clean.") else "(select night from this.night)"
        cutoff = f"({night} + interval 1 day)"
        return {"cutoff": cutoff, "close": f"({cutoff} + (select grace from this.calendar))"}

    def needed(self, reads: Iterable[TableName], own: str) -> list[str]:
        """Other tables of the same night that must be there before a check can read them, sorted."""
        catalogs = {"", "past", "packed"}
        stored = [name for name in reads if name.schema not in {"raw", "ledger"} and name.catalog in catalogs]
        needed: set[str] = set()
        for name, tables in resolve(stored, self.profile.algorithms).items():
            needed |= set(self.groups.get(name.stored, tables))
        return sorted(needed - {own})


@cache
def tables_read(sql: str) -> tuple[TableName, ...]:
    """Tables that SQL names with their schema, or that relations of schema ``this`` are made of, sorted."""
    from sqlglot import exp, parse_one

    names = {
        TableName(table.db.lower(), table.name.lower(), table.catalog.lower())
        for table in parse_one(sql, dialect="duckdb").find_all(exp.Table)
        if table.db
    }
    for name in list(names):
        names |= set(tables_read(OF_TABLES[str(name)])) if str(name) in OF_TABLES else set()
    return tuple(sorted(name for name in names if name.schema != "this"))


def settings_read(sql: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Tables of schema ``this`` that SQL names and that do not exist, each with those that do."""
    for name in sorted({word.lower() for word in re.findall(r"\bthis\.\w+", sql)} - _THIS):
        yield name, _THIS


def columns_named(condition: str) -> set[str]:
    """Columns of the table itself that a condition names; those of a subquery's own tables are not."""
    from sqlglot import condition as parse
    from sqlglot import exp

    return {
        c.name for c in parse(condition, dialect="duckdb").find_all(exp.Column) if c.find_ancestor(exp.Select) is None
    }
