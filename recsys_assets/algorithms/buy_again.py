"""What the user took before, by decayed frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import PositiveFloat

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions


class BuyAgain(Recommender):
    """The user's own items, by how often and how lately the user took them.

    A strong baseline wherever people repeat themselves (Hu et al., "Modeling personalized item frequency
    information for next-basket recommendation", 2020). State: one number per distinct pair of user and item.
    """

    name: ClassVar[str] = "buy_again"
    title: ClassVar[str] = "Buy again"
    description: ClassVar[str] = "What you take often, and took lately."
    tasks: ClassVar[frozenset[str]] = frozenset({"next"})

    class Settings(Recommender.Settings):
        """Settings of buy-again."""

        decay_days: PositiveFloat = 30.0
        """Age in days at which an event counts half. On four nights of Complete Journey (2017-10-03 to 10-24)
        30 and 45 had the best NDCG@10 (.278), 20 and 60 less by .001; on the last of them the slow tail of a
        hyperbola (.275) beat half-lives of 30 days (.262) and 60 (.274)."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        return train.to_csr(train.weights * hyperbolic(train.ages, self.settings.decay_days)), {}

    def _score(self, users: NDArray[np.int32], n: int) -> csr_matrix:
        return self.history[users]
