"""What is known of users, of items, and of both together, as queries: what a reranker learns from and scores.

What belongs here: finding which feature tables there are and joining them by their own keys, so that a new file in
``sql/features/`` becomes a feature of the reranker and nothing else has to know of it.

A table joins on the columns of its key. At first a candidate has a user and an item; each table joined adds its columns
of text (the item's category, the user's store), and tables keyed by those join then. A table is of users, of items, or
of pairs, by whose columns its key has.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from recsys_assets.errors import RecsysError
from recsys_assets.selects.files import TableName, load_select, table_files
from recsys_assets.selects.keys import is_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyarrow as pa
    from sqlglot import exp

    from recsys_assets.profile import Profile

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BOOLEAN")


class FeatureError(RecsysError):
    """A feature table that cannot be joined to candidates; the message names it and says why."""


def feature_reads(profile: Profile, catalog: str = "") -> tuple[TableName, ...]:
    """Tables of features: the night's own, or with ``graded`` those of the graded night."""
    return tuple(table.name for table in _tables(profile, catalog))


def side_query(tables: Sequence[FeatureTable], side: Literal["user", "item"], catalog: str = "") -> str:
    """SELECT of what tables of one side know of each user or item: its key, texts, and numbers as FLOAT.

    Features are named ``<table>_<column>``. Of users those between ``$first_user`` and ``$last_user``.
    """
    from sqlglot import exp

    key, each = f"{side}_key", exp.to_identifier("each")
    query = exp.select(exp.column(key, table=each)).from_(
        exp.alias_(exp.table_(f"{side}s", db="clean", catalog=catalog or None), each, table=True)
    )
    known = {key: each}
    for table in tables:
        if table.side == side:
            alias = _join(query, table, known)
            for name in table.texts:
                if name not in known:
                    query.select(exp.column(name, table=alias), copy=False)
            known = dict.fromkeys(table.texts, alias) | known
    if side == "user":
        query.where(_of_users(exp.column(key, table=each)), copy=False)
    return query.order_by(exp.column(key, table=each), copy=False).sql("duckdb")


def pair_query(table: FeatureTable) -> str:
    """SELECT of what a table knows of users and items together: its key, and numbers as in `side_query`.

    With a ``user_key`` those of users between ``$first_user`` and ``$last_user``.
    """
    from sqlglot import exp

    query = exp.select(*table.key).from_(
        exp.table_(table.name.name, db=table.name.schema, catalog=table.name.catalog or None)
    )
    for name in table.numbers:
        query.select(_number(table, name, exp.column(name)), copy=False)
    if "user_key" in table.key:
        query.where(_of_users(exp.column("user_key")), copy=False)
    return query.sql("duckdb")


def feature_tables(profile: Profile, ask: Callable[[str], pa.Table], catalog: str = "") -> list[FeatureTable]:
    """The feature tables of a night in an order in which they join.

    Parameters
    ----------
    ask
        Runs a query over a snapshot that shows `feature_reads`.

    Raises
    ------
    FeatureError
        When a key asks for a column of text that only users and items together have, or that nothing has.
    """
    tables: list[FeatureTable] = []
    sides = {"user_key": "user", "item_key": "item"}
    for table in _joinable(_tables(profile, catalog), ask, set(sides)):
        of = {name: sides[name] for name in table.key}
        if "pair" in of.values():
            lost = ", ".join(name for name in table.key if of[name] == "pair")
            raise FeatureError(f"{table.name}: its key {lost} belongs to no user and no item alone. Key it by those.")
        users, items = (tuple(name for name in table.key if of[name] == side) for side in ("user", "item"))
        found = replace(table, users=users, items=items)
        sides = dict.fromkeys(table.texts, found.side) | sides
        tables.append(found)
    return tables


@dataclass(frozen=True)
class FeatureTable:
    """A table of features."""

    name: TableName
    key: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    """Columns that are features."""
    texts: tuple[str, ...] = ()
    """Columns that other tables may be keyed by."""
    users: tuple[str, ...] = ()
    """Columns of the key that a user has."""
    items: tuple[str, ...] = ()
    """Columns of the key that an item has."""

    @property
    def side(self) -> str:
        """Whom it is about: ``user``, ``item``, or ``pair``: both together."""
        return "pair" if self.users and self.items else "user" if self.users else "item"


def _join(query: exp.Select, table: FeatureTable, known: Mapping[str, exp.Identifier]) -> exp.Identifier:
    """Join a table to a query by the columns known so far, and add its numbers; the table's alias."""
    from sqlglot import exp

    alias = exp.to_identifier(f"{table.name.name}_table")
    on: list[exp.Expr] = [
        exp.EQ(this=exp.column(name, table=alias), expression=exp.column(name, table=known[name])) for name in table.key
    ]
    if "user_key" in table.key:
        on.append(_of_users(exp.column("user_key", table=alias)))
    relation = exp.table_(table.name.name, db=table.name.schema, catalog=table.name.catalog or None)
    query.join(exp.alias_(relation, alias, table=True), on=exp.and_(*on), join_type="left", copy=False)
    for name in table.numbers:
        query.select(_number(table, name, exp.column(name, table=alias)), copy=False)
    return alias


def _number(table: FeatureTable, name: str, column: exp.Column) -> exp.Expr:
    from sqlglot import exp

    cast = exp.Cast(this=column, to=exp.DataType.build("float"))
    return exp.alias_(cast, f"{table.name.name}_{name}")


def _of_users(user: exp.Column) -> exp.Between:
    from sqlglot import exp

    low, high = (exp.Parameter(this=exp.Var(this=name)) for name in ("first_user", "last_user"))
    return exp.Between(this=user, low=low, high=high)


def _tables(profile: Profile, catalog: str) -> list[FeatureTable]:
    files = table_files("features", profile.source).items()
    return [FeatureTable(TableName("features", name, catalog), load_select(path).key) for name, path in files]


def _joinable(tables: list[FeatureTable], ask: Callable[[str], pa.Table], known: set[str]) -> Iterator[FeatureTable]:
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
