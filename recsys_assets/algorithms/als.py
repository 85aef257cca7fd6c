"""Matrix factorisation of implicit feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic
from recsys_assets.algorithms.factors import fixed_point, most_taken, products

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions


class ALS(Recommender):
    """Weighted matrix factorisation by alternating least squares.

    Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", 2008, solved by
    conjugate gradients (Takács et al., "Applications of the conjugate gradient method for implicit feedback
    collaborative filtering", 2011). State: `factors` numbers per user and item, and one per distinct pair of
    user and item. A pass over the data costs `factors` times the pairs, scoring `factors` times the items per
    user.
    """

    name: ClassVar[str] = "als"
    title: ClassVar[str] = "To your taste"
    description: ClassVar[str] = "What people of similar taste take."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})

    class Settings(Recommender.Settings):
        """Settings of ALS."""

        factors: PositiveInt = 64
        """Length of the taste vectors. On Complete Journey 128 took half as long again for the same NDCG@10."""

        iterations: PositiveInt = 15
        """Alternating passes over users and items."""

        regularization: NonNegativeFloat = 0.35
        """Pull of the taste vectors towards zero, as a share of the strength a typical taste has in the data:
        from 1 on little but popularity is left. NDCG@10 on Complete Journey, night 2017-10-17, in next and
        discovery: .158 and .0220 at .25, .156 and .0222 at .35, .132 and .0219 at .5."""

        decay_days: PositiveFloat = 30.0
        """Age in days at which an event counts half in the confidence."""

        confidence: PositiveFloat = 1.0
        """Factor on the logarithm of the decayed count; what was never taken has the confidence 1, so a
        purchase long ago says little. On Complete Journey, with the pull kept in proportion, 3 lost (NDCG@10 .140 for
        .150), and so did 1 plus the logarithm, as the paper has it (.115)."""

        max_items: PositiveInt = 10_000
        """Items that are learned and listed, those that most users took; of equals, the first by id. On Complete
        Journey, night 2017-10-17, one core, 10,000 took 5.9 s to fit and list for 19.6 s with all 60,820, and
        discovery had the same NDCG@10."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        import numpy as np
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        settings = self.settings
        history = train.to_csr(train.weights * hyperbolic(train.ages, settings.decay_days))
        items = most_taken(history, settings.max_items)
        confidence = (settings.confidence * history[:, items].log1p()).astype(np.float32)
        # implicit runs its own threads; those of OpenBLAS under them only get in the way.
        with threadpool_limits(1, user_api="blas"):
            model = AlternatingLeastSquares(
                factors=settings.factors,
                regularization=settings.regularization * _typical_strength(confidence),
                iterations=settings.iterations,
                random_state=self.seed,
                num_threads=1 if self.deterministic else 0,
            )
            model.fit(confidence, show_progress=False)
        return history, {
            "items": items,
            "user_factors": fixed_point(model.user_factors),
            "item_factors": fixed_point(model.item_factors),
        }

    def _score(self, users: NDArray[np.int32], n: int) -> csr_matrix:
        return products(self.arrays, users, self.history)


def _typical_strength(confidence: csr_matrix) -> float:
    """Geometric mean of a user's and an item's average total: the singular value of evenly spread tastes."""
    import numpy as np

    n_active_users = np.count_nonzero(np.diff(confidence.indptr))
    n_active_items = len(np.unique(confidence.indices))
    total = confidence.sum(dtype=np.float64)
    return float(total / np.sqrt(np.float64(n_active_users * n_active_items))) if total else 0.0
