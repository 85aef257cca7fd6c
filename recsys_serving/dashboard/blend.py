"""Other weights of the fusion: which lists they give, and how good those would have been.

What belongs here: the reciprocal rank fusion of Cormack, Clarke and Buettcher (SIGIR 2009), as `ranking.fusion` has it,
over the lists that a release holds, and NDCG over what users took since.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Lists = dict[str, list[str]]
"""Items of each algorithm's list, best first."""
POINTS = 10**12


def points(weight: float, rrf_k: int, rank: int) -> int:
    """What a place of an algorithm's list counts, in whole numbers, as the night adds it: equals stay equal."""
    return round(weight / (rrf_k + rank) * POINTS)


def fused(lists: Lists, weights: Mapping[str, float], rrf_k: int, k: int) -> list[tuple[str, float]]:
    """The first k items and their scores: the sum of weight / (rrf_k + rank) over the algorithms that list them."""
    sums: dict[str, int] = {}
    for algorithm, items in lists.items():
        weight = weights.get(algorithm, 0.0)
        if weight > 0:
            for rank, item in enumerate(items, 1):
                sums[item] = sums.get(item, 0) + points(weight, rrf_k, rank)
    best = sorted(sums.items(), key=lambda each: (-each[1], each[0]))[:k]
    return [(item, n / POINTS) for item, n in best]


@dataclass(frozen=True)
class Judged:
    """Lists of some users a horizon ago, and what each took since."""

    lists: dict[str, Lists]
    """By user; each took something."""
    relevant: dict[str, frozenset[str]]
    """By user: items that count."""

    def ndcg(self, weights: Mapping[str, float], rrf_k: int, k: int = 10) -> tuple[float, float]:
        """Mean NDCG@k over users, and its standard error; not a number without users."""
        gains = [
            _ndcg([item for item, _ in fused(lists, weights, rrf_k, k)], self.relevant[user], k)
            for user, lists in self.lists.items()
        ]
        if not gains:
            return math.nan, math.nan
        mean = sum(gains) / len(gains)
        spread = sum((gain - mean) ** 2 for gain in gains) / max(len(gains) - 1, 1)
        return mean, math.sqrt(spread / len(gains))


def _ndcg(items: Sequence[str], relevant: frozenset[str], k: int) -> float:
    gain = sum(1 / math.log2(rank + 1) for rank, item in enumerate(items, 1) if item in relevant)
    return gain / sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(relevant)) + 1))
