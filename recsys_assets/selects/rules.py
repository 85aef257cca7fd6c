"""What SQL of this project may not say: the rules that keep tables the same from run to run, and honest about time.

What belongs here: one sentence for each way in which a parsed SELECT breaks a rule, saying what to write instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlglot import exp

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
        "variance_pop",  # This is what sqlglot calls var_pop.
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

_TAKES_ONE = _WINDOWS - {"rank", "dense_rank"}  # These two treat equals alike.
_INSTANTS = frozenset(["event_ts", "known_at", "age_days", "landed_known_at"])
_KEYS = frozenset(["user_key", "item_key"])
_LABELS = "grades.relevant"
_BESIDE_LABELS = frozenset(["features", "candidates", "recommendations"])


def problems(query: exp.Query) -> Iterator[str]:
    """Sentences on what could differ from run to run, or see what it may not."""
    from sqlglot import exp

    yield from _problems_of_labels(query)

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


def _problems_of_labels(query: exp.Query) -> Iterator[str]:
    from sqlglot import exp

    tables = [table for table in query.find_all(exp.Table) if table.db]
    if not any(f"{table.db}.{table.name}".lower() == _LABELS for table in tables):
        return
    for table in tables:
        if table.db.lower() in _BESIDE_LABELS and not table.catalog:
            yield (
                f"reads {table.db}.{table.name} of its own night beside the labels of {_LABELS}, which happened before "
                f"it: what was made there has seen them. Read graded.{table.db}.{table.name}."
            )


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


def problems_of_keys(query: exp.Query) -> Iterator[str]:
    """Sentences on keys that are not names only: compared, grouped by, counted, handed on.

    The size of a key tells when its id was first seen.
    """
    from sqlglot import exp

    handed_on = (exp.Count, exp.Coalesce, exp.Case, exp.If, exp.Connector)
    for column in query.find_all(exp.Column):
        if column.name.lower() not in _KEYS:
            continue
        ordered = column.find_ancestor(exp.Ordered, exp.Select)
        if isinstance(ordered, exp.Ordered) and ordered.parent is not None:
            around = ordered.parent.parent
            if isinstance(around, exp.Window) or (around is not None and around.args.get("limit")):
                yield f"orders by {column.name}, which follows when an id was first seen. Order by the id."
        used = column.parent
        counts = isinstance(used, exp.Add | exp.Sub | exp.Mul | exp.Div | exp.IntDiv | exp.Mod | exp.Cast)
        if counts or (isinstance(used, exp.Func) and not isinstance(used, handed_on)):
            yield f"computes with {column.name}, which follows when an id was first seen. A key is never a feature."


def _by_instants(order: exp.Order | None) -> bool:
    return order is not None and all(ordered.this.name in _INSTANTS for ordered in order.expressions)


def _sums_exactly(call: exp.Func) -> bool:
    from sqlglot import exp

    return isinstance(call.this, exp.Cast) and call.this.to.this in exp.DataType.INTEGER_TYPES | {
        exp.DataType.Type.DECIMAL
    }
