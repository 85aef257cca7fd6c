"""Candidates with every feature known of them, as one query: what a reranker learns from and scores.

What belongs here: finding which feature tables there are and joining them by their own keys, so that a new file in
``sql/features/`` becomes a feature of the reranker and nothing else has to know of it.

A table joins on the columns of its key. At first a candidate has a user and an item; each table joined adds its columns
of text (the item's category, the user's store), and tables keyed by those join then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from recsys_assets.errors import RecsysError
from recsys_assets.selects.files import TableName, load_select, table_files
from recsys_assets.selects.keys import is_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from recsys_assets.profile import Profile
    from recsys_assets.selects.files import Select

ROW = ("task", "user_key", "item_key")
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BOOLEAN")


class FeatureError(RecsysError):
    """A feature table that cannot be joined to candidates; the message names it and says why."""


def feature_reads(profile: Profile, catalog: str = "") -> tuple[TableName, ...]:
    """Tables that `feature_query` joins: the night's own, or with ``graded`` those of the graded night."""
    return tuple(table.name for table in _tables(profile, catalog))


def feature_query(profile: Profile, ask: Callable[[str], pa.Table], rows: Select, catalog: str = "") -> str:
    """SELECT of chosen candidates with every number known of them: all features, and each algorithm's rank and score.

    Columns are those of ``rows``, then ``<table>_<column>`` as FLOAT, null where a table says nothing of the row.
    Tables of users are read for users between ``$first_user`` and ``$last_user`` only. Cost: one hash join a table.

    Parameters
    ----------
    ask
        Runs a query over a snapshot that shows `feature_reads`.
    rows
        SELECT of ``task, user_key, item_key`` and what else is known of each row.
    catalog
        ``graded`` for features of the graded night.

    Raises
    ------
    FeatureError
        When a table's key holds a column that neither candidates nor another table's text have, or rows of the graded
        night are made of anything but that night's tables: labels are chosen before (``made``), and nothing of later
        may stand beside them.
    """
    from sqlglot import exp, parse_one

    for read in rows.reads if catalog else ():
        if read.catalog != catalog and read.schema != "made":
            raise FeatureError(f"{rows.path.name}: reads {read}, but features stand as of the {catalog} night here.")
    candidate = exp.to_identifier("candidate")
    chosen = parse_one(rows.text, dialect="duckdb")
    chosen.set("order", None)
    query = exp.select("candidate.*").from_("candidate").with_("candidate", as_=chosen)
    known = dict.fromkeys(ROW, candidate)
    for table in _joinable(_tables(profile, catalog), ask, set(ROW)):
        alias = exp.to_identifier(f"{table.name.name}_table")
        on: list[exp.Expr] = [
            exp.EQ(this=exp.column(name, table=alias), expression=exp.column(name, table=known[name]))
            for name in table.key
        ]
        if "user_key" in table.key:
            user, bounds = exp.column("user_key", table=alias), ("first_user", "last_user")
            low, high = (exp.Parameter(this=exp.Var(this=name)) for name in bounds)
            on.append(exp.Between(this=user, low=low, high=high))
        relation = exp.table_(table.name.name, db=table.name.schema, catalog=table.name.catalog or None)
        query.join(exp.alias_(relation, alias, table=True), on=exp.and_(*on), join_type="left", copy=False)
        for name in table.numbers:
            cast = exp.Cast(this=exp.column(name, table=alias), to=exp.DataType.build("float"))
            query.select(exp.alias_(cast, f"{table.name.name}_{name}"), copy=False)
        known = dict.fromkeys(table.texts, alias) | known
    return query.sql("duckdb")


@dataclass(frozen=True)
class _Table:
    name: TableName
    key: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


def _tables(profile: Profile, catalog: str) -> list[_Table]:
    files = table_files("features", profile.source).items()
    lists = [_Table(TableName("candidates", name, catalog), ROW) for name in sorted(profile.algorithms)]
    return [*(_Table(TableName("features", name, catalog), load_select(path).key) for name, path in files), *lists]


def _joinable(tables: list[_Table], ask: Callable[[str], pa.Table], known: set[str]) -> Iterator[_Table]:
    """Tables with their columns, each after those whose texts its key needs."""
    waiting = list(tables)
    while waiting:
        table = next((t for t in waiting if set(t.key) <= known), None)
        if table is None:
            needed = "; ".join(f"{t.name.stored} needs {', '.join(sorted(set(t.key) - known))}" for t in waiting)
            raise FeatureError(f"No candidate has the key of these tables: {needed}. Add the column to features.item.")
        waiting.remove(table)
        described = ask(f"describe {table.name}").to_pylist()
        kinds = {row["column_name"]: row["column_type"] for row in described if row["column_name"] not in table.key}
        kinds = {name: kind for name, kind in kinds.items() if not is_key(name)}
        texts = tuple(name for name, kind in kinds.items() if kind == "VARCHAR")
        known |= set(texts)
        yield replace(table, numbers=tuple(n for n, kind in kinds.items() if kind.startswith(_NUMBERS)), texts=texts)
