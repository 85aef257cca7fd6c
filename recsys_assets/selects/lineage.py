"""Column lineage: the columns of other tables that each column of a SELECT is made from.

What belongs here: following a SELECT's output columns through its CTEs, unions, subqueries and stars down to the
tables it names, and those names down to stored tables. What a column is made from is what its expression names; what
only decides which rows there are (joins, conditions) is not. A count of rows is made from what it groups by.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from recsys_assets.selects.files import TableName, load_select, select_files
from recsys_assets.selects.list_tables import stored_column
from recsys_assets.selects.resolve import resolve, view_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pyarrow as pa
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope

    from recsys_assets.profile import Profile

    Columns = Mapping[TableName, tuple[str, ...]]
    """Columns of each table, in order."""
    Origins = frozenset[tuple[TableName, str]]
    """Tables as SQL names them, each with one of its columns."""


_MADE = {
    **{
        ("made.published", name): (("recommendations.rankings", name),)
        for name in ("task", "user_key", "rank", "item_key")
    },
    ("made.published", "score"): (("recommendations.rankings", "score"),),
    ("made.published", "raw_score"): (("recommendations.rankings", "score"),),
    ("made.published", "configuration"): (("recommendations.rankings", "algorithm"),),
    ("made.published", "algorithms"): (("candidates.lists", "algorithm"), ("candidates.lists", "rank")),
    ("made.published", "reason_algorithm"): (("candidates.lists", "algorithm"),),
    ("made.published", "took_item_key"): (("recommendations.similar_items", "item_key"),),
}
"""What columns of rows made by Python are made from, where a SELECT goes on with them."""


class _Unresolved(Exception):
    """A column whose table the text does not tell."""


def snapshot_columns(ask: Callable[[str], pa.Table]) -> dict[TableName, tuple[str, ...]]:
    """Columns of every table that a snapshot shows; ``ask`` runs a query over it."""
    rows = ask(
        "select database_name, schema_name, table_name, list(column_name order by column_index) as names "
        "from duckdb_columns() where not internal group by all"
    ).to_pylist()
    return {
        TableName(
            row["schema_name"], row["table_name"], "" if row["database_name"] == "memory" else row["database_name"]
        ): tuple(row["names"])
        for row in rows
    }


def stored_lineage(text: str, columns: Columns, profile: Profile, output: str) -> dict[str, list[tuple[str, str]]]:
    """Stored columns behind each output column of a SELECT over a snapshot.

    Parameters
    ----------
    columns
        Columns of the tables it names, and of the tables that the clean views among them name.
    output
        Table that the SELECT makes: its own earlier nights are left out.

    Returns
    -------
    dict of str to list of (str, str)
        Sorted (table, column) by output column. Settings (``this``) are no table's columns; a column made from nothing
        else, or one that cannot be followed, is left out.
    """
    lineage = {}
    for name, origins in select_lineage(text, columns).items():
        pairs = {pair for origin in origins for pair in _stored(*origin, columns, profile, output)}
        stored = sorted(pair for pair in pairs if pair[0] != output)
        if stored:
            lineage[name] = stored
    return lineage


def select_lineage(text: str, columns: Columns) -> dict[str, Origins]:
    """Columns, as the text names their tables, that each output column of a SELECT is made from.

    A column is left out where the text does not tell: one without a table's name where several could have it.
    """
    return _select_lineage(text, tuple(sorted((table, names) for table, names in columns.items())))


def _stored(
    table: TableName, column: str, columns: Columns, profile: Profile, output: str
) -> Iterator[tuple[str, str]]:
    """Stored columns behind a column that SQL names: views taken apart, landed rows traced to the raw table."""
    text = view_text(table)
    for stored, name in _MADE.get((str(table), column.lower()), ()):
        yield from _stored(TableName(*stored.split(".")), name, columns, profile, output)
    if table.schema == "landed":
        # One SELECT of ours makes every extra table of a source, whatever its name.
        name = output.partition(".")[2] if table.name == "extra" else table.name
        file = select_files(f"sources/{profile.source}").get(name)
        text = load_select(file, keyed=False).text if file is not None else None
    if text is not None:
        behind = select_lineage(text, columns)
        for origin in behind.get(column.lower(), ()):
            yield from _stored(*origin, columns, profile, output)
    else:
        for tables in resolve([table], profile.algorithms).values():
            yield from ((stored, stored_column(stored, column)) for stored in tables)


@lru_cache(maxsize=256)
def _select_lineage(text: str, columns: tuple[tuple[TableName, tuple[str, ...]], ...]) -> dict[str, Origins]:
    from sqlglot import exp, parse_one
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    query, tables = parse_one(text, dialect="duckdb"), {}
    for table in [table for table in query.find_all(exp.Table) if table.db]:
        name = TableName(table.db.lower(), table.name.lower(), table.catalog.lower())
        tables[str(name)] = name
        # One flat name a table: a schema of mixed depths (with and without catalogue) cannot be looked up in.
        flat = exp.to_table(f'"{name}"', dialect="duckdb")
        flat.set("alias", table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name)))
        table.replace(flat)
    known: dict[str, Any] = {**_named_columns(query, tables)}
    known |= {str(table): dict.fromkeys(names, "text") for table, names in columns if names}
    spelled = {(table, name.lower()): name for table, names in known.items() for name in names}
    query = qualify(
        query, dialect="duckdb", schema=known, validate_qualify_columns=False, identify=False, quote_identifiers=False
    )
    scope = build_scope(query)
    assert scope is not None
    return _Tracer(tables, spelled).outputs(scope)


def _named_columns(query: exp.Expr, tables: dict[str, TableName]) -> dict[str, dict[str, str]]:
    """Columns that a query names of each table: all that is known of raw tables, whose rows a source's SELECT reads."""
    from sqlglot import exp

    columns: dict[str, dict[str, str]] = {}
    for select in query.find_all(exp.Select):
        joined = [select.args.get("from_"), *select.args.get("joins", [])]
        sources = {part.this.alias_or_name: part.this for part in joined if part is not None}
        for column in select.find_all(exp.Column):
            name = column.table or (next(iter(sources)) if len(sources) == 1 else "")
            if column.parent_select is select and name in sources and sources[name].name in tables:
                columns.setdefault(sources[name].name, {})[column.name] = "text"
    return columns


class _Tracer:
    """Follows columns of one qualified query; remembers what it has followed."""

    def __init__(self, tables: dict[str, TableName], spelled: dict[tuple[str, str], str]) -> None:
        self.tables = tables
        self.spelled = spelled  # SQL does not mind the case of a name; people who look for a delivered column do.
        self.known: dict[tuple[int, str | int], Origins] = {}

    def outputs(self, scope: Scope) -> dict[str, Origins]:
        """Origins of every output column that can be followed."""
        origins = {}
        for name in _select(scope).named_selects:
            try:
                origins[name] = self.output(scope, name)
            except _Unresolved:
                continue
        return origins

    def output(self, scope: Scope, column: str | int) -> Origins:
        """Origins of one output column of a query, by its name or, below a union by position, its place."""
        from sqlglot import exp

        key = (id(scope), column)
        if key not in self.known:
            self.known[key] = frozenset()  # A recursive CTE adds nothing by itself.
            if isinstance(scope.expression, exp.SetOperation):
                self.known[key] = self._of_union(scope, column)
            elif isinstance(scope.expression, exp.Subquery) and scope.subquery_scopes:
                self.known[key] = self.output(scope.subquery_scopes[0], column)
            else:
                self.known[key] = self._of_select(scope, column)
        return self.known[key]

    def _of_union(self, scope: Scope, column: str | int) -> Origins:
        union = _select(scope)
        if not union.args.get("by_name") and isinstance(column, str):
            column = union.named_selects.index(column)
        return frozenset().union(*(self.output(branch, column) for branch in scope.set_operation_scopes))

    def _of_select(self, scope: Scope, column: str | int) -> Origins:
        from sqlglot import exp

        selects: list[Any] = _select(scope).selects
        if isinstance(column, str):
            selects = [select for select in selects if select.alias_or_name == column]
            column = 0
        if column >= len(selects) or selects[column].is_star:
            raise _Unresolved(f"{column} of {scope.expression.sql('duckdb')}")
        chosen = selects[column]
        origins = self._of_expression(chosen, scope)
        if not origins and chosen.find(exp.Count):
            for decides in _what_rows_are_counted(_select(scope)):
                origins |= self._of_expression(decides, scope)
        return origins

    def _of_expression(self, expression: exp.Expr, scope: Scope) -> Origins:
        """Origins of the columns that an expression names, those of its subqueries' results included."""
        from sqlglot import exp
        from sqlglot.optimizer.scope import find_all_in_scope

        origins: Origins = frozenset()
        for column in find_all_in_scope(expression, exp.Column):
            origins |= self._of_column(column, scope)
        below = {id(child.expression): child for child in scope.subquery_scopes}
        for query in find_all_in_scope(expression, exp.Select, exp.SetOperation):
            child = below.get(id(query))
            if child is None:
                raise _Unresolved(query.sql("duckdb"))
            origins = origins.union(*(self.output(child, name) for name in query.named_selects))
        return origins

    def _of_column(self, column: exp.Column, scope: Scope) -> Origins:
        from sqlglot import exp

        around: Scope | None = scope
        while around is not None and column.table not in around.sources:
            around = around.parent  # A correlated subquery names a table of the query around it.
        if around is None:
            raise _Unresolved(column.sql("duckdb"))
        source = around.sources[column.table]
        if isinstance(source, exp.Table):
            name = self.spelled.get((source.name, column.name.lower()), column.name)
            return frozenset([(self.tables[source.name], name)])
        if isinstance(source.expression, exp.UDTF):  # Of unnest(x.list) as u(y) every column of u comes from x.list.
            return self._of_expression(source.expression, around)
        return self.output(source, column.name)


def _select(scope: Scope) -> Any:
    """The scope's query: a SELECT or a set operation (sqlglot types it as any expression)."""
    return scope.expression


def _what_rows_are_counted(select: Any) -> list[Any]:
    """What a SELECT groups its rows by, else what it filters them by."""
    from sqlglot import exp

    group = select.args.get("group")
    if group is None:
        return [where] if (where := select.args.get("where")) else []
    if group.args.get("all"):
        return [chosen for chosen in select.selects if not chosen.find(exp.AggFunc)]
    return [group]
