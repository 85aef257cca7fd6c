"""The union of several lists of each user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recsys_assets.kernels.compiling import compiled, read, written
from recsys_assets.kernels.heap import offer, order

if TYPE_CHECKING:
    from numpy.typing import NDArray


@compiled()
def _add_up(
    listed: NDArray[np.int32],
    points: NDArray[np.int64],
    slot_of: NDArray[np.int32],
    n_own: int,
    own: NDArray[np.int32],
    total: NDArray[np.int64],
    count: NDArray[np.int32],
    best: NDArray[np.int32],
) -> int:
    """Add what the ranks of a list are worth, by item; how many items there are by now."""
    for place in range(len(listed)):
        item = listed[place]
        slot = slot_of[item]
        if slot < 0:
            slot = slot_of[item] = n_own
            n_own += 1
            own[slot], total[slot], count[slot], best[slot] = item, 0, 0, place + 1
        total[slot] += points[place + 1]
        count[slot] += 1
        best[slot] = min(best[slot], place + 1)
    return n_own


@compiled(
    written("int32")(
        *(read("int64", 2), read("int64", 2), read("int32"), read("int64", 2), read("int32")),
        *(written("int32", 2), written("int64", 2), written("int32", 2), written("int32", 2)),
    )
)
def unite_lists(
    begins: NDArray[np.int64],
    lengths: NDArray[np.int64],
    items: NDArray[np.int32],
    points: NDArray[np.int64],
    places: NDArray[np.int32],
    out_items: NDArray[np.int32],
    out_points: NDArray[np.int64],
    out_counts: NDArray[np.int32],
    out_best: NDArray[np.int32],
) -> NDArray[np.int32]:
    """Add up what each list's ranks are worth, and list the items of most points.

    Parameters
    ----------
    begins, lengths : ndarray of int64, shape (n_users, n_lists)
        Where each list lies in ``items``; one that a user lacks has the length 0.
    items : ndarray of int32
        Items of all lists, best first.
    points : ndarray of int64, shape (n_lists, at least the longest list + 1)
        What a rank of a list is worth; below 2**53 in sum.
    places : ndarray of int32, shape (n_items,)
        Which of two items with equal points stands first: that with the lower.
    out_items, out_points, out_counts, out_best : ndarray of shape (n_users, n)
        Filled: items, their points, the number of lists that hold each, and its best rank.

    Returns
    -------
    ndarray of int32, shape (n_users,)
        Lengths of the unions.
    """
    n_users, n_lists = begins.shape
    n = out_items.shape[1]
    sizes = np.zeros(n_users, np.int32)
    slot_of = np.full(len(places), -1, np.int32)
    most = np.max(lengths) * n_lists if n_users else 0
    own, total = np.empty(most, np.int32), np.empty(most, np.int64)
    count, best = np.empty(most, np.int32), np.empty(most, np.int32)
    heap_points, heap_places, item_at = np.empty(n), np.empty(n, np.int32), np.argsort(places)
    for user in range(n_users):
        n_own = 0
        for which in range(n_lists):
            listed = items[begins[user, which] : begins[user, which] + lengths[user, which]]
            n_own = _add_up(listed, points[which], slot_of, n_own, own, total, count, best)
        size = 0
        for slot in range(n_own):
            # Whole numbers below 2**53 are exact in float64.
            size = offer(heap_points, heap_places, size, n, np.float64(total[slot]), places[own[slot]])
        order(heap_points, heap_places, size)
        for rank in range(size):
            item = item_at[heap_places[rank]]
            slot = slot_of[item]
            out_items[user, rank], out_points[user, rank] = item, total[slot]
            out_counts[user, rank], out_best[user, rank] = count[slot], best[slot]
        sizes[user] = size
        for slot in range(n_own):
            slot_of[own[slot]] = -1
    return sizes
