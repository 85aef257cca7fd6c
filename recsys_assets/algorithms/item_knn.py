"""Items that go with what the user took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic
from recsys_assets.algorithms.links import LinkedItems, scale, shares, strongest
from recsys_assets.algorithms.search_space import Between, Choice
from recsys_assets.algorithms.sparse import keep_top, pack, unpack
from recsys_assets.algorithms.topn import ProductScores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions


class ItemKNN(LinkedItems):
    """One step of a walk from the user's decayed items to their neighbours.

    Neighbours are items taken by the same users, less so the more popular they are, and each item's links sum
    to 1 (as in RP3beta: Paudel et al., "Updatable, accurate, diverse, and scalable recommendations for
    interactive applications", 2017, with the neighbourhoods of Deshpande and Karypis, "Item-based top-N
    recommendation algorithms", 2004). State: `n_neighbours` links per item and one number per distinct pair
    of user and item. Fitting costs the sum over users of the square of their distinct items, of `profile_items`
    at most; scoring a user costs `n_neighbours` times them.
    """

    name: ClassVar[str] = "item_knn"
    title: ClassVar[str] = "Goes with what you take"
    description: ClassVar[str] = "Items that people with your items take, too."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})
    rests_on: ClassVar[frozenset[str]] = frozenset({"own_items", "history"})

    class Settings(Recommender.Settings):
        """Settings of item-kNN."""

        n_neighbours: Annotated[PositiveInt, Between(50, 400, log=True)] = 200
        """Links kept per item; half as many are faster and lose a little."""

        decay_days: Annotated[PositiveFloat, Between(3, 180, log=True)] = 30.0
        """Age in days at which an event counts half, in profiles and links alike; the best in next of those tried."""

        weighting: Annotated[Literal["walk", "cosine", "tfidf", "bm25"], Choice()] = "walk"
        """How decayed counts become links. walk: users of length 1, items divided by their popularity to the penalty;
        cosine: of items; tfidf: cosine of the counts' roots times the users' rarity, the logarithm of items over the
        user's distinct items plus 1; bm25: product of counts saturated as in Robertson and Zaragoza, "The
        probabilistic relevance framework: BM25 and beyond", 2009 (k1 = 1.2, b = 0.75), times the same rarity. The walk
        is good on every data set tried."""

        popularity_penalty: Annotated[NonNegativeFloat, Between(0, 0.6)] = 0.4
        """Exponent that takes popularity out of a link of the walk: 0 links all to best sellers, 0.5 is the cosine,
        where rare items crowd out the rest. Less was worse in discovery."""

        shrinkage: Annotated[NonNegativeFloat, Between(0, 50)] = 0.0
        """Links to an item of m users count m / (m + shrinkage), so that few shared users prove little (Bell and
        Koren, "Improved neighborhood-based collaborative filtering", 2007, with the item's users for the common
        ones). It helps the cosine, and does nothing for the walk."""

        profile_items: PositiveInt | None = None
        """Items of a user that links are made of and followed from, those of the greatest decayed count; none: all.
        Fewer are faster and may lose in discovery."""

        self_weight: Annotated[NonNegativeFloat, Between(0, 4)] = 1.0
        """How much an item counts as its own neighbour, beside links that sum to 1. For next it decides most; in
        discovery it changes nothing."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        import numpy as np
        from scipy.sparse import diags

        settings = self.settings
        history = train.to_csr(train.weights * hyperbolic(train.ages, settings.decay_days))
        starts = keep_top(history, settings.profile_items) if settings.profile_items else history
        users_of_item = np.bincount(starts.indices, minlength=train.n_items).astype(np.float64)
        # A factor of the whole row (the item linked from) changes neither which links are strongest nor their shares.
        vectors = self._vectors(starts) @ diags(users_of_item / np.maximum(users_of_item + settings.shrinkage, 1))
        links = strongest(vectors, settings.n_neighbours)
        return history, pack("links", shares(links)) | (pack("starts", starts) if settings.profile_items else {})

    def _vectors(self, counts: csr_matrix) -> csr_matrix:
        """Matrix of shape (n_users, n_items) whose columns' dot products are the links."""
        match self.settings.weighting:
            case "walk":
                return balanced(counts, self.settings.popularity_penalty)
            case "cosine":
                return _unit_columns(counts)
            case "tfidf":
                return _unit_columns(_rarity(counts) @ counts.sqrt())
            case "bm25":
                return _rarity(counts) @ _saturated(counts)

    def _score(self, users: NDArray[np.int32], n: int) -> ProductScores:
        starts = unpack(self.arrays, "starts", self.history.shape[1]) if self.settings.profile_items else self.history
        return ProductScores(starts[users], self._links(), self.settings.self_weight, self.history[users])


def balanced(counts: csr_matrix, popularity_penalty: float) -> csr_matrix:
    """Give each user the length 1, then divide items by their squared length to the power of the penalty."""
    import numpy as np

    by_user = scale(np.asarray(counts.power(2).sum(axis=1)).ravel(), -0.5) @ counts
    return by_user @ scale(np.asarray(by_user.power(2).sum(axis=0)).ravel(), -popularity_penalty)


def _unit_columns(vectors: csr_matrix) -> csr_matrix:
    import numpy as np

    return vectors @ scale(np.asarray(vectors.power(2).sum(axis=0)).ravel(), -0.5)


def _rarity(counts: csr_matrix) -> csr_matrix:
    """Diagonal matrix of the users' inverse document frequencies, 0 or more; a user is a term, an item a document."""
    import numpy as np
    from scipy.sparse import diags

    return diags(np.maximum(np.log(counts.shape[1]) - np.log1p(np.diff(counts.indptr)), 0))


def _saturated(counts: csr_matrix, k1: float = 1.2, b: float = 0.75) -> csr_matrix:
    """BM25's term frequencies: counts grow towards k1 + 1, more slowly the longer the item is beside the others."""
    import numpy as np

    lengths = np.asarray(counts.sum(axis=0)).ravel()
    norms = k1 * (1 - b + b * lengths / max(lengths.mean(), np.finfo(np.float64).tiny))
    saturated = counts.copy()
    saturated.data = counts.data * (k1 + 1) / (norms[counts.indices] + counts.data)
    return saturated
