"""A heap of the best entries so far, the worst first; its order is total: score descending, then the lower index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.kernels.compiling import compiled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@compiled()
def _worse(score: float, index: int, other: float, other_index: int) -> bool:
    return score < other or (score == other and index > other_index)


@compiled()
def _sift_down(scores: NDArray[np.float64], indices: NDArray[np.int32], size: int, score: float, index: int) -> None:
    """Put an entry in place of the first of a heap of so many, and let it sink to where it belongs."""
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
    scores[place], indices[place] = score, index


@compiled()
def offer(
    scores: NDArray[np.float64], indices: NDArray[np.int32], size: int, limit: int, score: float, index: int
) -> int:
    """Put an entry on a heap whose worst stands first, in place of it where the heap is full; its size from then on."""
    if size == limit:
        if _worse(scores[0], indices[0], score, index):
            _sift_down(scores, indices, size, score, index)
        return size
    place = size
    while place > 0:
        parent = (place - 1) // 2
        if not _worse(score, index, scores[parent], indices[parent]):
            break
        scores[place], indices[place] = scores[parent], indices[parent]
        place = parent
    scores[place], indices[place] = score, index
    return size + 1


@compiled()
def order(scores: NDArray[np.float64], indices: NDArray[np.int32], size: int) -> None:
    """Order a heap, best first, in place."""
    for end in range(size - 1, 0, -1):
        score, index = scores[end], indices[end]
        scores[end], indices[end] = scores[0], indices[0]
        _sift_down(scores, indices, end, score, index)
