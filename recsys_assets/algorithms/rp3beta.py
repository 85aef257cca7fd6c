"""Where a walk from the user over items and other users ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic
from recsys_assets.algorithms.links import LinkedItems, scale, shares, strongest
from recsys_assets.algorithms.search_space import Between
from recsys_assets.algorithms.sparse import keep_top, pack, row_of_each, unpack
from recsys_assets.algorithms.topn import ProductScores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions


class RP3beta(LinkedItems):
    """Three steps of a random walk, from the user to an item, a user, an item, popular ends counted for less.

    Paudel, Christoffel, Newell and Bernstein, "Updatable, accurate, diverse, and scalable recommendations for
    interactive applications", 2017. With decayed counts ``x``, a step has the chance ``(x / row sum) ** alpha``, and
    an end's chance is divided by its item's sum to the power ``beta``. Links are cut to the strongest, and those from
    an item sum to 1. State: `n_neighbours` links per item, one number per distinct pair of user and item. Fitting costs
    users times the square of `profile_items`; scoring a user costs `n_neighbours` times `profile_items`. On Complete
    Journey, night 2017-10-17, 100 items a user took 2.0 s of one core to fit for 7.1 s with all.
    """

    name: ClassVar[str] = "rp3beta"
    title: ClassVar[str] = "A few steps away"
    description: ClassVar[str] = "Where a walk over your items and the people who take them ends."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})
    rests_on: ClassVar[frozenset[str]] = frozenset({"own_items", "history"})

    class Settings(Recommender.Settings):
        """Settings of RP3beta."""

        n_neighbours: Annotated[PositiveInt, Between(50, 400, log=True)] = 100
        """Links kept per item."""

        kept: Literal["from", "to"] = "from"
        """Which links are kept: the strongest from each item, or those to each item, as irspack does, the walk back to
        itself among them. An item that few took is where a walk goes on best, so to each item they lead from such ones,
        and no longer from what people have: that lost."""

        alpha: Annotated[PositiveFloat, Between(0.4, 1.6)] = 1.0
        """Exponent on the chance of each step: below 1 rare habits count for more. As good as any tried."""

        beta: Annotated[NonNegativeFloat, Between(0, 0.9)] = 0.4
        """Exponent that takes popularity out of the ends: 0 leads to best sellers. More is better in discovery and
        worse in next."""

        decay_days: Annotated[PositiveFloat, Between(2, 90, log=True)] = 7.0
        """Age in days at which an event counts half; a short memory is better in discovery."""

        profile_items: PositiveInt = 100
        """Items of a user that walks and links start from, those of the greatest decayed count: the square of their
        number is what fitting costs. More are not always better."""

        self_weight: Annotated[NonNegativeFloat, Between(0, 4)] = 1.0
        """How much the user's own items count beside what the walk reaches, both in shares. In discovery it
        changes nothing."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        settings = self.settings
        counts = train.to_csr(train.weights * hyperbolic(train.ages, settings.decay_days))
        top = keep_top(counts, settings.profile_items)
        starts = scale(_sums(top, axis=1), -settings.alpha) @ top.power(settings.alpha)
        # The chance of item, user, item is symmetric but for the sums of the ends.
        to_users = scale(_sums(top, axis=1), -settings.alpha / 2) @ top.power(settings.alpha)
        links = self._cut(to_users.tocsr(), _sums(top, axis=0))
        first_steps = scale(_sums(counts, axis=1), -settings.alpha) @ counts.power(settings.alpha)
        return first_steps.tocsr(), pack("links", links) | pack("starts", starts.tocsr())

    def _cut(self, to_users: csr_matrix, sums: NDArray[np.float64]) -> csr_matrix:
        """Links from each item as shares, csr_matrix of shape (n_items, n_items); `sums` are those of the items."""
        from implicit.nearest_neighbours import all_pairs_knn

        settings = self.settings
        if settings.kept == "from":
            # A factor of the whole row (the beginning's) neither changes which links are strongest nor their shares.
            return shares(strongest(to_users @ scale(sums, -settings.beta), settings.n_neighbours))
        halves = (to_users @ scale(sums, -settings.alpha)).tocsr()
        ends = all_pairs_knn(halves, settings.n_neighbours, show_progress=False).tocsr()
        links = shares((ends.T @ scale(sums, settings.alpha - settings.beta)).tocsr())
        links.data[row_of_each(links) == links.indices] = 0
        links.eliminate_zeros()
        links.sort_indices()
        return links

    def _score(self, users: NDArray[np.int32], n: int) -> ProductScores:
        starts = unpack(self.arrays, "starts", self.history.shape[1])
        return ProductScores(starts[users], self._links(), self.settings.self_weight, self.history[users])


def _sums(counts: csr_matrix, axis: int) -> NDArray[np.float64]:
    import numpy as np

    return np.asarray(counts.sum(axis=axis)).ravel()
