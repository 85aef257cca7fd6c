"""Who proposed what is published, at which rank, and whose proposal counted most."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from recsys_assets.ranking.list_arrays import UserLists


def proposals_of(
    published: UserLists, lists: Mapping[str, UserLists], weights: Mapping[str, float], rrf_k: int
) -> pa.Table:
    """Find each published item in the algorithms' lists.

    Time and memory O(published items * algorithms + listed items).

    Parameters
    ----------
    published : UserLists
    lists : mapping of str to UserLists
        By algorithm.
    weights : mapping of str to float
        What each algorithm counts in the fusion.
    rrf_k : int

    Returns
    -------
    Table
        A row a published item that anybody proposed: ``user_key``, ``item_key``, ``algorithms`` (structs of
        ``algorithm`` and ``rank``, by rank, then name) and ``reason_algorithm``: whose ``weight / (rrf_k + rank)`` is
        the greatest, of equals the first by name.
    """
    import numpy as np
    import pyarrow as pa

    names = sorted(lists)
    users = np.repeat(published.users, np.diff(published.offsets))
    ranks = _ranks(published, users, [lists[name] for name in names])
    parts = np.where(ranks > 0, np.array([weights[name] for name in names])[:, None] / (rrf_k + ranks), -1.0)
    proposed = np.flatnonzero((ranks > 0).any(axis=0)) if names else np.empty(0, np.int64)
    ranks, parts = ranks[:, proposed], parts[:, proposed]
    # By rank, then by name, those that did not propose last.
    order = np.argsort(np.where(ranks > 0, ranks, np.iinfo(np.int32).max), axis=0, kind="stable")
    kept = np.arange(len(names))[:, None] < (ranks > 0).sum(axis=0)
    algorithms = pa.StructArray.from_arrays(
        [
            pa.array(names, pa.string()).take(pa.array(order.T[kept.T])),
            pa.array(np.take_along_axis(ranks, order, axis=0).T[kept.T]),
        ],
        names=["algorithm", "rank"],
    )
    offsets = np.concatenate([[0], np.cumsum((ranks > 0).sum(axis=0))]).astype(np.int32)
    best = parts.argmax(axis=0) if names else proposed
    return pa.table(
        {
            "user_key": users[proposed],
            "item_key": published.items[proposed],
            "algorithms": pa.ListArray.from_arrays(offsets, algorithms),
            "reason_algorithm": pa.array(names, pa.string()).take(pa.array(best)),
        }
    )


def _ranks(published: UserLists, users: NDArray[np.int32], lists: Sequence[UserLists]) -> NDArray[np.int32]:
    """Rank of each published item in each list, 0 where it is not: ndarray of shape (n_lists, n_published)."""
    import numpy as np

    from recsys_assets.kernels.trees import places_of

    n_items = int(max((each.items.max(initial=-1) for each in (published, *lists)), default=-1)) + 1
    ranks = np.zeros((len(lists), len(users)), np.int32)
    for row, each in enumerate(lists):
        theirs = np.searchsorted(each.users, users).astype(np.int32)
        theirs[np.append(each.users, -1)[theirs] != users] = -1
        places = places_of(theirs, published.items, each.offsets, each.items, n_items)
        found = places >= 0
        ranks[row, found] = places[found] - each.offsets[theirs[found]] + 1
    return ranks
