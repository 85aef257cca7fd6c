"""What the user took before, by decayed frequency, then what is trending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import PositiveFloat

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic, trend
from recsys_assets.algorithms.search_space import Between
from recsys_assets.algorithms.sparse import fill, pack, ranking, rows_of_best, unpack

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions


class BuyAgain(Recommender):
    """The user's own items, by how often and how lately the user took them; behind them what is trending.

    A strong baseline wherever people repeat themselves (Hu et al., "Modeling personalized item frequency
    information for next-basket recommendation", 2020). An own item scores its decayed count, above 0; one of
    the trend its share of the strongest trend less 1, from -1 to 0, so that it stands behind all of them. State:
    one number per distinct pair of user and item and, with the trend, one per item.
    """

    name: ClassVar[str] = "buy_again"
    title: ClassVar[str] = "Buy again"
    description: ClassVar[str] = "What you take often, and took lately; for short histories, then what is trending."
    tasks: ClassVar[frozenset[str]] = frozenset({"next"})
    rests_on: ClassVar[frozenset[str]] = frozenset({"own_items", "popularity"})

    class Settings(Recommender.Settings):
        """Settings of buy-again."""

        decay_days: Annotated[PositiveFloat, Between(3, 365, log=True)] = 30.0
        """Age in days at which an event counts half; the best of those tried, by little."""

        fill_with_trend: bool = True
        """Follow the user's own items by trending ones; a user without history gets the trend alone."""

        trend_half_life_days: Annotated[PositiveFloat, Between(0.5, 30, log=True)] = 2.0
        """Age in days at which an event counts half in the trend."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        history = train.to_csr(train.weights * hyperbolic(train.ages, self.settings.decay_days))
        if not self.settings.fill_with_trend:
            return history, {}
        scores, _ = trend(train, self.settings.trend_half_life_days)
        return history, pack("trend", ranking(scores))

    def _score(self, users: NDArray[np.int32], n: int) -> csr_matrix:
        import numpy as np

        own = self.history[users]
        if not self.settings.fill_with_trend:
            return own
        ranked = unpack(self.arrays, "trend", self.history.shape[1])
        # At most all that a user has seen is excluded, so n more than that is always enough.
        trending = rows_of_best(ranked, n + np.diff(self.seen.indptr)[users])
        trending.data = trending.data / ranked.data.max(initial=0) - 1
        return fill(own, trending)
