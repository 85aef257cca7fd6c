"""Matrix factorisation of implicit feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic
from recsys_assets.algorithms.factors import fixed_point, most_taken, products
from recsys_assets.algorithms.search_space import Between
from recsys_assets.threads import hold_blas_to_one_thread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions
    from recsys_assets.algorithms.topn import DenseScores


class ALS(Recommender):
    """Weighted matrix factorisation by alternating least squares.

    Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", 2008, solved by
    conjugate gradients (Takács et al., "Applications of the conjugate gradient method for implicit feedback
    collaborative filtering", 2011). A row is pulled towards zero in proportion to a power of its frequency (Rendle,
    Krichene, Zhang and Koren, "Revisiting the performance of iALS on item recommendation benchmarks", 2021). State:
    `factors` numbers per user and item, and one per distinct pair of user and item. A pass over the data costs
    `factors` times the pairs, and its square times the users and items; scoring costs `factors` times the items per
    user.
    """

    name: ClassVar[str] = "als"
    title: ClassVar[str] = "To your taste"
    description: ClassVar[str] = "What people of similar taste take."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})
    rests_on: ClassVar[frozenset[str]] = frozenset({"own_items", "history"})
    has_factors: ClassVar[bool] = True

    class Settings(Recommender.Settings):
        """Settings of ALS."""

        factors: Annotated[PositiveInt, Between(16, 128, log=True)] = 64
        """Length of the taste vectors; twice the length cost time and gained nothing."""

        iterations: PositiveInt = 15
        """Alternating passes over users and items."""

        regularization: Annotated[NonNegativeFloat, Between(0.02, 1, log=True)] = 0.2
        """Mean pull of the taste vectors towards zero, as a share of the strength a typical taste has in the data:
        from 1 on little but popularity is left. The best of those tried."""

        frequency_power: Annotated[NonNegativeFloat, Between(0, 1)] = 0.5
        """How much more those are pulled who take more, and what is taken more: exponent on the frequency, 0 pulls all
        alike. The best in discovery, and near it in next."""

        unobserved: Annotated[NonNegativeFloat, Between(0.01, 1, log=True)] = 0.1
        """What an item not taken adds to a user's frequency, to which each item taken adds 1; likewise for items. With
        1, as the objective would have it, catalogues are so long that all users are pulled nearly alike."""

        decay_days: Annotated[PositiveFloat, Between(3, 180, log=True)] = 30.0
        """Age in days at which an event counts half in the confidence."""

        confidence: Annotated[PositiveFloat, Between(0.1, 10, log=True)] = 1.0
        """Factor on the logarithm of the decayed count; what was never taken has the confidence 1, so a
        purchase long ago says little. More lost."""

        max_items: PositiveInt = 10_000
        """Items that are learned and listed, those that most users took; of equals, the first by id. As good as all of
        a longer catalogue in a third of the time."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        import numpy as np

        settings = self.settings
        history = train.to_csr(train.weights * hyperbolic(train.ages, settings.decay_days))
        items = most_taken(history, settings.max_items)
        confidence = (settings.confidence * history[:, items].log1p()).astype(np.float32)
        user_factors, item_factors = self._factors(confidence)
        return history, {
            "items": items,
            "user_factors": fixed_point(user_factors),
            "item_factors": fixed_point(item_factors),
        }

    def _factors(self, confidence: csr_matrix) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Factors of users and items, of shape (n, factors) each."""
        import numpy as np
        from implicit.cpu.als import AlternatingLeastSquares

        settings = self.settings
        rng = np.random.default_rng(self.seed)
        users, items = (
            rng.random((n, settings.factors), dtype=np.float32) * np.float32(0.01) for n in confidence.shape
        )
        units = np.eye(settings.factors, dtype=np.float32)
        of_users, of_items = self._pulled(confidence)
        # The library runs its own threads, which solve row by row, so their number changes nothing; those of OpenBLAS
        # under them only get in the way.
        hold_blas_to_one_thread()
        solve = AlternatingLeastSquares(settings.factors).solver
        for _ in range(settings.iterations):
            solve(of_users, users, np.vstack([items, units]), 0.0, num_threads=0)
            solve(of_items, items, np.vstack([users, units]), 0.0, num_threads=0)
        return users, items

    def _pulled(self, confidence: csr_matrix) -> tuple[csr_matrix, csr_matrix]:
        """Confidence by user and by item, with each row's own pull.

        implicit pulls all rows alike. A pull of r is that of one more column for each factor, whose own factors are a
        unit vector, and which the row dislikes with the confidence r (to implicit: a negative number).
        """
        import numpy as np
        from scipy.sparse import csr_matrix, hstack

        settings = self.settings
        sides = (confidence, confidence.T.tocsr())
        active = [np.flatnonzero(np.diff(side.indptr)) for side in sides]
        powers = [
            (np.diff(side.indptr)[rows] + settings.unobserved * len(others)) ** settings.frequency_power
            for side, rows, others in zip(sides, active, reversed(active), strict=True)
        ]
        mean = np.concatenate(powers).mean() if confidence.nnz else 1.0
        pull = settings.regularization * _typical_strength(confidence) / mean
        pulled = []
        for side, rows, power in zip(sides, active, powers, strict=True):
            cells = (np.repeat(rows, settings.factors), np.tile(np.arange(settings.factors), len(rows)))
            values = np.repeat(-pull * power, settings.factors)
            own = csr_matrix((values, cells), shape=(side.shape[0], settings.factors))
            pulled.append(hstack([side, own], format="csr", dtype=np.float32))
        return pulled[0], pulled[1]

    def _score(self, users: NDArray[np.int32], n: int) -> DenseScores:
        return products(self.arrays, users, self.history)


def _typical_strength(confidence: csr_matrix) -> float:
    """Geometric mean of a user's and an item's average total: the singular value of evenly spread tastes."""
    import numpy as np

    n_active_users = np.count_nonzero(np.diff(confidence.indptr))
    n_active_items = len(np.unique(confidence.indices))
    total = confidence.sum(dtype=np.float64)
    return float(total / np.sqrt(np.float64(n_active_users * n_active_items))) if total else 0.0
