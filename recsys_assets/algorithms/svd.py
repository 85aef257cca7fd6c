"""The strongest directions in which tastes differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic
from recsys_assets.algorithms.factors import fixed_point, most_taken, products
from recsys_assets.algorithms.links import scale
from recsys_assets.algorithms.search_space import Between
from recsys_assets.threads import hold_blas_to_one_thread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions
    from recsys_assets.algorithms.topn import DenseScores


class SVD(Recommender):
    """Truncated singular value decomposition of decayed counts, plus a bias of each item and each user.

    PureSVD (Cremonesi, Koren and Turrin, "Performance of recommender algorithms on top-n recommendation tasks",
    2010) of what the biases leave: ``x[u, i] ~ mean + user_bias[u] + item_bias[i] + factors``, where what was not
    taken is 0. As there is a value in every cell, the biases that fit best are differences of means (Koren, Bell and
    Volinsky, "Matrix factorization techniques for recommender systems", 2009). State: `factors` plus 2 numbers per
    user and item, and one per distinct pair of user and item. Fitting costs some multiple of `factors` times the
    pairs, scoring `factors` times the items per user.
    """

    name: ClassVar[str] = "svd"
    title: ClassVar[str] = "Your kind of taste"
    description: ClassVar[str] = "What lies in the directions in which your taste differs from the usual."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})
    rests_on: ClassVar[frozenset[str]] = frozenset({"own_items", "history"})
    has_factors: ClassVar[bool] = True

    class Settings(Recommender.Settings):
        """Settings of SVD."""

        factors: Annotated[PositiveInt, Between(8, 128, log=True)] = 32
        """Directions kept; at most a quarter of the number of users or items, as all of them would only repeat the
        counts. Few are better in discovery, many in next."""

        decay_days: Annotated[PositiveFloat, Between(2, 90, log=True)] = 7.0
        """Age in days at which an event counts half; a short memory is better in discovery."""

        damping: Annotated[float, Between(0.25, 1)] = Field(default=0.5, gt=0, le=1)
        """Exponent on the decayed counts: 1 leaves them, less makes a pile of one item count for less."""

        length_penalty: Annotated[NonNegativeFloat, Between(0, 1)] = 0.5
        """Exponent on the length of a user's vector, which it is divided by: 1 makes all users count the same."""

        max_items: PositiveInt = 10_000
        """Items that are learned and listed, those that most users took; of equals, the first by id."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        import numpy as np

        settings = self.settings
        counts = train.to_csr(train.weights * hyperbolic(train.ages, settings.decay_days)).power(settings.damping)
        lengths = np.sqrt(np.asarray(counts.power(2).sum(axis=1)).ravel())
        history = (scale(lengths, -settings.length_penalty) @ counts).tocsr()
        items = most_taken(history, settings.max_items)
        values = history[:, items]
        active = np.flatnonzero(np.diff(values.indptr))
        user_factors = np.zeros((values.shape[0], settings.factors + 2))
        item_factors = np.zeros((len(items), settings.factors + 2))
        if len(active):
            user_factors[active], item_factors[:] = _factors(values[active], settings.factors, self.seed)
        return history, {
            "items": items,
            "user_factors": fixed_point(user_factors.astype(np.float32)),
            "item_factors": fixed_point(item_factors.astype(np.float32)),
        }

    def _score(self, users: NDArray[np.int32], n: int) -> DenseScores:
        return products(self.arrays, users, self.history)


def _factors(values: csr_matrix, n_factors: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Factors of users and items, the last two of which hold the biases: of shape (n, n_factors + 2) each."""
    import numpy as np
    from scipy.sparse.linalg import LinearOperator, svds

    n_users, n_items = values.shape
    of_users, of_items = (np.asarray(values.mean(axis=axis)).ravel() for axis in (1, 0))
    item_bias = of_items - of_items.mean()
    users, items = np.zeros((n_users, n_factors + 2)), np.zeros((n_items, n_factors + 2))
    users[:, -2], items[:, -2] = of_users, 1
    users[:, -1], items[:, -1] = 1, item_bias
    k = min(n_factors, min(n_users, n_items) // 4)
    if k > 0:
        rest = LinearOperator(
            values.shape,
            matvec=lambda x: values @ x.ravel() - of_users * x.sum() - item_bias @ x.ravel(),
            rmatvec=lambda y: values.T @ y.ravel() - of_users @ y.ravel() - item_bias * y.sum(),
            dtype=np.float64,
        )
        start = np.random.default_rng(seed).standard_normal(min(values.shape))
        hold_blas_to_one_thread()
        left, sizes, right = svds(rest, k=k, v0=start)
        # A pair of vectors may be turned around: the item that is furthest out lies above 0.
        signs = np.sign(right[np.arange(k), np.abs(right).argmax(axis=1)])
        users[:, :k], items[:, :k] = left * (sizes * signs), (right * signs[:, None]).T
    return users, items
