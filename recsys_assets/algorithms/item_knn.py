"""Items that go with what the user took."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions, Lists


class ItemKNN(Recommender):
    """One step of a walk from the user's decayed items to their neighbours.

    Neighbours are items taken by the same users, less so the more popular they are, and each item's links sum
    to 1 (as in RP3beta: Paudel et al., "Updatable, accurate, diverse, and scalable recommendations for
    interactive applications", 2017, with the neighbourhoods of Deshpande and Karypis, "Item-based top-N
    recommendation algorithms", 2004). State: `n_neighbours` links per item and one number per distinct pair
    of user and item. Fitting costs the sum over users of the square of their distinct items. Among equal
    links at the cut, implicit keeps those it meets first: always the same ones for the same data.
    """

    name: ClassVar[str] = "item_knn"
    title: ClassVar[str] = "Goes with what you take"
    description: ClassVar[str] = "Items that people with your items take, too."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})

    class Settings(Recommender.Settings):
        """Settings of item-kNN."""

        n_neighbours: PositiveInt = 200
        """Links kept per item. On Complete Journey (nights 2017-10-17 and 10-24) 100 took two thirds of the
        time and cost .003 of NDCG@10 in next, nothing in discovery."""

        decay_days: PositiveFloat = 30.0
        """Age in days at which an event counts half, in profiles and links alike. NDCG@10 on Complete
        Journey, night 2017-10-24: .273 at 30, .270 at 60, .263 at 180; discovery .0174, .0175, .0178."""

        popularity_penalty: NonNegativeFloat = 0.4
        """Exponent that takes popularity out of a link: 0 links all to best sellers, 0.5 is the cosine, where
        rare items crowd out the rest. 0.3 was no better in next and worse in discovery (.0169 for .0175)."""

        self_weight: NonNegativeFloat = 1.0
        """How much an item counts as its own neighbour, beside links that sum to 1. For next it decides most:
        NDCG@10 .273 at 1 and .275 at 2, which is no more than buy-again alone reaches; near .15 at 0. In
        discovery it changes nothing."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        import numpy as np
        from implicit.nearest_neighbours import all_pairs_knn

        history = train.to_csr(train.weights * hyperbolic(train.ages, self.settings.decay_days))
        balanced = _balanced(history, self.settings.popularity_penalty)
        # One more, since an item is its own neighbour and that link is dropped. Rows are computed one by one,
        # so the number of threads (0: all) cannot change them.
        n_threads = 1 if self.deterministic else 0
        links = all_pairs_knn(balanced, self.settings.n_neighbours + 1, n_threads, show_progress=False)
        links = _walk(links.tocsr())
        return history, {
            "links.data": links.data,
            "links.indices": links.indices.astype(np.int32),
            "links.indptr": links.indptr.astype(np.int64),
        }

    def _links(self) -> csr_matrix:
        from scipy.sparse import csr_matrix

        n_items = self.history.shape[1]
        parts = tuple(self.arrays[f"links.{part}"] for part in ("data", "indices", "indptr"))
        return csr_matrix(parts, shape=(n_items, n_items))

    def _score(self, users: NDArray[np.int32], n: int) -> csr_matrix:
        profiles = self.history[users]
        scores = profiles @ self._links() + self.settings.self_weight * profiles
        # Transposing twice brings the columns in order, in less than half the time of a sort.
        return scores.tocsc().tocsr()

    def similar(self, items: NDArray[np.int32], n: int) -> Lists:
        """List the items that go with items.

        Parameters
        ----------
        items : ndarray of int32, shape (n_queries,)
            Indices of items, in any order.
        n : int
            Longest list; there are at most `n_neighbours` to choose from.

        Returns
        -------
        Lists
            `users` holds the item asked about; scores are shares of its links.
        """
        from recsys_assets.algorithms.topn import top_n_sparse

        return top_n_sparse(items, self._links()[items], n)


def _balanced(history: csr_matrix, popularity_penalty: float) -> csr_matrix:
    """Give each user the length 1, then divide items by their squared length to the power of the penalty."""
    import numpy as np
    from scipy.sparse import diags

    def scale(squares: NDArray[np.float64], exponent: float) -> csr_matrix:
        return diags(np.power(squares, -exponent, out=np.zeros_like(squares), where=squares > 0))

    squared = history.power(2)
    by_user = scale(np.asarray(squared.sum(axis=1)).ravel(), 0.5) @ history
    item_squares = np.asarray(by_user.power(2).sum(axis=0)).ravel()
    return (by_user @ scale(item_squares, popularity_penalty)).tocsr()


def _walk(links: csr_matrix) -> csr_matrix:
    """Drop each item's link to itself and make the others sum to 1, in place."""
    import numpy as np

    rows = np.repeat(np.arange(links.shape[0]), np.diff(links.indptr))
    links.data[rows == links.indices] = 0
    links.eliminate_zeros()
    links.sort_indices()
    rows = np.repeat(np.arange(links.shape[0]), np.diff(links.indptr))
    links.data /= np.bincount(rows, links.data, minlength=links.shape[0])[rows]
    return links
