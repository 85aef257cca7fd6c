"""Surrogate keys in SQL: a key is a name and never a number, under whatever name a query hands it on.

What belongs here: which columns of a query hold a key, followed through aliases, unions, lists, structs and
subqueries, and a sentence on each place that computes with one or orders by one. Keys are numbered as ids come, so
the size of one tells when its id was first seen, which is later than many a night.

A name that holds a key anywhere in a file counts as a key everywhere in it.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlglot import exp

_KEYS = ("user_key", "item_key")
_HAND_ON = frozenset(
    """
    alias array array_agg bracket coalesce distinct dot explode filter first_value ifnull ignorenulls json json_object
    kwarg lag last_value lead list list_distinct list_extract list_select list_slice list_sort list_value nth_value
    nullif order paren propertyeq row row_to_json slice struct struct_extract struct_pack subquery to_json tuple unnest
    window
    """.split()  # noqa: SIM905
)
"""What holds a key where a part of it does: functions, and what the parser calls the forms of the language."""
_SAY_NOTHING = frozenset(
    """
    and approx_count_distinct approx_distinct array_contains array_length array_size case count count_if eq exists if is
    json_extract json_extract_scalar json_keys json_type len list_contains list_has list_has_all list_has_any neq
    nullsafeeq nullsafeneq or xor
    """.split()  # noqa: SIM905
)
"""What takes no notice of a key's size; of those that choose a value, `held_by` knows whether it is a key."""


def is_key(column: str) -> bool:
    """Whether a column is a key by its name: ``item_key``, ``evidence_item_key``."""
    return column.lower().endswith(_KEYS)


def problems_of_keys(query: exp.Query) -> Iterator[str]:
    """Sentences on keys that are not names only: compared, grouped by, counted, handed on as keys."""
    from sqlglot import exp

    keys = _Keys(query)
    if query.find(exp.Columns):
        yield "takes columns by a pattern, and keys may be among them. Name the columns."
    for node in query.walk():
        if key := next(filter(None, map(keys.held_by, _computed_with(node))), ""):
            yield f"computes with {keys.named(key)}, which follows when an id was first seen. A key is never a feature."
        if isinstance(node, exp.Order) and (key := next(filter(None, map(keys.ordered_by, node.expressions)), "")):
            yield f"orders by {keys.named(key)}, which follows when an id was first seen. Order by the id."
    for output in query.selects:
        key = keys.held_by(output)
        if key and output.alias_or_name and not is_key(output.alias_or_name):
            yield (
                f"gives {keys.named(key)} as {output.alias_or_name}, where it would be taken for a number. "
                f"Name it …_{'user_key' if key.endswith('user_key') else 'item_key'}."
            )


class _Keys:
    """Which values of one query hold a key."""

    def __init__(self, query: exp.Query) -> None:
        from sqlglot import exp

        self.query = query
        self.sources = {
            source.alias_or_name.lower(): source for source in query.find_all(exp.Table, exp.CTE, exp.Subquery)
        }
        """Tables, queries and rows in brackets by the name they are called by."""
        self.aliases: dict[str, str] = {}
        """Names that hold a key beside those that `is_key`, each with the key it was at first."""
        while (found := dict(self._found())).keys() - self.aliases.keys():
            self.aliases = found | self.aliases

    def named(self, key: str) -> str:
        """The column as people find it in the text."""
        return key if is_key(key) else f"{key} ({self.aliases.get(key, 'a row with its key')} by another name)"

    def held_by(self, value: Any) -> str:
        """Name of the column that a value holds a key of; empty when it holds none."""
        from sqlglot import exp

        if isinstance(value, exp.Column):
            # Of a struct's field, `s.a.k` or `a.k`, the struct stands where a table does.
            struct = value.table.lower() if value.table.lower() not in self.sources else ""
            name = value.name.lower() if is_key(value.name) or value.name.lower() in self.aliases else struct
            return name if is_key(name) or name in self.aliases else self._of_row(value)
        if isinstance(value, exp.Query):
            return self._first(value.selects)
        if isinstance(value, exp.Case):
            return self._first([*(branch.args["true"] for branch in value.args["ifs"]), value.args.get("default")])
        if isinstance(value, exp.If):
            return self._first([value.args.get("true"), value.args.get("false")])
        if isinstance(value, exp.JSONExtract | exp.JSONExtractScalar):
            path = value.expression.sql("duckdb").lower().strip("'\"")
            return next((key for key in _KEYS if path.endswith(key)), "") or self.held_by(value.this)
        if isinstance(value, exp.Dot) and is_key(value.expression.name):
            return str(value.expression.name.lower())
        if isinstance(value, exp.Window | exp.Bracket | exp.Filter | exp.Dot):
            return self.held_by(value.this)
        return self._first(_values(value)) if isinstance(value, exp.Expr) and _name(value) in _HAND_ON else ""

    def ordered_by(self, ordered: exp.Ordered) -> str:
        """Name of the key that decides which rows there are, or in which order a function takes them; empty if none."""
        from sqlglot import exp

        order = ordered.parent
        around = order.parent if order is not None else None
        if not isinstance(around, exp.Query):
            return self.held_by(ordered.this)
        distinct = around.args.get("distinct")
        on = distinct.args.get("on") if isinstance(distinct, exp.Distinct) else None
        if not (around.args.get("limit") or around.args.get("offset") or on):
            return ""
        if on is not None and ordered.this in on.expressions:
            return ""
        if ordered.this.is_int:
            return self.held_by(around.selects[int(ordered.this.name) - 1])
        return self._first(around.selects) if ordered.this.name.lower() == "all" else self.held_by(ordered.this)

    def _first(self, values: Any) -> str:
        return next(filter(None, map(self.held_by, values)), "")

    def _of_row(self, column: exp.Column) -> str:
        """Name of a whole row with its key that is handed to a function; of one made JSON each field has its name."""
        from sqlglot import exp

        call, name = column.parent, column.name.lower()
        source = None if column.table else self.sources.get(name)
        if source is None or not isinstance(call, exp.Func) or _name(call) in {"to_json", "row_to_json", "json"}:
            return ""
        if isinstance(source, exp.Table):
            return name if source.db and source.db.lower() not in {"this", "made", "landed"} else ""
        names = [given.lower() for given in source.this.named_selects]
        return name if name not in names and any(given == "*" or is_key(given) for given in names) else ""

    def _found(self) -> Iterator[tuple[str, str]]:
        """Names that hold a key, as far as is known by now, each with that key."""
        from sqlglot import exp

        for node in self.query.walk():
            if isinstance(node, exp.Alias):
                yield from self._shared([node.alias], [node.this])
            elif isinstance(node, exp.TableAlias) and node.columns and node.parent is not None:
                source = node.parent.this if isinstance(node.parent, exp.CTE | exp.Subquery) else node.parent
                names = [column.name for column in node.columns]
                if isinstance(source, exp.Query):
                    yield from self._shared(names, source.selects)
                elif key := self._first(_values(source)):
                    yield from ((name.lower(), self.aliases.get(key, key)) for name in names)
            elif isinstance(node, exp.SetOperation):
                yield from self._shared(node.named_selects, node.expression.selects)
            elif isinstance(node, exp.EQ) and all(isinstance(side, exp.Column) for side in (node.left, node.right)):
                yield from self._shared([node.left.name], [node.right])  # Equal to a key is a key.
                yield from self._shared([node.right.name], [node.left])
            elif isinstance(node, exp.Comprehension):
                yield from self._shared([node.expression.name], [node.args["iterator"]])

    def _shared(self, names: list[str], values: list[Any]) -> Iterator[tuple[str, str]]:
        for name, value in zip(names, values, strict=False):
            key = self.held_by(value)
            if key and name and not is_key(name):
                yield name.lower(), self.aliases.get(key, key)


def _computed_with(node: exp.Expr) -> list[Any]:
    """Values that a node computes with or compares the size of."""
    from sqlglot import exp

    if isinstance(node, exp.Between | exp.LT | exp.LTE | exp.GT | exp.GTE):
        # Against bounds that a step sets, as it does to take users in parts, a key's size is only a place in a queue.
        is_bounded = any(isinstance(side, exp.Parameter | exp.Placeholder) for side in node.args.values())
        return [] if is_bounded else _values(node)
    computes = isinstance(node, exp.Func | exp.Binary | exp.Neg | exp.BitwiseNot)
    return _values(node) if computes and _name(node) not in _HAND_ON | _SAY_NOTHING else []


def _values(node: exp.Expr) -> list[Any]:
    """What stands right below a node."""
    return list(chain.from_iterable(v if isinstance(v, list) else [v] for v in node.args.values() if v is not None))


def _name(node: exp.Expr) -> str:
    """Name of a function, else what the parser calls a form of the language."""
    from sqlglot import exp

    if isinstance(node, exp.Anonymous):
        return node.name.lower()
    return node.sql_name().lower() if isinstance(node, exp.Func) else node.key
