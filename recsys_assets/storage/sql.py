"""SQL files: found by their place, parsed once, refused when they could differ from run to run.

What belongs here: reading a SELECT from ``sql/``, what it reads (its dependencies), its key (its ``order by``),
its description (its leading comment), the hash of its text, and the lint that keeps SQL reproducible.
Loading needs sqlglot only, so that definitions load light.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from recsys_assets.profile import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlglot import exp

SQL_FOLDER = PROJECT / "sql"
_ANSI = re.compile(r"\x1b\[[0-9;]*m")

_CLOCK_OR_CHANCE = frozenset(
    [
        "now",
        "today",
        "current_date",
        "current_time",
        "current_timestamp",
        "get_current_time",
        "get_current_timestamp",
        "localtime",
        "current_localtime",
        "localtimestamp",
        "transaction_timestamp",
        "random",
        "rand",
        "setseed",
        "uuid",
        "gen_random_uuid",
        "uuidv4",
        "uuidv7",
        "nextval",
        "approx_quantile",
        "reservoir_quantile",
        "current_setting",
    ]
)
_ANY_ROW = frozenset(
    [
        "any_value",
        "arbitrary",
        "first",
        "last",
        "mode",
        "arg_max",
        "arg_min",
        "max_by",
        "min_by",
        "argmax",
        "argmin",
        "arg_max_null",
        "arg_min_null",
        "arg_max_nulls_last",
        "arg_min_nulls_last",
        "approx_top_k",
    ]
)
_FLOAT_SUMS = frozenset(
    [
        "sum",
        "avg",
        "mean",
        "fsum",
        "kahan_sum",
        "sumkahan",
        "favg",
        "stddev",
        "stddev_pop",
        "stddev_samp",
        "variance",
        "var_pop",
        "variance_pop",  # as sqlglot names var_pop
        "var_samp",
        "corr",
        "covar_pop",
        "covar_samp",
        "regr_slope",
        "regr_intercept",
        "regr_r2",
        "regr_avgx",
        "regr_avgy",
        "regr_sxx",
        "regr_sxy",
        "regr_syy",
        "skewness",
        "kurtosis",
        "kurtosis_pop",
        "sem",
        "sum_no_overflow",
        "entropy",
        "product",
        "geomean",
    ]
)
_ORDERED = frozenset(["list", "array_agg", "string_agg", "group_concat", "listagg"])
_WINDOWS = frozenset(
    ["row_number", "rank", "dense_rank", "ntile", "lag", "lead", "first_value", "last_value", "nth_value"]
)

_TAKES_ONE = _WINDOWS - {"rank", "dense_rank"}  # these two treat equals alike
_INSTANTS = frozenset(["event_ts", "known_at", "age_days", "landed_known_at"])
_LABELS = "grades.relevant"
_BESIDE_LABELS = frozenset(["features", "candidates", "recommendations"])


class SqlError(Exception):
    """A SQL file that is refused; the message names the file and the rule and says what to write instead."""


@dataclass(frozen=True, order=True)
class TableName:
    """A table as SQL names it: ``schema.name``, optionally in the catalogue ``past``, ``before`` or ``graded``."""

    schema: str
    name: str
    catalog: str = ""

    def __str__(self) -> str:
        return ".".join(part for part in (self.catalog, self.schema, self.name) if part)

    @property
    def stored(self) -> str:
        """Name of the lake table behind it, whatever the catalogue."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Select:
    """One SQL file: one SELECT, one table."""

    path: Path
    """The file."""
    text: str
    """The file's text."""
    description: str
    """The leading comment, for people."""
    reads: tuple[TableName, ...]
    """Tables it names, sorted, without the ones of schema ``this``."""
    driver: TableName | None
    """Table of the outermost FROM: the one whose rows it maps, one to one, in a source's SELECT."""
    columns: tuple[str, ...]
    """Output columns, as far as the text tells (``*`` where it does not)."""
    key: tuple[str, ...]
    """Columns of the final ``order by``: the table's unique key and the order of its rows."""
    code_version: str
    """Hash of the text (12 hex digits)."""


def load_select(path: Path, *, keyed: bool = True) -> Select:
    """Read and check one SQL file.

    Parameters
    ----------
    keyed
        Whether the file must end with ``order by`` its key; views and a source's SELECTs need not.

    Raises
    ------
    SqlError
        When it is not exactly one SELECT, names no table, has no key, or breaks a rule of reproducibility.
    """
    return _load(path, keyed)


def select_files(folder: str) -> dict[str, Path]:
    """SQL files of a folder below ``sql/`` by table name, sorted."""
    return {path.stem: path for path in sorted((SQL_FOLDER / folder).glob("*.sql"))}


@lru_cache
def _load(path: Path, keyed: bool) -> Select:
    from sqlglot import exp, parse
    from sqlglot.errors import ParseError

    text = path.read_text()
    try:
        statements = [s for s in parse(text, dialect="duckdb") if s is not None]
    except ParseError as error:
        raise SqlError(f"{_shown(path)}: not valid SQL: {_ANSI.sub('', str(error))}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise SqlError(f"{_shown(path)}: must hold exactly one SELECT; found {len(statements)} statement(s).")
    query = statements[0]
    for problem in _problems(query):
        raise SqlError(f"{_shown(path)}: {problem}")
    reads = _tables(query)
    too_new = [name for name in reads if name.schema in _BESIDE_LABELS and not name.catalog]
    if too_new and any(name.stored == _LABELS for name in reads):
        raise SqlError(
            f"{_shown(path)}: reads {too_new[0]} of its own night beside the labels of {_LABELS}, which happened "
            f"before it: what was made there has seen them. Read graded.{too_new[0]}."
        )
    if not reads:
        raise SqlError(f"{_shown(path)}: names no table, so it would depend on nothing. Name them as schema.table.")
    key = _key(query)
    if keyed and not key:
        raise SqlError(f"{_shown(path)}: must end with `order by` the columns of its unique key.")
    return Select(
        path=path,
        text=text,
        description=_description(text),
        reads=tuple(name for name in reads if name.schema != "this"),
        driver=_driver(query),
        columns=tuple(query.named_selects),
        key=key,
        code_version=hashlib.sha256(text.encode()).hexdigest()[:12],
    )


def _shown(path: Path) -> str:
    return str(path.relative_to(PROJECT)) if path.is_relative_to(PROJECT) else str(path)


def _description(text: str) -> str:
    lines = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return "\n".join(lines)


def _tables(query: exp.Query) -> list[TableName]:
    from sqlglot import exp

    return sorted({_table_name(table) for table in query.find_all(exp.Table) if table.db})


def _table_name(table: exp.Table) -> TableName:
    return TableName(table.db.lower(), table.name.lower(), table.catalog.lower())


def _driver(query: exp.Query) -> TableName | None:
    from sqlglot import exp

    source = query.args.get("from_") or query.args.get("from")
    if source is None or not isinstance(source.this, exp.Table):
        return None
    if source.this.db:
        return _table_name(source.this)
    for cte in query.ctes:
        if cte.alias == source.this.name:
            return _driver(cte.this)
    return None


def _key(query: exp.Query) -> tuple[str, ...]:
    order = query.args.get("order")
    return tuple(ordered.this.name for ordered in order.expressions) if order else ()


def _problems(query: exp.Query) -> Iterator[str]:
    from sqlglot import exp

    if query.find(exp.TableSample):
        yield "samples rows by chance. Take rows by a condition on their ids instead."
    if query.find(exp.Pivot):
        yield "uses PIVOT, whose dependencies cannot be seen. Write one filtered aggregate per column."
    for table in query.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            yield f"reads {table.sql('duckdb')}: only tables of the snapshot may be read."
        elif not table.db and not _names_a_cte(table):
            yield f"reads {table.name!r} without a schema. Write schema.table."
    for limit in query.find_all(exp.Limit, exp.Fetch, exp.Offset):
        if limit.parent is not None and not limit.parent.args.get("order"):
            yield "has a limit without order by: which rows stay would be chance."
        elif limit.parent is not None and _by_instants(limit.parent.args.get("order")):
            yield "has a limit ordered by an instant alone: which of two equal ones stays is chance. Add an id."
    for distinct in query.find_all(exp.Distinct):
        if distinct.args.get("on") and distinct.parent is not None and not distinct.parent.args.get("order"):
            yield "has a distinct on without order by: which rows stay would be chance."
    for call in query.find_all(exp.Func):
        yield from _problems_of_call(call)


def _names_a_cte(table: exp.Table) -> bool:
    scope: Any = table
    while scope is not None:
        if any(cte.alias.lower() == table.name.lower() for cte in scope.args.get("with_", None) or []):
            return True
        ctes = getattr(scope, "ctes", None) or []
        if any(cte.alias.lower() == table.name.lower() for cte in ctes):
            return True
        scope = scope.parent
    return False


def _problems_of_call(call: exp.Func) -> Iterator[str]:
    from sqlglot import exp

    name = (call.name if isinstance(call, exp.Anonymous) else call.sql_name()).lower()
    if name in _CLOCK_OR_CHANCE or (name == "age" and len(call.expressions) == 1):
        yield f"calls {name}(): the result would depend on the clock or on chance. Use this.night.cutoff."
    if name in _FLOAT_SUMS and not _sums_exactly(call):
        yield f"calls {name}(): sums of floats change with the threads. Use exact_sum or exact_avg."
    window = call.find_ancestor(exp.Window)
    windowed = window is not None and window.this is call
    if name in _ANY_ROW and not windowed:
        yield f"calls {name}(): which row it takes is chance among equals. Use min, max or a ranked row."
    if name in _WINDOWS | _ANY_ROW and windowed and not (window and window.args.get("order")):
        yield f"calls {name}() over an unordered window. Order it by a total order."
    if name in _TAKES_ONE | _ANY_ROW and window and windowed and _by_instants(window.args.get("order")):
        yield f"calls {name}() ordered by an instant alone: which of two equal ones comes first is chance. Add an id."
    if name in _ORDERED and not call.find(exp.Order):
        yield f"calls {name}() without order by. Write {name}(x order by y)."


def _by_instants(order: exp.Order | None) -> bool:
    return order is not None and all(ordered.this.name in _INSTANTS for ordered in order.expressions)


def _sums_exactly(call: exp.Func) -> bool:
    from sqlglot import exp

    return isinstance(call.this, exp.Cast) and call.this.to.this in exp.DataType.INTEGER_TYPES | {
        exp.DataType.Type.DECIMAL
    }
