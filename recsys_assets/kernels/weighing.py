"""How fused lists change with the weight of one algorithm, and what then stands ahead of each hit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba.core.types import none

from recsys_assets.kernels.compiling import compiled, read, written

if TYPE_CHECKING:
    from numpy.typing import NDArray


@compiled(none(written("int64", 2), read("int32", 2), read("int64")))
def reweigh(scores: NDArray[np.int64], ranks: NDArray[np.int32], points: NDArray[np.int64]) -> None:
    """Add to each score the points of the item's rank, in place.

    Parameters
    ----------
    scores : ndarray of int64, shape (n_lists, width)
    ranks : ndarray of int32, shape (n_lists, width)
        By one algorithm; 0: not listed.
    points : ndarray of int64, shape (max_rank + 1,)
        What each rank earns more than before.
    """
    for row in range(scores.shape[0]):
        for column in range(scores.shape[1]):
            scores[row, column] += points[ranks[row, column]]


@compiled(written("int64")(read("int64", 2), read("int64"), read("int64")))
def items_ahead(scores: NDArray[np.int64], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the items that stand ahead of some: those of a higher score, and of equals those in a lower column.

    Time O(n * width).

    Parameters
    ----------
    scores : ndarray of int64, shape (n_lists, width)
    rows, columns : ndarray of int64, shape (n,)
        Where the items stand in it.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    ahead = np.zeros(len(rows), np.int64)
    for place in range(len(rows)):
        of_list, own = scores[rows[place]], columns[place]
        score, n = of_list[own], 0
        # Two plain loops, so that the processor compares several at a time.
        for column in range(own):
            n += of_list[column] >= score
        for column in range(own + 1, len(of_list)):
            n += of_list[column] > score
        ahead[place] = n
    return ahead
