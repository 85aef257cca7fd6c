"""Which of the items that a user took leads most to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba.core.types import int64

from recsys_assets.kernels.compiling import compiled, read, written

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CSR = (read("int64"), read("int32"), read("float64"))


@compiled(written("int32")(read("int32"), read("int32"), *_CSR, *_CSR, read("int32"), int64))
def strongest_leads(
    users: NDArray[np.int32],
    items: NDArray[np.int32],
    took_indptr: NDArray[np.int64],
    took_items: NDArray[np.int32],
    took_weights: NDArray[np.float64],
    link_indptr: NDArray[np.int64],
    link_items: NDArray[np.int32],
    link_scores: NDArray[np.float64],
    ties: NDArray[np.int32],
    n_items: int,
) -> NDArray[np.int32]:
    """Of what leads to each item the one whose weight with the user, times the strength of its link, is the greatest.

    Parameters
    ----------
    users, items : ndarray of int32, shape (n,)
        Equal users side by side; -1: nothing is asked.
    took_indptr, took_items, took_weights
        CSR matrix of shape (n_users, n_items): what each user took.
    link_indptr, link_items, link_scores
        CSR matrix of shape (n_items, n_items): what leads to each item.
    ties : ndarray of int32, shape (n_items,)
        Which of two equals it is: the lower.

    Returns
    -------
    ndarray of int32, shape (n,)
        -1 where nothing leads there by more than 0.
    """
    leads = np.full(len(users), -1, np.int32)
    weight_of = np.zeros(n_items)
    last = -1
    for place in range(len(users)):
        user, item = users[place], items[place]
        if user != last:
            if last >= 0:
                for entry in range(took_indptr[last], took_indptr[last + 1]):
                    weight_of[took_items[entry]] = 0.0
            if user >= 0:
                for entry in range(took_indptr[user], took_indptr[user + 1]):
                    weight_of[took_items[entry]] = took_weights[entry]
            last = user
        if user < 0:
            continue
        best, lead = 0.0, -1
        for link in range(link_indptr[item], link_indptr[item + 1]):
            weight = weight_of[link_items[link]] * link_scores[link]
            if weight > best or (weight == best and lead >= 0 and ties[link_items[link]] < ties[lead]):
                best, lead = weight, link_items[link]
        leads[place] = lead
    return leads
