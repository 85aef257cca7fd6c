"""Tables of lists: stored as a row a list, with arrays of items and scores; read as rows, an item each.

What belongs here: which tables these are, their columns as stored, and the SELECT that shows them as their contract
declares them.
"""

from __future__ import annotations

from recsys_assets.selects.contracts import contract

LONGEST_LIST = 1_000
"""Items of a list at most."""
_WHOSE = {"task": "VARCHAR", "user_key": "INTEGER", "items": "INTEGER[]"}
_STORED = {
    "candidates.": {"algorithm": "VARCHAR", **_WHOSE, "scores": "DOUBLE[]"},
    "recommendations.candidates": {
        **_WHOSE,
        "scores": "DOUBLE[]",
        "n_algorithms": "UTINYINT[]",
        "best_ranks": "USMALLINT[]",
    },
    # below: what follows the items of a list, as places in recommendations.candidates from 1; no row shows it.
    "recommendations.rankings": {"algorithm": "VARCHAR", **_WHOSE, "scores": "DOUBLE[]", "below": "USMALLINT[]"},
}
_ARRAYS = {
    "item_key": "items",
    "rank": "items",
    "score": "scores",
    "n_algorithms": "n_algorithms",
    "best_rank": "best_ranks",
}
"""Array that holds what a row shows; a rank is the place in it."""


def packed(table: str) -> dict[str, str] | None:
    """Columns (name to DuckDB type) of a table of lists as it is stored, a row a list; None for other tables.

    Its arrays are of equal length, best first: the place is the rank. ``below`` alone goes on where they end.
    """
    return _STORED.get("candidates." if table.startswith("candidates.") else table)


def stored_column(table: str, column: str) -> str:
    """Column in which a table is stored what its rows show as ``column``."""
    return _ARRAYS.get(column, column) if packed(table) else column


def unpacked(table: str, rows: str, *others: str) -> str:
    """SELECT that shows a table of lists as rows, in the contract's columns, and others as they are.

    Parameters
    ----------
    rows
        What to select the lists from.
    """
    # A join, rather than unnest: a condition on the rank then holds before an item is taken out of its list.
    columns = {
        name: f"lists.{_ARRAYS[name]}[places.rank]::{kind} as {name}"
        for name, kind in (contract(table) or {}).items()
        if name in _ARRAYS and name != "rank"
    }
    listed = [columns.get(name, name) for name in contract(table) or ()]
    return (
        f"select {', '.join([*listed, *others])} from {rows} as lists "
        f"inner join (select unnest(range(1, {LONGEST_LIST + 1}))::integer as rank) as places "
        "on places.rank <= len(lists.items)"
    )
