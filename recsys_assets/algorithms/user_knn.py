"""What people alike took lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic
from recsys_assets.algorithms.links import scale, shares, strongest
from recsys_assets.algorithms.search_space import Between
from recsys_assets.algorithms.sparse import pack, unpack
from recsys_assets.algorithms.topn import ProductScores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions


class UserKNN(Recommender):
    """The latest items of the users whose decayed items have the highest cosine with the user's own.

    Resnick et al., "GroupLens: an open architecture for collaborative filtering of netnews", 1994, on implicit
    feedback and with a short memory. Both tastes and what neighbours took fade within days. A score is the mean of
    the neighbours' values, weighted by cosine, plus `self_weight` times the user's own. State: `n_neighbours` links
    per user, one number per distinct pair of user and item, and another per pair within five half-lives. Fitting
    costs the sum over items of the square of their distinct users; scoring a user costs `n_neighbours` times a
    neighbour's latest items.
    """

    name: ClassVar[str] = "user_knn"
    title: ClassVar[str] = "Others like you, lately"
    description: ClassVar[str] = "What people who take the same as you took in the last days."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})
    rests_on: ClassVar[frozenset[str]] = frozenset({"own_items", "history"})

    class Settings(Recommender.Settings):
        """Settings of user-kNN."""

        n_neighbours: Annotated[PositiveInt, Between(50, 600, log=True)] = 300
        """Neighbours per user; more are better in discovery and cost time."""

        taste_days: Annotated[PositiveFloat, Between(2, 90, log=True)] = 7.0
        """Age in days at which an event counts half (hyperbola) in the cosine and among the user's own items."""

        half_life_days: Annotated[PositiveFloat, Between(2, 60, log=True)] = 7.0
        """Half-life in days of what neighbours took; after five of them it is forgotten. The best of those tried."""

        damping: Annotated[float, Between(0.25, 1)] = Field(default=0.5, gt=0, le=1)
        """Exponent on the decayed counts: 1 leaves them, less makes a pile of one item count for less. Better in
        discovery than 1, worse in next."""

        self_weight: Annotated[NonNegativeFloat, Between(0, 4)] = 1.0
        """How much the user's own items count beside the neighbours' mean. In discovery it changes nothing; in next
        data sets differ."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        import numpy as np

        settings = self.settings
        history = train.to_csr(train.weights * hyperbolic(train.ages, settings.taste_days)).power(settings.damping)
        lately = train.where(train.ages <= 5 * settings.half_life_days)
        recent = lately.to_csr(lately.weights * np.exp2(-lately.ages / settings.half_life_days))
        recent = recent.power(settings.damping)
        squares = np.asarray(history.power(2).sum(axis=1)).ravel()
        unit = scale(squares, -0.5) @ history
        neighbours = strongest(unit.T, settings.n_neighbours)
        return history, pack("neighbours", shares(neighbours)) | pack("recent", recent)

    def _score(self, users: NDArray[np.int32], n: int) -> ProductScores:
        n_users, n_items = self.history.shape
        neighbours = unpack(self.arrays, "neighbours", n_users)
        recent = unpack(self.arrays, "recent", n_items)
        return ProductScores(neighbours[users], recent, self.settings.self_weight, self.history[users])
