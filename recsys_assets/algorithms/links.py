"""Links between users or between items: the strongest of each row, and what they lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.sparse import row_of_each, unpack
from recsys_assets.algorithms.topn import top_n

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Lists


def strongest(vectors: csr_matrix, n: int) -> csr_matrix:
    """Find the n columns with the greatest dot product with each column, itself left out.

    Parameters
    ----------
    vectors : csr_matrix of float64, shape (n_rows, n_columns)
        One vector per column, nothing negative.
    n : int
        Links kept per column; one more where the column itself is not among its n + 1 strongest. Among equal ones
        at the cut, implicit keeps those it meets first: always the same ones for the same data.

    Returns
    -------
    csr_matrix of float64, shape (n_columns, n_columns)
        Dot products above 0; column indices ascend.
    """
    from implicit.nearest_neighbours import all_pairs_knn

    # One more, since a column is its own neighbour. Columns are computed one by one, so threads cannot change them.
    links = all_pairs_knn(vectors.tocsr(), n + 1, show_progress=False).tocsr()
    links.data[row_of_each(links) == links.indices] = 0
    links.eliminate_zeros()
    links.sort_indices()
    return links


def shares(links: csr_matrix) -> csr_matrix:
    """Make each row's links sum to 1, in place.

    Parameters
    ----------
    links : csr_matrix of float64, shape (n, n)
        Nothing stored is 0 or less.

    Returns
    -------
    csr_matrix
        The same matrix.
    """
    import numpy as np

    rows = row_of_each(links)
    links.data /= np.bincount(rows, links.data, minlength=links.shape[0])[rows]
    return links


def scale(sums: NDArray[np.float64], exponent: float) -> csr_matrix:
    """Diagonal matrix of powers, 0 where the base is 0, so that rows or columns without events stay empty.

    Parameters
    ----------
    sums : ndarray of float64, shape (n,)
        0 or more.
    exponent : float
        Any sign.

    Returns
    -------
    sparse matrix, shape (n, n)
    """
    import numpy as np
    from scipy.sparse import diags

    return diags(np.power(sums, exponent, out=np.zeros_like(sums), where=sums > 0))


class LinkedItems(Recommender):
    """A recommender that keeps links between items, packed as "links", and so can say what goes with an item."""

    def _links(self) -> csr_matrix:
        """Links from each item, csr_matrix of shape (n_items, n_items)."""
        return unpack(self.arrays, "links", self.history.shape[1])

    def similar(self, items: NDArray[np.int32], n: int) -> Lists:
        """List the items that the strongest links of items lead to; scores are shares of an item's links.

        See `SimilarItems`. A list is no longer than the links that were kept.
        """
        return top_n(items, self._links()[items], n)
