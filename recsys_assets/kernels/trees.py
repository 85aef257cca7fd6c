"""Scores of decision trees for many rows that share most of their features.

Each tree is a lane of bits, one a leaf from left to right. A value that fails a split clears the leaves to the split's
left; the lowest bit that all of a row's values leave is the leaf it falls into (Lucchese et al., "QuickScorer", SIGIR
2015). What a value clears depends on the value alone, so what a user's or an item's values clear is found once for all
rows of that user or item.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba.core.types import float64, int64, none
from numba.cpython.unsafe import numbers

from recsys_assets.kernels.compiling import compiled, read, written

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LANES = ("uint16", "uint64")
"""Types of a lane: for trees of at most 16 leaves, and of more."""
_INTS = read("int32")
_ROWS_TOGETHER = 16
_trailing_zeros: Any = numbers.trailing_zeros


@compiled(
    *(
        none(
            *(written(lane, 2), _INTS, read("float32", 2), _INTS, _INTS),
            *(read("float64"), read("int64"), read(lane, 2)),
        )
        for lane in _LANES
    )
)
def clear(
    lanes: NDArray[np.uint16],
    rows: NDArray[np.int32],
    values: NDArray[np.float32],
    columns: NDArray[np.int32],
    features: NDArray[np.int32],
    thresholds: NDArray[np.float64],
    starts: NDArray[np.int64],
    masks: NDArray[np.uint16],
) -> None:
    """Clear the leaves that values rule out, in place.

    Parameters
    ----------
    lanes : ndarray of uint, shape (n, n_trees)
        Leaves that are left.
    rows : ndarray of int32, shape (n,)
        Which row of ``values`` each is about; -1: nothing is known, as if all its values were NaN.
    values : ndarray of float32, shape (n_rows, n_columns)
    columns, features : ndarray of int32, shape (n_used,)
        Columns to look at, and which feature each is.
    thresholds, starts
        Those of feature f lie ascending in ``thresholds[starts[f]:starts[f + 1]]``.
    masks : ndarray of uint, shape (n_codes, n_trees)
        Leaves that a value leaves, by its code. Feature f has ``starts[f + 1] - starts[f] + 2`` codes from
        ``starts[f] + 2 * f`` on: the number of thresholds below the value, and last that of NaN.
    """
    n_trees = lanes.shape[1]
    unknown = np.empty(n_trees, lanes.dtype)
    is_known = False
    for place in range(len(rows)):
        row = rows[place]
        if row < 0:
            if not is_known:
                unknown[:] = ~lanes.dtype.type(0)
                for used in range(len(features)):
                    mask = masks[starts[features[used] + 1] + 2 * features[used] + 1]
                    for tree in range(n_trees):
                        unknown[tree] &= mask[tree]
                is_known = True
            for tree in range(n_trees):
                lanes[place, tree] &= unknown[tree]
            continue
        for used in range(len(columns)):
            feature = features[used]
            value = np.float64(values[row, columns[used]])
            low, high = starts[feature], starts[feature + 1]
            code = high - low + 1
            if value == value:
                first = low
                while low < high:
                    middle = (low + high) // 2
                    if thresholds[middle] < value:
                        low = middle + 1
                    else:
                        high = middle
                code = low - first
            mask = masks[starts[feature] + 2 * feature + code]
            for tree in range(n_trees):
                lanes[place, tree] &= mask[tree]


@compiled(*(none(written(lane, 2), _INTS, read(lane, 2), _INTS, read(lane, 2)) for lane in _LANES))
def both(
    lanes: NDArray[np.uint16],
    users: NDArray[np.int32],
    of_users: NDArray[np.uint16],
    items: NDArray[np.int32],
    of_items: NDArray[np.uint16],
) -> None:
    """Fill lanes with the leaves that are left by each row's user and item.

    Parameters
    ----------
    lanes : ndarray of uint, shape (n, n_trees)
    users, items : ndarray of int32, shape (n,)
        Rows of the next.
    of_users, of_items : ndarray of uint, shape (n_users or n_items, n_trees)
    """
    for place in range(len(users)):
        user, item = of_users[users[place]], of_items[items[place]]
        for tree in range(lanes.shape[1]):
            lanes[place, tree] = user[tree] & item[tree]


@compiled(written("int32")(_INTS, _INTS, read("int64"), _INTS, int64))
def places_of(
    users: NDArray[np.int32],
    items: NDArray[np.int32],
    indptr: NDArray[np.int64],
    columns: NDArray[np.int32],
    n_columns: int,
) -> NDArray[np.int32]:
    """Find rows of a table about a user and an item.

    Parameters
    ----------
    users : ndarray of int32, shape (n,)
        Which rows of the CSR pattern to look in, equal ones side by side; -1: none.
    items : ndarray of int32, shape (n,)
        Columns looked for; -1: none.
    indptr, columns
        CSR pattern of a matrix with ``n_columns`` columns.

    Returns
    -------
    ndarray of int32, shape (n,)
        Place of the entry; -1: there is none.
    """
    found = np.full(len(users), -1, np.int32)
    entry_of = np.full(n_columns, -1, np.int32)
    last = -1
    for place in range(len(users)):
        user = users[place]
        if user != last:
            if last >= 0:
                for entry in range(indptr[last], indptr[last + 1]):
                    entry_of[columns[entry]] = -1
            if user >= 0:
                for entry in range(indptr[user], indptr[user + 1]):
                    entry_of[columns[entry]] = entry
            last = user
        if user >= 0 and items[place] >= 0:
            found[place] = entry_of[items[place]]
    return found


@compiled(*(written("float64", 2)(read(lane, 2), read("float64", 2), read("int64")) for lane in _LANES))
def sums(lanes: NDArray[np.uint16], leaves: NDArray[np.float64], ends: NDArray[np.int64]) -> NDArray[np.float64]:
    """Add up the leaves that rows fall into, in the order of the trees.

    Parameters
    ----------
    lanes : ndarray of uint, shape (n, n_trees)
    leaves : ndarray of float64, shape (n_trees, most leaves of a tree)
    ends : ndarray of int64, shape (n_models,)
        Where the trees of each model end.

    Returns
    -------
    ndarray of float64, shape (n_models, n)
    """
    n = len(lanes)
    scores = np.zeros((len(ends), n))
    for start in range(0, n, _ROWS_TOGETHER):
        stop = min(start + _ROWS_TOGETHER, n)
        first = 0
        for model in range(len(ends)):
            # Several rows side by side: each sum waits for its last addition, but not for those of other rows.
            for tree in range(first, ends[model]):
                for place in range(start, stop):
                    scores[model, place] += leaves[tree, _trailing_zeros(lanes[place, tree])]
            first = ends[model]
    return scores


@compiled(written("float64")(read("float64"), float64))
def logistic(sums_of_leaves: NDArray[np.float64], slope: float) -> NDArray[np.float64]:
    """What LightGBM makes of a binary model's sums, to the last bit: ``1 / (1 + exp(-slope * sum))``."""
    shares = np.empty(len(sums_of_leaves))
    for place in range(len(shares)):
        shares[place] = 1.0 / (1.0 + math.exp(-slope * sums_of_leaves[place]))
    return shares


@compiled(written("int32")(read("int64"), read("float64"), _INTS))
def ranks_in(offsets: NDArray[np.int64], scores: NDArray[np.float64], ties: NDArray[np.int32]) -> NDArray[np.int32]:
    """Rank rows within their lists, the highest score first, of equals that with the lower tie.

    Parameters
    ----------
    offsets : ndarray of int64, shape (n_lists + 1,)
        Where each list's rows begin and end.
    scores : ndarray of float64, shape (n_rows,)
    ties : ndarray of int32, shape (n_rows,)

    Returns
    -------
    ndarray of int32, shape (n_rows,)
        From 1.
    """
    ranks = np.empty(len(scores), np.int32)
    for of in range(len(offsets) - 1):
        first, n = offsets[of], offsets[of + 1] - offsets[of]
        order = np.argsort(-scores[first : first + n])
        for place in range(1, n):
            # Equals come in any order; a step back for each that should stand before brings them in theirs.
            row, back = order[place], place
            while back > 0:
                ahead = order[back - 1]
                if scores[first + ahead] != scores[first + row] or ties[first + ahead] < ties[first + row]:
                    break
                order[back] = ahead
                back -= 1
            order[back] = row
        for place in range(n):
            ranks[first + order[place]] = place + 1
    return ranks
