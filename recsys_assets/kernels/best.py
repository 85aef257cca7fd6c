"""The best of each row of scores, whatever form they come in.

All lists have one total order: score descending, then the lower index. What is not finite is never listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba.core.types import Tuple, float64, int64

from recsys_assets.kernels.compiling import compiled, read, written
from recsys_assets.kernels.heap import offer, order

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CSR = (read("int64"), read("int32"), read("float64"))
_SEEN = (read("int64"), read("int32"), int64)
_OUT = (written("int32", 2), written("float64", 2), written("int32", 2), written("float64", 2))
_LENGTHS = Tuple((written("int32"), written("int32")))  # type: ignore[no-untyped-call]


@compiled()
def _floor(values: NDArray[np.float64], n: int, maxima: NDArray[np.float64]) -> float:
    """A value that at least n of the finite values reach: of each block of them the best; all of these hold one."""
    size = (len(values) + len(maxima) - 1) // len(maxima)
    n_blocks = len(values) // size if size else 0
    if n_blocks < 2 * n:
        return -np.inf
    for block in range(n_blocks):
        best = -np.inf
        for place in range(block * size, (block + 1) * size):
            value = values[place]
            best = value if best < value < np.inf else best
        maxima[block] = best
    reached: float = np.partition(maxima[:n_blocks], n_blocks - n)[n_blocks - n]
    return reached


@compiled()
def _keep(
    values: NDArray[np.float64],
    columns: NDArray[np.int32],
    limit: int,
    floor: float,
    heap_scores: NDArray[np.float64],
    heap_indices: NDArray[np.int32],
) -> int:
    """Put the best finite values that reach a floor on a heap; how many there are, ``limit`` at most."""
    size = 0
    for place in range(len(values)):
        value = values[place]
        if value >= floor and value > -np.inf and value < np.inf:
            size = offer(heap_scores, heap_indices, size, limit, value, columns[place])
            if size == limit:
                floor = heap_scores[0]
    return size


@compiled()
def _list(
    scores: NDArray[np.float64],
    columns: NDArray[np.int32],
    mine: NDArray[np.int32],
    seen: NDArray[np.bool_],
    heap: tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float64]],
    items: NDArray[np.int32],
    values: NDArray[np.float64],
    new_items: NDArray[np.int32],
    new_values: NDArray[np.float64],
) -> tuple[int, int]:
    """List the best of a row's scores, and the best of them that is not ``mine``; the lengths of both lists.

    ``seen``, all false, and ``heap`` are scratch.
    """
    heap_scores, heap_indices, maxima = heap
    for column in mine:
        seen[column] = True
    # The best of all reach as far as the best of what is not seen when as many more are kept as were seen.
    limit = max(len(items), len(new_items) + len(mine) if len(new_items) else 0)
    floor = _floor(scores, limit, maxima)
    size = _keep(scores, columns, limit, floor, heap_scores, heap_indices)
    order(heap_scores, heap_indices, size)
    length, new_length = min(size, len(items)), 0
    items[:length], values[:length] = heap_indices[:length], heap_scores[:length]
    for place in range(size):
        if new_length == len(new_items):
            break
        if not seen[heap_indices[place]]:
            new_items[new_length], new_values[new_length] = heap_indices[place], heap_scores[place]
            new_length += 1
    for column in mine:
        seen[column] = False
    return length, new_length


@compiled()
def _heap(
    n: int, n_new: int, seen_indptr: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float64]]:
    """Scratch for `_list` that is large enough for any of the rows."""
    most = max(n, n_new + np.max(np.diff(seen_indptr)))
    return np.empty(most), np.empty(most, np.int32), np.empty(4 * most + 1)


@compiled(_LENGTHS(read("float64", 2), read("int32"), *_SEEN, *_OUT))
def best_of_dense(
    scores: NDArray[np.float64],
    columns: NDArray[np.int32],
    seen_indptr: NDArray[np.int64],
    seen_indices: NDArray[np.int32],
    n_columns: int,
    items: NDArray[np.int32],
    values: NDArray[np.float64],
    new_items: NDArray[np.int32],
    new_values: NDArray[np.float64],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """List the best of each row of a dense matrix, and the best of what is not seen, in one pass.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_rows, n_scored)
    columns : ndarray of int32, shape (n_scored,)
        What each column of the scores is, ascending, below ``n_columns``.
    seen_indptr, seen_indices
        CSR rows of shape (n_rows, n_columns): what is left out of the second lists.
    items, values, new_items, new_values : ndarrays of shape (n_rows, n) and (n_rows, n_new), int32 and float64
        Filled with both kinds of lists; n or n_new may be 0.

    Returns
    -------
    tuple of two ndarrays of int32, shape (n_rows,)
        Lengths of the lists.
    """
    n_rows = len(scores)
    lengths, new_lengths = np.zeros(n_rows, np.int32), np.zeros(n_rows, np.int32)
    seen = np.zeros(n_columns, np.bool_)
    heap = _heap(items.shape[1], new_items.shape[1], seen_indptr)
    for row in range(n_rows):
        mine = seen_indices[seen_indptr[row] : seen_indptr[row + 1]]
        lengths[row], new_lengths[row] = _list(
            scores[row], columns, mine, seen, heap, items[row], values[row], new_items[row], new_values[row]
        )
    return lengths, new_lengths


@compiled(_LENGTHS(*_CSR, *_SEEN, *_OUT))
def best_of_sparse(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    data: NDArray[np.float64],
    seen_indptr: NDArray[np.int64],
    seen_indices: NDArray[np.int32],
    n_columns: int,
    items: NDArray[np.int32],
    values: NDArray[np.float64],
    new_items: NDArray[np.int32],
    new_values: NDArray[np.float64],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """List the best stored entries of each row of a CSR matrix, its columns in any order; see `best_of_dense`."""
    n_rows = len(indptr) - 1
    lengths, new_lengths = np.zeros(n_rows, np.int32), np.zeros(n_rows, np.int32)
    seen = np.zeros(n_columns, np.bool_)
    heap = _heap(items.shape[1], new_items.shape[1], seen_indptr)
    for row in range(n_rows):
        mine = seen_indices[seen_indptr[row] : seen_indptr[row + 1]]
        entries = slice(indptr[row], indptr[row + 1])
        row_scores, columns = data[entries], indices[entries]
        lengths[row], new_lengths[row] = _list(
            row_scores, columns, mine, seen, heap, items[row], values[row], new_items[row], new_values[row]
        )
    return lengths, new_lengths


@compiled()
def _add(
    sums: NDArray[np.float64],
    is_reached: NDArray[np.bool_],
    reached: NDArray[np.int32],
    n_reached: int,
    weight: float,
    columns: NDArray[np.int32],
    values: NDArray[np.float64],
) -> int:
    """Add a weighted sparse row to sums, and note which cells it is the first to reach; how many are reached by now."""
    for place in range(len(columns)):
        column = columns[place]
        sums[column] += weight * values[place]
        if not is_reached[column]:
            is_reached[column] = True
            reached[n_reached] = column
            n_reached += 1
    return n_reached


@compiled(_LENGTHS(*_CSR, *_CSR, float64, *_CSR, *_SEEN, *_OUT))
def best_of_product(
    left_indptr: NDArray[np.int64],
    left_indices: NDArray[np.int32],
    left_data: NDArray[np.float64],
    right_indptr: NDArray[np.int64],
    right_indices: NDArray[np.int32],
    right_data: NDArray[np.float64],
    own_weight: float,
    own_indptr: NDArray[np.int64],
    own_indices: NDArray[np.int32],
    own_data: NDArray[np.float64],
    seen_indptr: NDArray[np.int64],
    seen_indices: NDArray[np.int32],
    n_columns: int,
    items: NDArray[np.int32],
    values: NDArray[np.float64],
    new_items: NDArray[np.int32],
    new_values: NDArray[np.float64],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """List the best of each row of ``left @ right + own_weight * own``, without that matrix; see `best_of_dense`.

    ``left``, ``right`` and ``own`` are CSR matrices of shape (n_rows, n), (n, n_columns) and (n_rows, n_columns).
    A cell is added up in the order of the left row's entries, and what is its own comes last.
    """
    n_rows = len(left_indptr) - 1
    lengths, new_lengths = np.zeros(n_rows, np.int32), np.zeros(n_rows, np.int32)
    seen = np.zeros(n_columns, np.bool_)
    sums, is_reached, reached = np.zeros(n_columns), np.zeros(n_columns, np.bool_), np.empty(n_columns, np.int32)
    totals = np.empty(n_columns)
    heap = _heap(items.shape[1], new_items.shape[1], seen_indptr)
    for row in range(n_rows):
        had = seen_indices[seen_indptr[row] : seen_indptr[row + 1]]
        n_reached = 0
        for entry in range(left_indptr[row], left_indptr[row + 1]):
            link = slice(right_indptr[left_indices[entry]], right_indptr[left_indices[entry] + 1])
            weight, columns, values_of = left_data[entry], right_indices[link], right_data[link]
            n_reached = _add(sums, is_reached, reached, n_reached, weight, columns, values_of)
        mine = slice(own_indptr[row], own_indptr[row + 1])
        n_reached = _add(sums, is_reached, reached, n_reached, own_weight, own_indices[mine], own_data[mine])
        for place in range(n_reached):
            column = reached[place]
            totals[place] = sums[column]
            sums[column], is_reached[column] = 0.0, False
        row_scores, columns = totals[:n_reached], reached[:n_reached]
        lengths[row], new_lengths[row] = _list(
            row_scores, columns, had, seen, heap, items[row], values[row], new_items[row], new_values[row]
        )
    return lengths, new_lengths
