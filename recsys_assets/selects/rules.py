"""What SQL of this project may not say: the rules that keep tables the same from run to run, and honest about time.

What belongs here: one sentence for each way in which a parsed SELECT breaks a rule, saying what to write instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recsys_assets.selects.functions import (
    ANY_ROW,
    CLOCK_OR_CHANCE,
    EXACT_OF_INTEGERS,
    FLOAT_SUMS,
    KNOWN,
    ORDERED,
    SYNTAX,
    WINDOWS,
    WITHOUT_BRACKETS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlglot import exp

_TAKES_ONE = WINDOWS - {"rank", "dense_rank", "rank_dense", "cume_dist", "percent_rank"}  # These treat equals alike.
_BY_CHANCE = "calls {}(): the result would depend on the clock or on chance. Use this.night.cutoff."
_INSTANTS = frozenset(["event_ts", "known_at", "age_days", "landed_known_at"])


def problems(query: exp.Query, text: str) -> Iterator[str]:
    """Sentences on what could differ from run to run, or see what it may not; ``query`` is ``text``, parsed."""
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
    for join in query.find_all(exp.Join):
        if join.method in {"ASOF", "POSITIONAL"}:
            yield f"joins {join.method.lower()}: which of two rows it takes is chance. Rank the rows, and join by rank."
    for rows in query.find_all(exp.Array):
        if any(isinstance(rows_of, exp.Query) and not rows_of.args.get("order") for rows_of in rows.expressions):
            yield "makes an array of a query without order by: the order of its values would be chance."
    for call in query.find_all(exp.Func):
        yield from _problems_of_call(call)
    yield from _problems_of_names(query, text)


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
    if name == "age" and len(call.expressions) == 1:
        yield "calls age() of one instant: the result would depend on the clock. Use age(this.night.cutoff, x)."
    if name in EXACT_OF_INTEGERS and not _sums_exactly(call):
        yield f"calls {name}(): sums of floats change with the threads. Use exact_sum or exact_avg."
    window = call.find_ancestor(exp.Window)
    windowed = window is not None and window.this is call
    if name in ANY_ROW and not windowed:
        yield f"calls {name}(): which row it takes is chance among equals. Use min, max or a ranked row."
    if name in WINDOWS | ANY_ROW and windowed and not (window and window.args.get("order")):
        yield f"calls {name}() over an unordered window. Order it by a total order."
    if name in _TAKES_ONE | ANY_ROW and window and windowed and _by_instants(window.args.get("order")):
        yield f"calls {name}() ordered by an instant alone: which of two equal ones comes first is chance. Add an id."
    if name in ORDERED and not call.find(exp.Order):
        yield f"calls {name}() without order by. Write {name}(x order by y)."


def _problems_of_names(query: exp.Query, text: str) -> Iterator[str]:
    """Sentences on every function that the text calls and that is not known to be one of its arguments alone.

    The names are taken from the text: the parser has names of its own for many of them, and sees none in what is
    called like a column (``x.random()``, ``"current_date"``).
    """
    from sqlglot import exp, tokenize

    # Of `with t(a, b) as (...)` and `unnest(x) as u(y)` the alias stands before a bracket, too.
    aliases = {alias.this.meta.get("start") for alias in query.find_all(exp.TableAlias) if alias.this is not None}
    tokens = tokenize(text, dialect="duckdb")
    for place, token in enumerate(tokens):
        words = token.text.lower().split()
        if token.token_type.name == "STRING" or not words or not words[-1].isidentifier():
            continue
        name, is_method = words[-1], place > 0 and tokens[place - 1].text == "."
        is_called = place + 1 < len(tokens) and tokens[place + 1].text == "("
        if not is_called:
            if name in WITHOUT_BRACKETS and not is_method:
                yield _BY_CHANCE.format(name)
        elif is_method:
            yield f"calls {name}() behind a dot. Write the function before its arguments: {name}(x)."
        elif name in CLOCK_OR_CHANCE:
            yield _BY_CHANCE.format(name)
        elif name in FLOAT_SUMS:
            yield f"calls {name}(): sums of floats change with the threads. Use exact_sum or exact_avg."
        elif name not in KNOWN | SYNTAX and token.start not in aliases:
            yield (
                f"calls {name}(), which is not known to give the same for the same arguments. If it reads no clock, "
                "setting, file or chance, add it to recsys_assets/selects/functions.py."
            )


def _by_instants(order: exp.Order | None) -> bool:
    return order is not None and all(ordered.this.name in _INSTANTS for ordered in order.expressions)


def _sums_exactly(call: exp.Func) -> bool:
    from sqlglot import exp

    return isinstance(call.this, exp.Cast) and call.this.to.this in exp.DataType.INTEGER_TYPES | {
        exp.DataType.Type.DECIMAL
    }
