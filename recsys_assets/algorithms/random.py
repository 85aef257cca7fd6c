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

    A user's draw depends on the seed and the user alone, so neither batches nor their order change it (as LensKit
    has it: Ekstrand, "LensKit for Python", 2020). All items are shuffled once; each user walks over them from a place
    and by a stride of their own. State: one number per item, two per user, and one per distinct pair of user and
    item.
    """

    name: ClassVar[str] = "random"
    title: ClassVar[str] = "By lot"
    description: ClassVar[str] = "Items drawn by lot, as a floor for the others."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        import numpy as np

        history = train.to_csr(train.weights, combine="max")
        random = np.random.default_rng(self.seed)
        shuffled = random.permutation(np.flatnonzero(np.bincount(history.indices, minlength=train.n_items)))
        steps = np.arange(1, max(len(shuffled), 1) + 1)
        strides = steps[np.gcd(steps, max(len(shuffled), 1)) == 1]  # These come to every item once.
        return history, {
            "shuffled": shuffled.astype(np.int32),
            "starts": random.integers(0, len(steps), train.n_users),
            "strides": random.choice(strides, train.n_users),
        }

    def _score(self, users: NDArray[np.int32], n: int) -> csr_matrix:
        import numpy as np
        from scipy.sparse import csr_matrix

        shuffled = self.arrays["shuffled"]
        # At most all that a user has seen is excluded, so n more than that is always enough.
        lengths = np.minimum(n + np.diff(self.seen.indptr)[users], len(shuffled))
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        walked = np.arange(indptr[-1]) - np.repeat(indptr[:-1], lengths)
        starts, strides = (np.repeat(self.arrays[name][users], lengths) for name in ("starts", "strides"))
        items = shuffled[(starts + strides * walked) % max(len(shuffled), 1)]
        scores = csr_matrix(
            (1 - walked / max(len(shuffled), 1), items, indptr), shape=(len(users), self.history.shape[1])
        )
        scores.sort_indices()
        return scores
