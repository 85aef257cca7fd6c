"""Tables of lists: stored as a row a list, with arrays of items and scores; read as rows, an item each.

What belongs here: which tables these are, their columns as stored, and the SELECT that shows them as their contract
declares them.
"""

from __future__ import annotations

from recsys_assets.selects.contracts import CANDIDATES, contract

LONGEST_LIST = 1_000
"""Items of a list at most."""
_PACKED = {
    "candidates.": ("algorithm", "task", "user_key", "item_key", "score"),
    "recommendations.candidates": ("task", "user_key", "item_key", "score", "n_algorithms", "best_rank"),
    "recommendations.rankings": ("algorithm", "task", "user_key", "item_key", "score"),
}
_IN_LISTS = {
    "item_key": ("items", "INTEGER[]"),
    "score": ("scores", "DOUBLE[]"),
    "n_algorithms": ("n_algorithms", "INTEGER[]"),
    "best_rank": ("best_ranks", "INTEGER[]"),
}
"""Column of a list, and its type, by what a row of it is called."""


def packed(table: str) -> dict[str, str] | None:
    """Columns (name to DuckDB type) of a table of lists as it is stored, a row a list; None for other tables.

    Its arrays are of equal length, best first: the place is the rank.
    """
    names = _PACKED.get("candidates." if table.startswith("candidates.") else table)
    if names is None:
        return None
    return dict(_IN_LISTS.get(name, (name, CANDIDATES.get(name, ""))) for name in names)


def stored_column(table: str, column: str) -> str:
    """Column in which a table is stored what its rows show as ``column``; a list's ranks are the places in it."""
    return _IN_LISTS[{"rank": "item_key"}.get(column, column)][0] if _is_in_lists(table, column) else column


def _is_in_lists(table: str, column: str) -> bool:
    return packed(table) is not None and (column == "rank" or column in _IN_LISTS)


def unpacked(table: str, rows: str, *others: str) -> str:
    """SELECT that shows a table of lists as rows, in the contract's columns, and others as they are.

    Parameters
    ----------
    rows
        What to select the lists from.
    """
    # A join, rather than unnest: a condition on the rank then holds before an item is taken out of its list.
    stored = packed(table) or {}
    columns = {
        name: f"lists.{column}[places.rank] as {name}" for name, (column, _) in _IN_LISTS.items() if column in stored
    }
    listed = [columns.get(name, name) for name in contract(table) or ()]
    return (
        f"select {', '.join([*listed, *others])} from {rows} as lists "
        f"inner join (select unnest(range(1, {LONGEST_LIST + 1}))::integer as rank) as places "
        "on places.rank <= len(lists.items)"
    )
