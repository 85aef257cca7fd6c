"""Candidate lists as arrays: distinct items, points of their ranks, and fast NDCG of what they fuse into."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

POINTS = 10**12
"""Points of a score of 1: the twelve decimals of ``decimal(38, 12)``."""


def rank_points(weights: Floats, rrf_k: int, max_rank: int) -> NDArray[np.int64]:
    """Points that each rank earns, shape (n_algorithms, max_rank + 1); rank 0, not listed, earns none."""
    import numpy as np

    points = np.zeros((len(weights), max_rank + 1), dtype=np.int64)
    points[:, 1:] = np.rint(weights[:, None] / (rrf_k + np.arange(1, max_rank + 1)) * POINTS)
    return points


def distinct_pairs(lists: Ints, items: Ints) -> tuple[Ints, Ints, Ints]:
    """Distinct (list, item) in ascending order, and the place of each row among them."""
    import numpy as np

    n_items = int(items.max(initial=0)) + 1
    pairs, place = np.unique(lists.astype(np.int64) * n_items + items, return_inverse=True)
    return pairs // n_items, pairs % n_items, place


class PackedLists:
    """Lists in padded rows, so that NDCG@k under new weights costs a few array operations.

    Rows are the lists with a relevant candidate (others score 0 under any weights), columns their items in
    ascending order; 0 is the rank of an item the algorithm does not list.
    """

    def __init__(
        self,
        lists: Ints,
        algorithms: Ints,
        ranks: Ints,
        items: Ints,
        relevant: NDArray[np.bool_],
        n_relevant: Ints,
        n_algorithms: int,
        rrf_k: int,
        k: int,
    ) -> None:
        import numpy as np

        keep = np.isin(lists, lists[relevant])
        of_list, _, place = distinct_pairs(lists[keep], items[keep])
        row_list, row = np.unique(of_list, return_inverse=True)
        column = np.arange(len(row)) - np.searchsorted(row, row)
        width = int(column.max(initial=0)) + 1
        self.rank = np.zeros((n_algorithms, len(row_list), width), dtype=np.int32)
        self.rank[algorithms[keep], row[place], column[place]] = ranks[keep]
        hit = np.unique(place[relevant[keep]])
        self.hit_row, self.hit_column, self.hit_list = row[hit], column[hit], of_list[hit]
        self.rrf_k, self.max_rank = rrf_k, int(ranks.max(initial=0))
        self._weights = np.zeros(n_algorithms)
        self._score = np.zeros(self.rank.shape[1:], dtype=np.int64)
        # NDCG is as in `evaluation.metrics`: a hit gains by the number of items ahead of it, and nothing from k on.
        discount = np.array([1 / math.log2(rank + 1) for rank in range(1, k + 1)])
        self.ideal = np.cumsum(discount)[np.minimum(n_relevant, k) - 1]
        self.gain = np.append(discount, np.zeros(max(width, self.max_rank)))

    def ndcg(self, weights: Floats) -> Floats:
        """NDCG@k of every list fused with these weights, shape (n_lists,)."""
        import numpy as np

        from recsys_assets.kernels.weighing import items_ahead, reweigh

        # These are whole numbers: what other weights change is added exactly, however often.
        changed = np.flatnonzero(weights != self._weights)
        new, old = (rank_points(w[changed], self.rrf_k, self.max_rank) for w in (weights, self._weights))
        for place, points in zip(changed, new - old, strict=True):
            reweigh(self._score, self.rank[place], points)
        self._weights = weights.copy()
        return self._per_list(self.gain[items_ahead(self._score, self.hit_row, self.hit_column)])

    def single_ndcg(self) -> Floats:
        """Mean NDCG@k of each algorithm's own lists, shape (n_algorithms,)."""
        import numpy as np

        # An item not listed has rank 0 and takes the last gain, which is none.
        gains = self.gain[self.rank[:, self.hit_row, self.hit_column] - 1]
        return np.array([self._per_list(gain).mean() for gain in gains])

    def _per_list(self, gain: Floats) -> Floats:
        import numpy as np

        per_list: Floats = np.bincount(self.hit_list, gain, len(self.ideal)) / self.ideal
        return per_list
