"""Weighted reciprocal-rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009), and how to learn its weights.

Scores are summed as whole multiples of 1e-12, as ``exact_sum`` does in SQL: the same lists and weights give
the same scores, ties included, whatever the order of the rows. Ties go to the lower item index.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from recsys_assets.ranking.packed_lists import POINTS, PackedLists, distinct_pairs, rank_points

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

_FILL = 0.001
"""Weight beside 1 that fills short lists, too small to reorder the first ranks of the leading algorithm."""

_LEVELS = (_FILL, 0.03, 0.1, 0.25, 0.5, 1.0)
"""Relative weights that the coordinate ascent tries for each algorithm."""

_ROUNDS = 2
"""How often the ascent goes round all algorithms."""


class FusedLists(NamedTuple):
    """Rows of fused lists, ordered by list and rank; each field an ndarray of shape (n_rows,)."""

    lists: Ints
    items: Ints
    ranks: Ints
    scores: Floats


@dataclass(frozen=True)
class LearnedWeights:
    """Weights and what they achieved on the lists they were learned from.

    Attributes
    ----------
    weights : float64 ndarray of shape (n_algorithms,)
        Positive, sum to one.
    rule : str
        Which candidate won: ``uniform``, ``single``, ``proportional`` or ``ascent``.
    ndcg, uniform_ndcg : float
        Mean NDCG@k of these and of equal weights; NaN without graded lists.
    single_ndcg : float64 ndarray of shape (n_algorithms,)
        Mean NDCG@k of each algorithm's own lists; NaN without graded lists.
    """

    weights: Floats
    rule: str
    ndcg: float
    uniform_ndcg: float
    single_ndcg: Floats


def fuse(lists: Ints, algorithms: Ints, ranks: Ints, items: Ints, weights: Floats, *, rrf_k: int, n: int) -> FusedLists:
    """Fuse the algorithms' lists: score = sum over a of ``w_a / (rrf_k + rank_a)``, best ``n`` of each list.

    The reference of the nightly union, `ranking.list_arrays.unite`. Time O(m log m), memory O(m).

    Parameters
    ----------
    lists, algorithms, ranks, items : int ndarrays of shape (m,)
        One row per listed item; ranks start at 1, the other three at 0.
    weights : float64 ndarray of shape (n_algorithms,)
        Not negative.
    rrf_k : int
        Damping, 0 or more: the higher, the less the first ranks stand out.
    n : int
        Length of the fused lists; a list with fewer items stays short.

    Returns
    -------
    FusedLists

    Raises
    ------
    ValueError
        If the rows do not fit each other or an algorithm names an item twice in a list.
    """
    import numpy as np

    _check_rows(lists, algorithms, ranks, items, len(weights))
    points = rank_points(weights, rrf_k, int(ranks.max(initial=0)))[algorithms, ranks]
    of_list, item, place = distinct_pairs(lists, items)
    # Sums of whole numbers below 2**53 are exact in float64.
    total = np.bincount(place, weights=points, minlength=len(item))
    order = np.lexsort((item, -total, of_list))
    of_list, item, total = of_list[order], item[order], total[order]
    rank = np.arange(len(order)) - np.searchsorted(of_list, of_list) + 1
    top = rank <= n
    return FusedLists(of_list[top], item[top], rank[top], total[top] / POINTS)


def learn_weights(
    lists: Ints,
    algorithms: Ints,
    ranks: Ints,
    items: Ints,
    relevant: NDArray[np.bool_],
    n_relevant: Ints,
    n_algorithms: int,
    *,
    rrf_k: int,
    k: int = 10,
) -> LearnedWeights:
    """Weights that maximise the mean NDCG@k of the fused lists, on lists whose outcome is known.

    Candidates, simplest first: equal weights; the best single algorithm, the others only filling in; weights
    proportional to a power of each algorithm's NDCG; a coordinate ascent from the best of these. The simplest
    within one standard error of the best, by paired differences over lists, is taken (Breiman et al., 1984):
    few lists give large errors, hence simple weights. Deterministic. About 20 evaluations per algorithm, each
    of O(n_hits * width) time, width being the most items in one list; memory about
    (4 * n_algorithms + 16) * n_lists * width + 9 * n_hits * width bytes.

    Parameters
    ----------
    lists, algorithms, ranks, items : int ndarrays of shape (m,)
        As in `fuse`.
    relevant : bool ndarray of shape (m,)
        The row's item turned out relevant for the row's list.
    n_relevant : int ndarray of shape (n_lists,)
        Relevant items of each list, listed by an algorithm or not; at least 1.
    n_algorithms : int
        Algorithms without a row keep a weight.
    rrf_k, k : int

    Returns
    -------
    LearnedWeights
        Equal weights when there are no graded lists.

    Raises
    ------
    ValueError
        As `fuse`, and for a list without relevant items.
    """
    import numpy as np

    uniform = np.full(n_algorithms, 1 / n_algorithms)
    if len(n_relevant) == 0:
        return LearnedWeights(uniform, "uniform", math.nan, math.nan, np.full(n_algorithms, math.nan))
    if n_relevant.min() < 1:
        raise ValueError(f"List {n_relevant.argmin()} has no relevant item: leave such lists out, they teach nothing.")
    if len(relevant) != len(lists) or lists.max(initial=-1) >= len(n_relevant):
        raise ValueError("A row lacks its relevance or its list's n_relevant: pass graded lists only.")
    _check_rows(lists, algorithms, ranks, items, n_algorithms)
    packed = PackedLists(lists, algorithms, ranks, items, relevant, n_relevant, n_algorithms, rrf_k, k)
    single = packed.single_ndcg()
    chosen = _simplest_within_one_error(_candidates(packed, single))
    weights = chosen.weights / chosen.weights.sum()
    achieved, equal = packed.ndcg(weights).mean(), packed.ndcg(uniform).mean()
    return LearnedWeights(weights, chosen.rule, float(achieved), float(equal), single)


def _candidates(packed: PackedLists, single: Floats) -> list[_Candidate]:
    """The best weights by each rule, simplest rule first."""
    simple = [
        max((_Candidate(rule, w, packed.ndcg(w)) for w in trials), key=_mean_ndcg)
        for rule, trials in _simple_weights(single).items()
    ]
    return [*simple, _ascend(packed, max(simple, key=_mean_ndcg))]


class _Candidate(NamedTuple):
    rule: str
    weights: Floats
    ndcg: Floats
    """Of every list."""


def _mean_ndcg(candidate: _Candidate) -> float:
    return float(candidate.ndcg.mean())


def _simple_weights(single: Floats) -> dict[str, list[Floats]]:
    """Weights to choose and to start from, by rule, simplest rule first."""
    import numpy as np

    alone = np.where(np.eye(len(single), dtype=bool), 1.0, _FILL)
    share = single / single.max() if single.max() > 0 else np.ones(len(single))
    return {
        "uniform": [np.ones(len(single))],
        "single": list(alone),
        "proportional": [np.maximum(share**power, _FILL) for power in (1, 2, 4, 8)],
    }


def _ascend(packed: PackedLists, best: _Candidate) -> _Candidate:
    """Best weights that changes of one weight at a time reach; some weight stays 1: only ratios count."""
    for _ in range(_ROUNDS):
        before = best
        for a in range(len(best.weights)):
            for level in _LEVELS:
                weights = best.weights.copy()
                weights[a] = level
                if level == best.weights[a] or weights.max() < 1:
                    continue
                trial = _Candidate("ascent", weights, packed.ndcg(weights))
                best = max(best, trial, key=_mean_ndcg)
        if best is before:
            break
    return best


def _simplest_within_one_error(candidates: list[_Candidate]) -> _Candidate:
    best = max(candidates, key=_mean_ndcg)

    def within(candidate: _Candidate) -> bool:
        behind = best.ndcg - candidate.ndcg
        return len(behind) < 2 or bool(behind.mean() <= behind.std(ddof=1) / math.sqrt(len(behind)))

    return next(candidate for candidate in candidates if within(candidate))


def _check_rows(lists: Ints, algorithms: Ints, ranks: Ints, items: Ints, n_algorithms: int) -> None:
    import numpy as np

    if not len(lists) == len(algorithms) == len(ranks) == len(items):
        raise ValueError("lists, algorithms, ranks and items differ in length: pass one row per listed item.")
    if len(lists) == 0:
        return
    if min(lists.min(), algorithms.min(), items.min()) < 0 or ranks.min() < 1:
        raise ValueError("Ranks start at 1, list, algorithm and item indices at 0: renumber the rows.")
    if algorithms.max() >= n_algorithms:
        raise ValueError(f"Algorithm {algorithms.max()} has no weight: there are weights for {n_algorithms}.")
    n_items = int(items.max()) + 1
    rows = np.sort((lists.astype(np.int64) * n_algorithms + algorithms) * n_items + items)
    twice = rows[1:][np.diff(rows) == 0]
    if len(twice):
        row, item = divmod(int(twice[0]), n_items)
        of_list, algorithm = divmod(row, n_algorithms)
        raise ValueError(f"Algorithm {algorithm} names item {item} twice in list {of_list}: keep its better rank only.")
