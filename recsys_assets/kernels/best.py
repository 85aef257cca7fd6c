"""The best of each row of scores, whatever form they come in.

All lists have one total order: score descending, then the lower index. What is not finite is never listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba.core.types import Tuple, float64, int64

from recsys_assets.kernels.compiling import compiled, read, written

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CSR = (read("int64"), read("int32"), read("float64"))
_SEEN = (read("int64"), read("int32"), int64)
_OUT = (written("int32", 2), written("float64", 2), written("int32", 2), written("float64", 2))
_LENGTHS = Tuple((written("int32"), written("int32")))  # type: ignore[no-untyped-call]


@compiled()
def _worse(score: float, index: int, other: float, other_index: int) -> bool:
    return score < other or (score == other and index > other_index)


@compiled()
def offer(
    scores: NDArray[np.float64], indices: NDArray[np.int32], size: int, limit: int, score: float, index: int
) -> int:
    """Put an entry on a heap whose worst stands first, in place of it where the heap is full; its size from then on."""
    if size == limit:
        if not _worse(scores[0], indices[0], score, index):
            return size
        place = 0
        while True:
            child = 2 * place + 1
            if child >= size:
                break
            if child + 1 < size and _worse(scores[child + 1], indices[child + 1], scores[child], indices[child]):
                child += 1
            if not _worse(scores[child], indices[child], score, index):
                break
            scores[place], indices[place] = scores[child], indices[child]
            place = child
    else:
        place = size
        size += 1
        while place > 0:
            parent = (place - 1) // 2
            if not _worse(score, index, scores[parent], indices[parent]):
                break
            scores[place], indices[place] = scores[parent], indices[parent]
            place = parent
    scores[place], indices[place] = score, index
    return size


@compiled()
def order(scores: NDArray[np.float64], indices: NDArray[np.int32], size: int) -> None:
    """Order a heap, best first, in place."""
    for end in range(size - 1, 0, -1):
        score, index = scores[end], indices[end]
        scores[end], indices[end] = scores[0], indices[0]
        place = 0
        while True:
            child = 2 * place + 1
            if child >= end:
                break
            if child + 1 < end and _worse(scores[child + 1], indices[child + 1], scores[child], indices[child]):
                child += 1
            if not _worse(scores[child], indices[child], score, index):
                break
            scores[place], indices[place] = scores[child], indices[child]
            place = child
        scores[place], indices[place] = score, index


@compiled()
def _list(
    heap_scores: NDArray[np.float64],
    heap_indices: NDArray[np.int32],
    size: int,
    seen: NDArray[np.bool_],
    items: NDArray[np.int32],
    values: NDArray[np.float64],
    new_items: NDArray[np.int32],
    new_values: NDArray[np.float64],
) -> tuple[int, int]:
    """List the best of a heap, and the best of it that is not seen; the lengths of both lists."""
    order(heap_scores, heap_indices, size)
    length, new_length = min(size, len(items)), 0
    items[:length], values[:length] = heap_indices[:length], heap_scores[:length]
    for place in range(size):
        if new_length == len(new_items):
            break
        if not seen[heap_indices[place]]:
            new_items[new_length], new_values[new_length] = heap_indices[place], heap_scores[place]
            new_length += 1
    return length, new_length


_CHUNK = 32
"""Scores compared at once with the worst that is kept: most chunks hold none that is better."""


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
    n_rows, n_scored = scores.shape
    lengths, new_lengths = np.zeros(n_rows, np.int32), np.zeros(n_rows, np.int32)
    seen = np.zeros(n_columns, np.bool_)
    # The best of all reach as far as the best of what is not seen when as many more are kept as were seen.
    most = max(items.shape[1], new_items.shape[1] + np.max(np.diff(seen_indptr)))
    heap_scores, heap_indices = np.empty(most), np.empty(most, np.int32)
    for row in range(n_rows):
        mine = seen_indices[seen_indptr[row] : seen_indptr[row + 1]]
        for column in mine:
            seen[column] = True
        limit = max(items.shape[1], new_items.shape[1] + len(mine) if new_items.shape[1] else 0)
        size, floor = 0, -np.inf
        for first in range(0, n_scored, _CHUNK):
            last = min(first + _CHUNK, n_scored)
            n_above = 0
            for place in range(first, last):
                n_above += scores[row, place] > floor
            if n_above == 0:
                continue
            for place in range(first, last):
                score = scores[row, place]
                if score > floor and score < np.inf:
                    size = offer(heap_scores, heap_indices, size, limit, score, columns[place])
                    if size == limit:
                        floor = heap_scores[0]
        lengths[row], new_lengths[row] = _list(
            heap_scores, heap_indices, size, seen, items[row], values[row], new_items[row], new_values[row]
        )
        for column in mine:
            seen[column] = False
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
    most = max(items.shape[1], new_items.shape[1] + np.max(np.diff(seen_indptr)))
    heap_scores, heap_indices = np.empty(most), np.empty(most, np.int32)
    for row in range(n_rows):
        mine = seen_indices[seen_indptr[row] : seen_indptr[row + 1]]
        for column in mine:
            seen[column] = True
        limit = max(items.shape[1], new_items.shape[1] + len(mine) if new_items.shape[1] else 0)
        size, floor = 0, -np.inf
        for entry in range(indptr[row], indptr[row + 1]):
            score = data[entry]
            if score >= floor and score > -np.inf and score < np.inf:
                size = offer(heap_scores, heap_indices, size, limit, score, indices[entry])
                if size == limit:
                    floor = heap_scores[0]
        lengths[row], new_lengths[row] = _list(
            heap_scores, heap_indices, size, seen, items[row], values[row], new_items[row], new_values[row]
        )
        for column in mine:
            seen[column] = False
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
    most = max(items.shape[1], new_items.shape[1] + np.max(np.diff(seen_indptr)))
    heap_scores, heap_indices = np.empty(most), np.empty(most, np.int32)
    for row in range(n_rows):
        had = seen_indices[seen_indptr[row] : seen_indptr[row + 1]]
        for column in had:
            seen[column] = True
        n_reached = 0
        for entry in range(left_indptr[row], left_indptr[row + 1]):
            link = slice(right_indptr[left_indices[entry]], right_indptr[left_indices[entry] + 1])
            weight, columns, values_of = left_data[entry], right_indices[link], right_data[link]
            n_reached = _add(sums, is_reached, reached, n_reached, weight, columns, values_of)
        mine = slice(own_indptr[row], own_indptr[row + 1])
        n_reached = _add(sums, is_reached, reached, n_reached, own_weight, own_indices[mine], own_data[mine])
        limit = max(items.shape[1], new_items.shape[1] + len(had) if new_items.shape[1] else 0)
        size, floor = 0, -np.inf
        for place in range(n_reached):
            column = reached[place]
            score = sums[column]
            sums[column], is_reached[column] = 0.0, False
            if score >= floor and score > -np.inf and score < np.inf:
                size = offer(heap_scores, heap_indices, size, limit, score, column)
                if size == limit:
                    floor = heap_scores[0]
        lengths[row], new_lengths[row] = _list(
            heap_scores, heap_indices, size, seen, items[row], values[row], new_items[row], new_values[row]
        )
        for column in had:
            seen[column] = False
    return lengths, new_lengths
