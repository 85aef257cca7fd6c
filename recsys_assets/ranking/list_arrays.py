"""Lists as arrays: a row a list, as the lake keeps them, and the union of several lists by weighted fusion."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]


def list_columns(ranks: Ints, **values: NDArray[np.generic]) -> tuple[NDArray[np.int64], dict[str, pa.ListArray]]:
    """Rows of ranked lists as columns of arrays, one a list.

    Parameters
    ----------
    ranks : ndarray of int32, shape (n_rows,)
        1, 2, … in each list.
    values : ndarray of shape (n_rows,)
        What the rows hold, by column.

    Returns
    -------
    starts : ndarray of int64, shape (n_lists,)
        First row of each list.
    columns : dict of str to ListArray of n_lists
    """
    import numpy as np
    import pyarrow as pa

    starts = np.flatnonzero(ranks == 1)
    offsets = np.append(starts, len(ranks)).astype(np.int32)
    return starts, {name: pa.ListArray.from_arrays(offsets, each) for name, each in values.items()}


class UserLists(NamedTuple):
    """Lists of several users, a row a list."""

    users: Ints
    """ndarray of shape (n_lists,): whose, each once."""
    offsets: NDArray[np.int64]
    """ndarray of shape (n_lists + 1,): where the items of each begin and end."""
    items: Ints
    """ndarray of shape (n_rows,): best first."""


def lists_in(rows: pa.Table, index_of: Ints | None = None) -> UserLists:
    """Lists of a table with ``user_key`` and ``items``, these by an index of their own where ``index_of`` gives one."""
    import numpy as np
    import pyarrow.compute as pc

    lengths = pc.list_value_length(rows["items"]).to_numpy()
    items = pc.list_flatten(rows["items"]).to_numpy()
    return UserLists(
        rows["user_key"].to_numpy(),
        np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
        items if index_of is None else index_of[items],
    )


def lists_by_algorithm(rows: pa.Table, algorithms: Iterable[str], index_of: Ints | None = None) -> dict[str, UserLists]:
    """Lists of a table with ``algorithm``, ``user_key`` and ``items``, by algorithm; of some there may be none."""
    import pyarrow.compute as pc

    return {name: lists_in(rows.filter(pc.equal(rows["algorithm"], name)), index_of) for name in algorithms}


class United(NamedTuple):
    """Union of several lists of each user; of users without any there is none."""

    users: Ints
    """ndarray of shape (n_lists,)."""
    ranks: Ints
    """ndarray of shape (n_rows,): 1, 2, … in each list; so are the others."""
    items: Ints
    scores: Floats
    n_algorithms: Ints
    """How many of the lists hold the item."""
    best_ranks: Ints
    """The best place it has in any of them."""


def unite(lists: Mapping[str, UserLists], weights: Mapping[str, float], places: Ints, *, rrf_k: int, n: int) -> United:
    """Unite lists by weighted reciprocal-rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009).

    Score = sum over lists of ``weight / (rrf_k + rank)``, in whole multiples of 1e-12 as `ranking.fusion` has them, so
    that no order of addition matters. Time O(rows log n), memory that of the result and one number an item.

    Parameters
    ----------
    lists : mapping of str to UserLists
        By algorithm; each names an item once a user.
    weights : mapping of str to float
        Of each algorithm; one without, or with 0, is left out.
    places : ndarray of int32, shape (n_items,)
        Which of two equal items stands first: that with the lower.
    rrf_k : int
    n : int
        Longest list.

    Returns
    -------
    United
        Ordered by user, then rank.
    """
    import numpy as np

    from recsys_assets.kernels.union import unite_lists
    from recsys_assets.ranking.packed_lists import POINTS, rank_points

    names = [name for name in sorted(lists) if weights.get(name, 0) > 0]
    users = np.unique(np.concatenate([np.empty(0, np.int32), *(lists[name].users for name in names)]))
    begins, lengths = np.zeros((2, len(users), max(1, len(names))), np.int64)
    first = 0
    for column, name in enumerate(names):
        each = lists[name]
        rows = np.searchsorted(users, each.users)
        begins[rows, column] = first + each.offsets[:-1]
        lengths[rows, column] = np.diff(each.offsets)
        first += len(each.items)
    items = np.concatenate([np.empty(0, np.int32), *(lists[name].items for name in names)])
    points = rank_points(np.array([weights[name] for name in names]), rrf_k, int(lengths.max(initial=0)))
    n_rows = np.minimum(lengths.sum(axis=1), n)
    out = [
        np.empty((len(users), int(n_rows.max(initial=0))), kind) for kind in (np.int32, np.int64, np.int32, np.int32)
    ]
    sizes = unite_lists(begins, lengths, items, points, places, *out)
    ranks = np.arange(1, out[0].shape[1] + 1, dtype=np.int32)
    is_filled = ranks <= sizes[:, None]
    rows_of = [each[is_filled] for each in out]
    every_rank = np.broadcast_to(ranks, is_filled.shape)[is_filled]
    return United(users[sizes > 0], every_rank, rows_of[0], rows_of[1] / POINTS, rows_of[2], rows_of[3])
