"""What many users took lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import PositiveFloat

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import trend
from recsys_assets.algorithms.search_space import Between
from recsys_assets.algorithms.sparse import pack, ranking, rows_of_best, unpack

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions


class Popularity(Recommender):
    """Trending items: a sum over users, each counting by the strongest decayed event with the item.

    It has a list for users without history, too. State: one number per item, and one per distinct pair of
    user and item.
    """

    name: ClassVar[str] = "popularity"
    title: ClassVar[str] = "Trending"
    description: ClassVar[str] = "What the most people took lately."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})
    rests_on: ClassVar[frozenset[str]] = frozenset({"popularity"})

    class Settings(Recommender.Settings):
        """Settings of popularity."""

        half_life_days: Annotated[PositiveFloat, Between(0.5, 60, log=True)] = 2.0
        """Age in days at which an event counts half. Shorter is better, but would rest on one weekday."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        scores, history = trend(train, self.settings.half_life_days)
        return history, pack("ranked", ranking(scores))

    def _score(self, users: NDArray[np.int32], n: int) -> csr_matrix:
        import numpy as np

        # At most all that a user has seen is excluded, so n more than that is always enough.
        n_seen = np.diff(self.seen.indptr)[users]
        return rows_of_best(unpack(self.arrays, "ranked", self.history.shape[1]), n + n_seen)
