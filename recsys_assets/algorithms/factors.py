"""Scores that are products of a user's and an item's factors, the same in every batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recsys_assets.algorithms.topn import DenseScores

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix


def most_taken(history: csr_matrix, n: int) -> NDArray[np.int32]:
    """The items that most users took.

    Parameters
    ----------
    history : csr_matrix, shape (n_users, n_items)
        A stored entry for each pair.
    n : int
        How many; of equals, the first by index.

    Returns
    -------
    ndarray of int32, shape (at most n,)
        Indices of items with a user, ascending.
    """
    import numpy as np

    support = np.bincount(history.indices, minlength=history.shape[1])
    n = min(n, int(np.count_nonzero(support)))
    return np.sort(np.argsort(-support, kind="stable")[:n]).astype(np.int32)


def fixed_point(factors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round each row to so many bits that a dot product of two rows is exact in float64.

    BLAS adds in another order for other shapes, threads and processors. Where no addition rounds, the order
    does not matter, so a user's scores are the same in every batch. 64 factors leave 23 bits of float32's 24.

    Parameters
    ----------
    factors : ndarray of float32, shape (n, n_factors)

    Returns
    -------
    ndarray of float32, shape (n, n_factors)
    """
    import numpy as np

    # Terms are below 2 ** (2 * bits) in units of their last place; their sum has to fit float64's 53 bits.
    bits = (53 - int(np.ceil(np.log2(factors.shape[1])))) // 2
    _, exponents = np.frexp(np.abs(factors).max(axis=1, keepdims=True, initial=0))
    rounded: NDArray[np.float32] = np.ldexp(np.rint(np.ldexp(factors, bits - exponents)), exponents - bits)
    return rounded.astype(np.float32)


def products(arrays: Mapping[str, NDArray[Any]], users: NDArray[np.int32], history: csr_matrix) -> DenseScores:
    """Score items by products of factors, for users who have events.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        `user_factors` and `item_factors`, rows of `fixed_point` of shape (n_users, n_factors) and
        (n_scored, n_factors), and `items` of shape (n_scored,): which items the latter are, ascending.
    users : ndarray of int32, shape (n_queries,)
        Indices of users.
    history : csr_matrix, shape (n_users, n_items)
        The users' events; one without has no scores.

    Returns
    -------
    DenseScores of shape (n_queries, n_scored)
    """
    import numpy as np

    scores = arrays["user_factors"][users].astype(np.float64) @ arrays["item_factors"].astype(np.float64).T
    scores[np.diff(history.indptr)[users] == 0] = -np.inf
    return DenseScores(scores, arrays["items"].astype(np.int32, copy=False))
