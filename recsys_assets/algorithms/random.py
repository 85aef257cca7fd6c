"""Items drawn by lot: what any algorithm must beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from recsys_assets.algorithms.base import Recommender

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions


class RandomItems(Recommender):
    """A draw for each user among the items that anybody took.

    A user's draw depends on the seed and the user alone, so neither batches nor their order change it (as in LensKit:
    Ekstrand, "LensKit for Python", 2020). State: one bit per item, and one number per distinct pair of user and item;
    scoring costs the items per user.
    """

    name: ClassVar[str] = "random"
    title: ClassVar[str] = "By lot"
    description: ClassVar[str] = "Items drawn by lot, as a floor for the others."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        import numpy as np

        history = train.to_csr(train.weights, combine="max")
        return history, {"known": np.bincount(history.indices, minlength=train.n_items) > 0}

    def _score(self, users: NDArray[np.int32], n: int) -> NDArray[np.float32]:
        import numpy as np

        known = self.arrays["known"]
        scores = np.full((len(users), len(known)), -np.inf, dtype=np.float32)
        for row, user in enumerate(users.tolist()):  # one generator per user is the point
            draw = np.random.default_rng((self.seed, user)).random(len(known), dtype=np.float32)
            scores[row, known] = draw[known]
        return scores
