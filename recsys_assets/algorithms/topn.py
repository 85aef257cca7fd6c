"""Exact top n with a total order: score descending, then the lower index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.algorithms.arrays import Lists

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix


def top_n(queries: NDArray[np.int32], scores: NDArray[np.floating], n: int) -> Lists:
    """Rank the best columns of each row of a dense matrix.

    Parameters
    ----------
    queries : ndarray of int32, shape (n_queries,)
        What each row is about; becomes `Lists.users`.
    scores : ndarray of float, shape (n_queries, n_items)
        Entries that are not finite are never listed.
    n : int
        Longest list.

    Returns
    -------
    Lists
        At most n rows per query.
    """
    import numpy as np

    n = min(n, scores.shape[1])
    if n <= 0 or len(queries) == 0:
        return Lists.concatenate([])
    is_odd = ~(scores < np.inf)
    if is_odd.any():
        scores = np.where(is_odd, -np.inf, scores)
    # Of each block of columns the best: n blocks reach the n-th best of these, so nothing below it is listed. All that
    # ties with it is kept for the sort, where the index decides.
    best = np.maximum.reduceat(scores, np.arange(0, scores.shape[1], max(1, scores.shape[1] // (8 * n))), axis=1)
    thresholds = np.partition(best, best.shape[1] - n, axis=1)[:, [best.shape[1] - n]]
    reaches = scores >= np.maximum(thresholds, np.finfo(scores.dtype).min)
    rows, columns = np.divmod(np.flatnonzero(reaches), scores.shape[1])
    values = scores[rows, columns].astype(np.float64)
    order = np.lexsort((columns, -values, rows))
    rows, columns, values = rows[order], columns[order], values[order]
    ranks = np.arange(len(rows)) - np.searchsorted(rows, rows) + 1
    kept = ranks <= n
    return Lists(
        users=queries[rows[kept]].astype(np.int32),
        items=columns[kept].astype(np.int32),
        ranks=ranks[kept].astype(np.int32),
        scores=values[kept],
    )


def top_n_sparse(queries: NDArray[np.int32], scores: csr_matrix, n: int) -> Lists:
    """Rank the best stored entries of each row of a sparse matrix.

    Parameters
    ----------
    queries : ndarray of int32, shape (n_queries,)
        What each row is about; becomes `Lists.users`.
    scores : csr_matrix of float64, shape (n_queries, n_items)
        Entries that are not stored or not finite are never listed. Column indices must ascend in each row.
    n : int
        Longest list.

    Returns
    -------
    Lists
        At most n rows per query.

    Notes
    -----
    Memory is n_queries times the longest row.
    """
    import numpy as np

    lengths = np.diff(scores.indptr)
    # Rows packed to the left keep the order of their columns, so ties still fall to the lower item.
    shape = (len(queries), lengths.max(initial=0))
    if scores.nnz == shape[0] * shape[1]:
        packed = scores.data.reshape(shape)
    else:
        packed = np.full(shape, -np.inf)
        packed[np.arange(shape[1]) < lengths[:, None]] = scores.data
    positions = np.arange(len(queries), dtype=np.int32)
    ranked = top_n(positions, packed, n)
    return Lists(
        users=queries[ranked.users].astype(np.int32),
        items=scores.indices[scores.indptr[ranked.users] + ranked.items].astype(np.int32),
        ranks=ranked.ranks,
        scores=ranked.scores,
    )
