"""Exact top n of scores in any form, with a total order: score descending, then the lower index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from recsys_assets.algorithms.arrays import Lists

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix


@dataclass(frozen=True, eq=False)
class DenseScores:
    """Scores of some items for every query.

    Parameters
    ----------
    values : ndarray of float, shape (n_queries, n_scored)
        What is not finite is not listed.
    items : ndarray of int32, shape (n_scored,)
        Which item each column is, ascending.
    """

    values: NDArray[np.floating]
    items: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class ProductScores:
    """Scores that are sums along links: ``weights @ links + own_weight * own``; listed without making that matrix.

    Parameters
    ----------
    weights : csr_matrix of float64, shape (n_queries, n)
    links : csr_matrix of float64, shape (n, n_items)
    own_weight : float
    own : csr_matrix of float64, shape (n_queries, n_items), optional
    """

    weights: csr_matrix
    links: csr_matrix
    own_weight: float = 0.0
    own: csr_matrix | None = None


Scores: TypeAlias = "DenseScores | ProductScores | csr_matrix | NDArray[np.floating]"
"""A matrix of shape (n_queries, n_items): in one of the forms above, dense, or sparse with its columns in any order."""


def top_n(queries: NDArray[np.int32], scores: Scores, n: int) -> Lists:
    """List the best items of each query.

    Parameters
    ----------
    queries : ndarray of int32, shape (n_queries,)
        What each row is about; becomes `Lists.users`.
    scores : Scores of shape (n_queries, n_items)
        Entries that are not stored or not finite are never listed.
    n : int
        Longest list.

    Returns
    -------
    Lists
        At most n rows per query.
    """
    from scipy.sparse import csr_matrix

    nothing = csr_matrix((len(queries), _width(scores)))
    return top_n_and_new(queries, scores, nothing, n, 0)[0]


def top_n_and_new(
    queries: NDArray[np.int32], scores: Scores, seen: csr_matrix, n: int, n_new: int
) -> tuple[Lists, Lists]:
    """List the best items of each query, and the best of those it has not seen, in one pass over the scores.

    Parameters
    ----------
    queries : ndarray of int32, shape (n_queries,)
    scores : Scores of shape (n_queries, n_items)
    seen : csr_matrix, shape (n_queries, n_items)
        A stored entry leaves the item out of the second lists.
    n, n_new : int
        Longest lists of each kind; 0 makes none.

    Returns
    -------
    tuple of two Lists
    """
    import numpy as np

    from recsys_assets.kernels import best

    # Kernels do not look whether an index is inside of an array: what was seen may lie beyond what is scored.
    n_items = max(_width(scores), seen.shape[1])
    shape, new_shape = ((len(queries), max(0, min(most, n_items))) for most in (n, n_new))
    if len(queries) == 0 or max(shape[1], new_shape[1]) == 0:
        return Lists.concatenate([]), Lists.concatenate([])
    items, new_items = np.empty(shape, np.int32), np.empty(new_shape, np.int32)
    values, new_values = np.empty(shape), np.empty(new_shape)
    out = (items, values, new_items, new_values)
    left_out = (seen.indptr.astype(np.int64), seen.indices.astype(np.int32, copy=False), n_items)
    if isinstance(scores, ProductScores):
        own = (scores.own_weight, *_parts(scores.own, len(queries)))
        lengths = best.best_of_product(*_parts(scores.weights), *_parts(scores.links), *own, *left_out, *out)
    elif isinstance(scores, DenseScores):
        lengths = best.best_of_dense(_dense(scores.values), scores.items, *left_out, *out)
    elif isinstance(scores, np.ndarray):
        every = np.arange(n_items, dtype=np.int32)
        lengths = best.best_of_dense(_dense(scores), every, *left_out, *out)
    else:
        lengths = best.best_of_sparse(*_parts(scores), *left_out, *out)
    return _lists(queries, items, values, lengths[0]), _lists(queries, new_items, new_values, lengths[1])


def _width(scores: Scores) -> int:
    """One more than the greatest index that an item can have."""
    if isinstance(scores, DenseScores):
        return int(scores.items[-1]) + 1 if len(scores.items) else 0
    width: int = (scores.links if isinstance(scores, ProductScores) else scores).shape[1]
    return width


def _dense(values: NDArray[np.floating]) -> NDArray[np.float64]:
    import numpy as np

    return np.ascontiguousarray(values, dtype=np.float64)


def _parts(
    matrix: csr_matrix | None, n_rows: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float64]]:
    """Arrays of a CSR matrix as kernels take them; of none those of an empty one."""
    import numpy as np

    if matrix is None:
        return np.zeros(n_rows + 1, np.int64), np.empty(0, np.int32), np.empty(0)
    return (
        matrix.indptr.astype(np.int64, copy=False),
        matrix.indices.astype(np.int32, copy=False),
        matrix.data.astype(np.float64, copy=False),
    )


def _lists(
    queries: NDArray[np.int32], items: NDArray[np.int32], values: NDArray[np.float64], lengths: NDArray[np.int32]
) -> Lists:
    """Lists out of rows of the same width, of which only the beginnings are filled."""
    import numpy as np

    places = np.arange(items.shape[1], dtype=np.int32)
    is_filled = places < lengths[:, None]
    return Lists(
        users=np.repeat(queries, lengths).astype(np.int32, copy=False),
        items=items[is_filled],
        ranks=np.broadcast_to(places + 1, items.shape)[is_filled].astype(np.int32, copy=False),
        scores=values[is_filled],
    )
