"""Matrix factorisation of implicit feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic

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

        regularization: NonNegativeFloat = 0.5
        """Pull of the taste vectors towards zero, as a share of the strength a typical taste has in the data:
        from 1 on little but popularity is left. NDCG@10 on Complete Journey, night 2017-10-24: .119 with next
        to none, .149 at 0.5, .148 at 0.7, .127 at 1."""

        decay_days: PositiveFloat = 30.0
        """Age in days at which an event counts half in the confidence."""

        confidence: PositiveFloat = 1.0
        """Factor on the logarithm of the decayed count; what was never taken has the confidence 1, so a
        purchase long ago says little. On Complete Journey, with the pull kept in proportion, 3 lost (NDCG@10 .140 for
        .150), and so did 1 plus the logarithm, as the paper has it (.115)."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        import numpy as np
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        history = train.to_csr(train.weights * hyperbolic(train.ages, self.settings.decay_days))
        confidence = (self.settings.confidence * history.log1p()).astype(np.float32)
        # implicit runs its own threads; those of OpenBLAS under them only get in the way.
        with threadpool_limits(1, user_api="blas"):
            model = AlternatingLeastSquares(
                factors=self.settings.factors,
                regularization=self.settings.regularization * _typical_strength(confidence),
                iterations=self.settings.iterations,
                random_state=self.seed,
                num_threads=1 if self.deterministic else 0,
            )
            model.fit(confidence, show_progress=False)
        return history, {
            "user_factors": _fixed_point(model.user_factors),
            "item_factors": _fixed_point(model.item_factors),
        }

    def _score(self, users: NDArray[np.int32], n: int) -> NDArray[np.float64]:
        import numpy as np

        user_factors = self.arrays["user_factors"][users].astype(np.float64)
        scores: NDArray[np.float64] = user_factors @ self.arrays["item_factors"].astype(np.float64).T
        # Factors of what had no event mean nothing.
        scores[np.diff(self.history.indptr)[users] == 0] = -np.inf
        scores[:, np.bincount(self.history.indices, minlength=scores.shape[1]) == 0] = -np.inf
        return scores


def _typical_strength(confidence: csr_matrix) -> float:
    """Geometric mean of a user's and an item's average total: the singular value of evenly spread tastes."""
    import numpy as np

    n_active_users = np.count_nonzero(np.diff(confidence.indptr))
    n_active_items = len(np.unique(confidence.indices))
    total = confidence.sum(dtype=np.float64)
    return float(total / np.sqrt(np.float64(n_active_users * n_active_items))) if total else 0.0


def _fixed_point(factors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round each row to so many bits that a dot product of two rows is exact in float64.

    BLAS adds in another order for other shapes, threads and processors. Where no addition rounds, the order
    does not matter, so a user's scores are the same in every batch. 64 factors leave 23 bits of float32's 24.
    """
    import numpy as np

    # Terms are below 2 ** (2 * bits) in units of their last place; their sum has to fit float64's 53 bits.
    bits = (53 - int(np.ceil(np.log2(factors.shape[1])))) // 2
    _, exponents = np.frexp(np.abs(factors).max(axis=1, keepdims=True))
    rounded: NDArray[np.float32] = np.ldexp(np.rint(np.ldexp(factors, bits - exponents)), exponents - bits)
    return rounded
