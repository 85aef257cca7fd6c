"""Who proposed what is published, whose proposal counted most, and what the user took that leads to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from recsys_assets.ranking.list_arrays import UserLists

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]


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
        A row a published item that anybody proposed: ``user_key``, ``rank``, ``item_key``, ``row`` (its place among all
        published), ``algorithms`` (structs of ``algorithm`` and ``rank``, by rank, then name) and ``reason_algorithm``:
        whose ``weight / (rrf_k + rank)`` is the greatest, of equals the first by name.
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
    starts = np.repeat(published.offsets[:-1], np.diff(published.offsets))
    return pa.table(
        {
            "user_key": users[proposed],
            "rank": (proposed + 1 - starts[proposed]).astype(np.int32),
            "item_key": published.items[proposed],
            "row": proposed,
            "algorithms": pa.ListArray.from_arrays(offsets, algorithms),
            "reason_algorithm": pa.array(names, pa.string()).take(pa.array(best)),
        }
    )


def with_pinned(rows: pa.Table, published: UserLists, is_pinned: NDArray[np.bool_], weighed: Sequence[str]) -> pa.Table:
    """Rows of `proposals_of` and those of pinned items that nobody who counts proposed, by the rule ``pin`` alone.

    Parameters
    ----------
    rows : Table
    published : UserLists
    is_pinned : ndarray of bool, shape (n_published,)
    weighed : sequence of str
        Algorithms whose proposals count.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    counts = pc.is_in(rows["reason_algorithm"], value_set=pa.array(weighed, pa.string())).to_numpy()
    rows = rows.filter(pa.array(counts | ~is_pinned[rows["row"].to_numpy()]))
    alone = is_pinned.copy()
    alone[rows["row"].to_numpy()] = False
    places = np.flatnonzero(alone)
    of_list = np.searchsorted(published.offsets, places, side="right") - 1
    ranks = (places + 1 - published.offsets[of_list]).astype(np.int32)
    proposed = pa.StructArray.from_arrays([pa.repeat("pin", len(places)), pa.array(ranks)], names=["algorithm", "rank"])
    added = {
        "user_key": published.users[of_list],
        "rank": ranks,
        "item_key": published.items[places],
        "row": places,
        "algorithms": pa.ListArray.from_arrays(np.arange(len(places) + 1, dtype=np.int32), proposed),
        "reason_algorithm": pa.repeat("pin", len(places)),
    }
    return pa.concat_tables([rows, pa.table(added).cast(rows.schema)]).sort_by("row")


def shares(scores: Floats) -> Floats:
    """Share of all scores that are no higher than each: above 0, at most 1. Time O(n log n)."""
    import numpy as np

    order = np.argsort(scores)
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True)) + 1  # How many are no higher, value by value.
    of_each = np.empty(len(scores))
    of_each[order] = np.repeat(ends[: len(scores)], np.diff(ends[: len(scores)], prepend=0)) / max(1, len(scores))
    return of_each


class Links(NamedTuple):
    """What leads to each item, as a CSR pattern over the rows of items."""

    indptr: NDArray[np.int64]
    items: NDArray[np.int32]
    scores: NDArray[np.float64]


def links_in(rows: pa.Table, index_of: NDArray[np.int32], n_items: int) -> Links:
    """Links out of a table of ``item_key``, ``similar_item_key`` and ``score``; ``index_of``: an item's row by key."""
    import numpy as np

    to = index_of[rows["similar_item_key"].to_numpy()]
    order = np.argsort(to, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(to, minlength=n_items))])
    return Links(indptr, index_of[rows["item_key"].to_numpy()[order]], rows["score"].to_numpy()[order])


def leads_to(
    rows: pa.Table, asks: NDArray[np.bool_], took: pa.Table, links: Links, index_of: NDArray[np.int32], ties: Ints
) -> Ints:
    """Which item that a user took leads most to each item, by its decayed weight times the strength of its link.

    Parameters
    ----------
    rows : Table
        ``user_key``, in ascending order, and ``item_key``.
    asks : ndarray of bool, shape (n_rows,)
        Whether it is asked.
    took : Table
        ``user_key``, in ascending order, ``item_key`` and ``decayed_weight``.
    links : Links
    index_of : ndarray of int32
        Row of each item by its key.
    ties : ndarray of int32, shape (n_items,)
        Which of two equals it is: the lower.

    Returns
    -------
    ndarray of int32, shape (n_rows,)
        Rows of items; -1: none.
    """
    import numpy as np

    from recsys_assets.kernels.leads import strongest_leads

    users, starts = np.unique(took["user_key"].to_numpy(), return_index=True)
    theirs = np.searchsorted(users, rows["user_key"].to_numpy())
    theirs[(np.append(users, -1)[theirs] != rows["user_key"].to_numpy()) | ~asks] = -1
    leads: Ints = strongest_leads(
        theirs.astype(np.int32),
        index_of[rows["item_key"].to_numpy()],
        np.append(starts, took.num_rows).astype(np.int64),
        index_of[took["item_key"].to_numpy()],
        took["decayed_weight"].to_numpy(),
        *links,
        ties,
        len(ties),
    )
    return leads


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
