"""Items that go with, or are described like, what the user took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic
from recsys_assets.algorithms.item_knn import balanced
from recsys_assets.algorithms.links import LinkedItems, shares, strongest
from recsys_assets.algorithms.search_space import Between
from recsys_assets.algorithms.sparse import keep_top, pack
from recsys_assets.algorithms.tfidf_content import words_of
from recsys_assets.algorithms.topn import ProductScores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions


class Hybrid(LinkedItems):
    """Neighbours by behaviour and neighbours by content in one blend, alpha of it content.

    A weighted hybrid (Burke, "Hybrid recommender systems: survey and experiments", 2002) of item-kNN (`ItemKNN`, its
    walk) and the cosine of texts (`TFIDFContent`): each item's links of either kind sum to 1, and are added in shares.
    It leads to items that nobody took yet. State: up to twice `n_neighbours` links per item and one number per distinct
    pair of user and item. Fitting costs what both cost; scoring a user twice `n_neighbours` times the user's items.
    """

    name: ClassVar[str] = "hybrid"
    title: ClassVar[str] = "Goes with and like what you take"
    description: ClassVar[str] = "Items that people with your items take, or that are described like them."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})
    uses: ClassVar[frozenset[str]] = frozenset({"item_texts"})
    rests_on: ClassVar[frozenset[str]] = frozenset({"own_items", "history"})

    class Settings(Recommender.Settings):
        """Settings of the hybrid."""

        alpha: Annotated[float, Between(0, 1)] = Field(default=0.2, ge=0, le=1)
        """Share of content in the links: 0 is behaviour alone, 1 content alone."""

        n_neighbours: PositiveInt = 100
        """Links of either kind kept per item."""

        decay_days: Annotated[PositiveFloat, Between(3, 180, log=True)] = 30.0
        """Age in days at which an event counts half, in profiles and links alike."""

        popularity_penalty: Annotated[NonNegativeFloat, Between(0, 0.6)] = 0.4
        """Exponent that takes popularity out of a link by behaviour."""

        max_share: Annotated[float, Field(gt=0, le=1)] = 0.005
        """Words that more than this share of the items have say little; a hundred items may always have a word."""

        profile_items: PositiveInt = 100
        """Items of a user that links by behaviour are made of, those of the greatest decayed count."""

        self_weight: Annotated[NonNegativeFloat, Between(0, 4)] = 1.0
        """How much an item counts as its own neighbour. In discovery it changes nothing."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        settings = self.settings
        history = train.to_csr(train.weights * hyperbolic(train.ages, settings.decay_days))
        starts = keep_top(history, settings.profile_items)
        behaviour = strongest(balanced(starts, settings.popularity_penalty), settings.n_neighbours)
        content = strongest(words_of(train, settings.max_share).T.tocsr(), settings.n_neighbours)
        links = ((1 - settings.alpha) * shares(behaviour) + settings.alpha * shares(content)).tocsr()
        links.eliminate_zeros()  # Of the kind that counts nothing.
        links.sort_indices()
        return history, pack("links", links)

    def _score(self, users: NDArray[np.int32], n: int) -> ProductScores:
        return ProductScores(self.history[users], self._links(), self.settings.self_weight, self.history[users])
