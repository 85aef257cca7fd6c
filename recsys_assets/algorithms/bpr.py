"""Pairs of items put in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic
from recsys_assets.algorithms.factors import fixed_point, most_taken, products
from recsys_assets.algorithms.search_space import Between
from recsys_assets.algorithms.sparse import keep_top, row_of_each

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions
    from recsys_assets.algorithms.topn import DenseScores


class BPR(Recommender):
    """Matrix factorisation that ranks what a user took above what the user did not, learned from pairs drawn.

    Rendle, Freudenthaler, Gantner and Schmidt-Thieme, "BPR: Bayesian personalized ranking from implicit feedback",
    2009. A pair of user and item is drawn the more often the greater its decayed count. Always one thread, as
    implicit's threads write over each other. State: `factors` plus 1 numbers per user and item, and one per distinct
    pair of user and item. Fitting costs `iterations` times `factors` times the pairs, of `profile_items` a user at
    most; scoring `factors` times the items per user.
    """

    name: ClassVar[str] = "bpr"
    title: ClassVar[str] = "You would rather"
    description: ClassVar[str] = "What people of your taste prefer to the rest."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})
    rests_on: ClassVar[frozenset[str]] = frozenset({"own_items", "history"})
    has_factors: ClassVar[bool] = True

    class Settings(Recommender.Settings):
        """Settings of BPR."""

        factors: Annotated[PositiveInt, Between(16, 96, log=True)] = 32
        """Length of the taste vectors."""

        iterations: PositiveInt = 30
        """As many pairs are drawn as there are, this many times."""

        min_draws: PositiveInt = 200_000
        """Pairs drawn at least, so that little data is learned, too."""

        learning_rate: Annotated[PositiveFloat, Between(0.005, 0.1, log=True)] = 0.02
        """Size of a step; longer ones lost."""

        regularization: Annotated[NonNegativeFloat, Between(0.001, 0.1, log=True)] = 0.01
        """Pull of the taste vectors towards zero at each step."""

        decay_days: Annotated[PositiveFloat, Between(3, 180, log=True)] = 30.0
        """Age in days at which an event counts half."""

        profile_items: PositiveInt = 100
        """Items of a user that are learned from, those of the greatest decayed count."""

        most_draws: Annotated[PositiveInt, Between(1, 4)] = 2
        """How often the pair of a user's greatest count is drawn for once of the least."""

        max_items: PositiveInt = 10_000
        """Items that are learned and listed, those that most users took; of equals, the first by id."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        import numpy as np
        from implicit.cpu.bpr import BayesianPersonalizedRanking

        settings = self.settings
        history = train.to_csr(train.weights * hyperbolic(train.ages, settings.decay_days))
        items = most_taken(history, settings.max_items)
        pairs = _repeated(keep_top(history[:, items], settings.profile_items), settings.most_draws)
        n_users, n_factors = history.shape[0], settings.factors + 1
        if pairs.nnz == 0:
            none = np.zeros((n_users, n_factors), dtype=np.float32)
            return history, {"items": items, "user_factors": none, "item_factors": none[:0]}
        model = BayesianPersonalizedRanking(
            factors=settings.factors,
            learning_rate=settings.learning_rate,
            regularization=settings.regularization,
            iterations=max(settings.iterations, -(-settings.min_draws // pairs.nnz)),
            random_state=self.seed,
            num_threads=1,
        )
        model.fit(pairs, show_progress=False)
        return history, {
            "items": items,
            "user_factors": fixed_point(model.user_factors),
            "item_factors": fixed_point(model.item_factors),
        }

    def _score(self, users: NDArray[np.int32], n: int) -> DenseScores:
        return products(self.arrays, users, self.history)


def _repeated(counts: csr_matrix, most: int) -> csr_matrix:
    """Store each pair 1 to `most` times, by its share of the user's greatest count; implicit draws stored entries."""
    import numpy as np
    from scipy.sparse import csr_matrix

    rows = row_of_each(counts)
    greatest = np.zeros(counts.shape[0])
    np.maximum.at(greatest, rows, counts.data)
    shares = counts.data / greatest[rows]
    times = np.maximum(np.ceil(shares * most), 1).astype(np.int64)
    indptr = np.concatenate([[0], np.cumsum(times)])[counts.indptr]
    return csr_matrix((np.ones(times.sum(), np.float32), np.repeat(counts.indices, times), indptr), shape=counts.shape)
