"""Ranking metrics with binary relevance, one value per list.

Each takes ``hits``, a bool ndarray of shape (n_lists, depth) whose ``hits[i, r]`` says that the item at rank
r + 1 of list i is relevant (False past the list's end), ``n_relevant``, an int ndarray of shape (n_lists,)
that counts every relevant item, reachable or not, and the cut ``k`` within 1..depth. Each returns a float64
ndarray of shape (n_lists,) within [0, 1]. A list that ends before rank k is graded as if wrong items
followed. Time and memory O(n_lists * depth).

A new metric is one function under ``@metric("name")``.
"""

from __future__ import annotations

import math
from functools import wraps
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Metric = Callable[[Bools, Ints, int], Floats]

METRICS: dict[str, Metric] = {}
"""Metric functions by their name in tables."""


def metric(name: str) -> Callable[[Metric], Metric]:
    """Register a metric under the name it has in tables, and check its arguments on every call.

    The checked metric raises ``ValueError`` for arrays that do not fit each other, a ``k`` outside 1..depth,
    a list without relevant items (it cannot be graded) and a list with more hits than relevant items.
    """

    def register(function: Metric) -> Metric:
        @wraps(function)
        def checked(hits: Bools, n_relevant: Ints, k: int) -> Floats:
            _check(hits, n_relevant, k)
            return function(hits, n_relevant, k)

        METRICS[name] = checked
        return checked

    return register


def _check(hits: Bools, n_relevant: Ints, k: int) -> None:
    if hits.dtype != bool or hits.ndim != 2 or n_relevant.shape != hits.shape[:1]:
        raise ValueError(
            "Pass hits as bool of shape (n_lists, depth) and n_relevant of shape (n_lists,), not "
            f"{hits.dtype} {hits.shape} and {n_relevant.shape}."
        )
    if not 1 <= k <= hits.shape[1]:
        raise ValueError(f"k={k} is outside 1..{hits.shape[1]}, the depth of hits: widen hits or lower k.")
    if (n_relevant < 1).any():
        raise ValueError(
            f"List {int(n_relevant.argmin())} has no relevant item: leave such lists out, they have no grade."
        )
    too_many = hits.sum(axis=1) > n_relevant
    if too_many.any():
        row = int(too_many.argmax())
        raise ValueError(f"List {row} has more hits than relevant items: count each item once, and all relevant ones.")


@metric("precision")
def precision(hits: Bools, n_relevant: Ints, k: int) -> Floats:
    """Share of the first k ranks that are hits: ``hits@k / k`` (Kent et al., 1955)."""
    share: Floats = hits[:, :k].sum(axis=1) / k
    return share


@metric("recall")
def recall(hits: Bools, n_relevant: Ints, k: int) -> Floats:
    """Share of the relevant items within the first k ranks: ``hits@k / n_relevant`` (Kent et al., 1955)."""
    share: Floats = hits[:, :k].sum(axis=1) / n_relevant
    return share


@metric("ndcg")
def ndcg(hits: Bools, n_relevant: Ints, k: int) -> Floats:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen, TOIS 2002).

    ``sum over hits at ranks r <= k of 1 / log2(r + 1)``, divided by the same sum of an ideal list, the first
    ``min(k, n_relevant)`` ranks of which are hits.
    """
    import numpy as np

    discount = np.array([1 / math.log2(rank + 1) for rank in range(1, k + 1)])
    # Running sums add in rank order in both terms, so that a perfect list is exactly 1.
    gain: Floats = np.cumsum(hits[:, :k] * discount, axis=1)[:, -1]
    ideal: Floats = np.cumsum(discount)[np.minimum(n_relevant, k) - 1]
    return gain / ideal


@metric("map")
def average_precision(hits: Bools, n_relevant: Ints, k: int) -> Floats:
    """Average precision; its mean over lists is MAP (Buckley and Voorhees, SIGIR 2000).

    ``sum over hits at ranks r <= k of precision@r``, divided by ``min(k, n_relevant)``, so that a perfect
    list scores 1 at any cut; without a cut this is the textbook's division by ``n_relevant``.
    """
    import numpy as np

    hits_so_far = np.cumsum(hits[:, :k], axis=1)
    precision_at_hits = np.where(hits[:, :k], hits_so_far / np.arange(1, k + 1), 0.0)
    total: Floats = np.cumsum(precision_at_hits, axis=1)[:, -1]
    return total / np.minimum(n_relevant, k)


@metric("mrr")
def reciprocal_rank(hits: Bools, n_relevant: Ints, k: int) -> Floats:
    """One over the rank of the first hit, 0 if it comes after k; its mean is MRR (Voorhees, TREC-8, 1999)."""
    import numpy as np

    reciprocal: Floats = np.where(hits[:, :k].any(axis=1), 1 / (1 + hits[:, :k].argmax(axis=1)), 0.0)
    return reciprocal


@metric("hit_rate")
def hit_rate(hits: Bools, n_relevant: Ints, k: int) -> Floats:
    """1 if any of the first k ranks is a hit, else 0 (Deshpande and Karypis, TOIS 2004)."""
    import numpy as np

    return np.asarray(hits[:, :k].any(axis=1), dtype=np.float64)


def metric_table(hits: Bools, n_relevant: Ints, ks: Sequence[int]) -> dict[str, NDArray[np.generic]]:
    """Every registered metric at every cut, as columns of a table with one row per list and cut.

    Parameters
    ----------
    hits : bool ndarray of shape (n_lists, depth)
    n_relevant : int ndarray of shape (n_lists,)
    ks : sequence of int
        Cuts, each within 1..depth.

    Returns
    -------
    dict of str to ndarray of shape (n_lists * len(ks),)
        ``list`` (row of hits), ``k``, then one float64 column per metric; ordered by list, then as in ``ks``.
    """
    import numpy as np

    columns: dict[str, NDArray[np.generic]] = {
        "list": np.repeat(np.arange(len(hits)), len(ks)),
        "k": np.tile(np.asarray(ks, dtype=np.int64), len(hits)),
    }
    for name, function in METRICS.items():
        columns[name] = np.stack([function(hits, n_relevant, k) for k in ks], axis=1).ravel()
    return columns


def coverage(items: Ints, n_catalogue: int) -> float:
    """Share of the catalogue that any list shows (Ge, Delgado-Battenfeld and Jannach, RecSys 2010).

    Parameters
    ----------
    items : int ndarray
        Listed items of all lists, any shape, repeats allowed.
    n_catalogue : int
        Number of items that could have been listed.

    Raises
    ------
    ValueError
        If more items are listed than the catalogue holds, or it is empty.
    """
    import numpy as np

    n_shown = len(np.unique(items))
    if n_catalogue < max(1, n_shown):
        raise ValueError(
            f"{n_shown} items are listed of a catalogue of {n_catalogue}: count the catalogue of that night."
        )
    return n_shown / n_catalogue
