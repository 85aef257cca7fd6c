"""Sparse matrices of several algorithms: in and out of files, and rows of one ranking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from recsys_assets.algorithms.topn import top_n

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix


def pack(name: str, matrix: csr_matrix) -> dict[str, NDArray[np.generic]]:
    """Take a matrix apart into arrays for `Recommender.arrays`.

    Parameters
    ----------
    name : str
        What the arrays' names begin with.
    matrix : csr_matrix
        The order of its entries is kept.

    Returns
    -------
    dict of str to ndarray
        `<name>.data`, `<name>.indices` and `<name>.indptr`.
    """
    import numpy as np

    return {
        f"{name}.data": matrix.data,
        f"{name}.indices": matrix.indices.astype(np.int32),
        f"{name}.indptr": matrix.indptr.astype(np.int64),
    }


def unpack(arrays: Mapping[str, NDArray[np.generic]], name: str, n_columns: int) -> csr_matrix:
    """Put a matrix together that `pack` took apart.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Where its parts are.
    name : str
        What the arrays' names begin with.
    n_columns : int
        Width of the matrix.

    Returns
    -------
    csr_matrix
    """
    from scipy.sparse import csr_matrix

    data, indices, indptr = (arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr"))
    return csr_matrix((data, indices, indptr), shape=(len(indptr) - 1, n_columns))


def keep_top(matrix: csr_matrix, n: int) -> csr_matrix:
    """Keep the n greatest stored entries of each row; of equal ones those of the lower columns.

    Parameters
    ----------
    matrix : csr_matrix
        Columns in any order.
    n : int
        Most entries of a row.

    Returns
    -------
    csr_matrix
        Columns ascend in each row.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    best = top_n(np.arange(matrix.shape[0], dtype=np.int32), matrix, n)
    kept = csr_matrix((best.scores, (best.users, best.items)), shape=matrix.shape)
    kept.sort_indices()
    return kept


def best_first(matrix: csr_matrix) -> csr_matrix:
    """Order the stored entries of each row by value, the greatest first; equal ones by column.

    Parameters
    ----------
    matrix : csr_matrix
        Any order of columns.

    Returns
    -------
    csr_matrix
        What `beginnings` takes.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    rows = row_of_each(matrix)
    order = np.lexsort((matrix.indices, -matrix.data, rows))
    return csr_matrix((matrix.data[order], matrix.indices[order], matrix.indptr), shape=matrix.shape)


def beginnings(ranked: csr_matrix, rows: NDArray[np.integer], lengths: NDArray[np.integer]) -> csr_matrix:
    """Take the first entries of rows that `best_first` ordered, as many as each needs.

    Parameters
    ----------
    ranked : csr_matrix, shape (n_rankings, n_items)
        Rankings, best first.
    rows : ndarray of int, shape (n_rows,)
        Ranking of each row.
    lengths : ndarray of int, shape (n_rows,)
        Entries of each row; fewer where its ranking has no more.

    Returns
    -------
    csr_matrix, shape (n_rows, n_items)
        Best first in each row.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    lengths = np.minimum(lengths, np.diff(ranked.indptr)[rows])
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    places = np.arange(indptr[-1]) + np.repeat(ranked.indptr[rows] - indptr[:-1], lengths)
    return csr_matrix((ranked.data[places], ranked.indices[places], indptr), shape=(len(rows), ranked.shape[1]))


def ranking(scores: NDArray[np.float64]) -> csr_matrix:
    """One ranking for all, for `rows_of_best`.

    Parameters
    ----------
    scores : ndarray of float64, shape (n_items,)
        What is 0 is not in it.

    Returns
    -------
    csr_matrix of float64, shape (1, n_items)
        Best first.
    """
    from scipy.sparse import csr_matrix

    return best_first(csr_matrix(scores[None, :]))


def rows_of_best(ranked: csr_matrix, lengths: NDArray[np.integer]) -> csr_matrix:
    """Give each row the best items of one ranking, as many as it needs.

    Parameters
    ----------
    ranked : csr_matrix of float64, shape (1, n_items)
        As `ranking` makes it.
    lengths : ndarray of int, shape (n_rows,)
        Items of each row; fewer where the ranking has no more.

    Returns
    -------
    csr_matrix of float64, shape (n_rows, n_items)
        Best first in each row.
    """
    import numpy as np

    return beginnings(ranked, np.zeros(len(lengths), dtype=np.int64), lengths)


def fill(matrix: csr_matrix, other: csr_matrix) -> csr_matrix:
    """Add the entries of another matrix where a matrix has none.

    Parameters
    ----------
    matrix, other : csr_matrix
        Of one shape.

    Returns
    -------
    csr_matrix
        Columns ascend in each row.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    def cells(of: csr_matrix) -> NDArray[np.int64]:
        numbers: NDArray[np.int64] = row_of_each(of) * of.shape[1] + of.indices
        return numbers

    own, others = cells(matrix), cells(other)
    new = ~np.isin(others, own, assume_unique=True)
    both = np.concatenate([own, others[new]])
    order = np.argsort(both, kind="stable")
    data = np.concatenate([matrix.data, other.data[new]])[order]
    rows, columns = np.divmod(both[order], matrix.shape[1])
    indptr = np.searchsorted(rows, np.arange(matrix.shape[0] + 1))
    return csr_matrix((data, columns, indptr), shape=matrix.shape)


def row_of_each(matrix: csr_matrix) -> NDArray[np.int64]:
    """Row of each stored entry.

    Parameters
    ----------
    matrix : csr_matrix, shape (n_rows, n_columns)

    Returns
    -------
    ndarray of int64, shape (nnz,)
    """
    import numpy as np

    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
