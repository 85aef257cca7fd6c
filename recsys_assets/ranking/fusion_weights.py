"""How much each algorithm counts in the fusion of one task: as given, until judged proposals teach better.

What belongs here: from a table of proposals to the arrays that `fusion.learn_weights` takes, and back to names; and
what several nights taught, taken together: how much each counts, and which of them lead by themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from recsys_assets.ranking.fusion import learn_weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

MEMORY = 0.8
"""What a list of a night counts beside one of the night a horizon later. Of 0, .3, .5, .7, .85 and 1 those from .7
on were best, and alike, on Complete Journey's lists of 2017-10-03 to 10-17."""

N_LEADERS = 3
"""Algorithms that lead. Blended with a reranker, three gained 11% of its NDCG@10 on MovieLens' 100,000 ratings and one
4%, as with few users chance often says which is best; where the reranker leads, three cost less, too
(``python -m benchmarks blends``, docs/ranking.md)."""


class Learned(NamedTuple):
    """What one night teaches of one task."""

    weights: dict[str, float]
    """By name, in the order given; they sum to 1."""
    ndcg: dict[str, float]
    """Mean NDCG@10 of each algorithm's own lists; empty where nothing was judged."""
    n_lists: int
    """Lists they were learned from; 0 for the weights given."""


def weights_by_name(proposals: pa.Table, given: Mapping[str, float], *, rrf_k: int) -> Learned:
    """Weight of each algorithm of a task.

    Parameters
    ----------
    proposals : Table
        A row per item that an algorithm listed for a user of the task who took something since: ``user_key,
        algorithm, rank, item_index, is_relevant, n_relevant``; ``item_index`` is the item's place in the order of ids.
    given : mapping of str to float
        Weight of each algorithm of the task while nothing was judged; if all are 0, they count alike.
    rrf_k : int
        Damping, as in `fusion.fuse`.

    Returns
    -------
    Learned
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not proposals.num_rows:
        total = sum(given.values())
        return Learned({name: weight / total if total else 1 / len(given) for name, weight in given.items()}, {}, 0)
    users, first, lists = np.unique(proposals["user_key"].to_numpy(), return_index=True, return_inverse=True)
    learned = learn_weights(
        lists,
        pc.index_in(proposals["algorithm"], value_set=pa.array(list(given))).to_numpy(),
        proposals["rank"].to_numpy(),
        proposals["item_index"].to_numpy(),
        proposals["is_relevant"].to_numpy(zero_copy_only=False),
        proposals["n_relevant"].to_numpy()[first],
        len(given),
        rrf_k=rrf_k,
    )
    weights, ndcg = (dict(zip(given, each.tolist(), strict=True)) for each in (learned.weights, learned.single_ndcg))
    return Learned(weights, ndcg, len(users))


def averaged(learned: Iterable[tuple[str, float, int, float]]) -> dict[str, float]:
    """Weights that several nights learned as one: a night counts by its lists, and the less the older it is.

    So a night with few users, whose weights are much chance, hardly moves what those before it taught.

    Parameters
    ----------
    learned : iterable of (str, float, int, float)
        Algorithm, its weight, how many lists that was learned from (1 or more), and how many horizons ago.

    Returns
    -------
    dict of str to float
        By name, sorted; they sum to 1. An algorithm is averaged over the nights that had it.
    """
    sums: dict[str, float] = {}
    counts: dict[str, float] = {}
    for name, weight, n_lists, age in learned:
        counted = n_lists * MEMORY**age
        sums[name] = sums.get(name, 0.0) + counted * weight
        counts[name] = counts.get(name, 0.0) + counted
    means = {name: sums[name] / counts[name] for name in sorted(sums)}
    total = sum(means.values())
    return {name: mean / total for name, mean in means.items()}


def leaders(judged: Iterable[tuple[str, float, int, float]]) -> list[str]:
    """The algorithms whose own lists did best, over several nights.

    A night counts as in `averaged`, and by how far an algorithm was ahead of all that night had, so that one that
    joined later is not judged by easier nights.

    Parameters
    ----------
    judged : iterable of (str, float, int, float)
        Algorithm, the NDCG@10 of its lists, how many of them were judged (1 or more), and how many horizons ago.

    Returns
    -------
    list of str
        At most `N_LEADERS`, the best first, of equals the first by name; none where nothing was judged.
    """
    nights: dict[float, list[tuple[str, float, int]]] = {}
    for name, ndcg, n_lists, age in judged:
        nights.setdefault(age, []).append((name, ndcg, n_lists))
    sums: dict[str, float] = {}
    counts: dict[str, float] = {}
    for age, rows in nights.items():
        mean = sum(ndcg for _, ndcg, _ in rows) / len(rows)
        for name, ndcg, n_lists in rows:
            sums[name] = sums.get(name, 0.0) + n_lists * MEMORY**age * (ndcg - mean)
            counts[name] = counts.get(name, 0.0) + n_lists * MEMORY**age
    return sorted(sums, key=lambda name: (-sums[name] / counts[name], name))[:N_LEADERS]
