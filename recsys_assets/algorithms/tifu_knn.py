"""The user's own decayed frequencies, blended with those of similar users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, PositiveInt

from recsys_assets.algorithms.arrays import Lists
from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.baskets import baskets
from recsys_assets.algorithms.sparse import keep_top, pack, unpack
from recsys_assets.algorithms.topn import top_n

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions

Share = Annotated[float, Field(ge=0, le=1)]
Decay = Annotated[float, Field(gt=0, le=1)]
BLOCK_CELLS = 2**21


class TIFUKNN(Recommender):
    """Personal item frequency, and the mean of the nearest neighbours' frequencies.

    Hu et al., "Modeling personalized item frequency information for next-basket recommendation", 2020. A user's
    baskets are taken in groups of `group_size` from the newest back; an item counts less by `within_decay` a
    basket inside its group and by `across_decay` a group. Unlike there, vectors have the length 1, nearness is
    their cosine, neighbours bring their `profile_items` strongest items, and nearer ones count more. State: one
    number per distinct pair of user and item, `n_neighbours` and `profile_items` per user. Fitting costs the sum
    over items of the square of the users who have it in their profile, scoring `n_neighbours` times
    `profile_items` per user.
    """

    name: ClassVar[str] = "tifu_knn"
    title: ClassVar[str] = "Your habits, and those of people like you"
    description: ClassVar[str] = "What you take in most of your late baskets, and what people with your habits do."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})
    uses: ClassVar[frozenset[str]] = frozenset({"baskets"})
    rests_on: ClassVar[frozenset[str]] = frozenset({"own_items", "history"})

    class Settings(Recommender.Settings):
        """Settings of TIFU-kNN."""

        group_size: PositiveInt = 7
        """Baskets of a group."""

        within_decay: Decay = 0.9
        """Factor on what a basket counts, for each newer one in its group."""

        across_decay: Decay = 0.7
        """Factor on what a basket counts, for each newer group."""

        n_neighbours: PositiveInt = 100
        """Similar users of a user."""

        profile_items: PositiveInt = 60
        """Strongest items of a user, by which similar users are found and which these bring. Fewer lost in discovery,
        more cost time."""

        own_share: Share = 0.7
        """Share of the user's own frequencies in the blend; discovery rests on the rest of it. The best of those
        tried."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        import numpy as np

        by_basket = baskets(train)
        groups, within = np.divmod(by_basket.places, self.settings.group_size)
        decay = self.settings.within_decay**within * self.settings.across_decay**groups
        # Old habits may decay to nothing a float can hold, and would then be no more in the user's list.
        decay = np.maximum(decay, 1e-12)
        history = _unit(train.to_csr(train.weights * decay[by_basket.of_events]))
        profiles = keep_top(history, self.settings.profile_items)
        neighbours = _neighbours(_unit(profiles), self.settings.n_neighbours)
        return history, pack("profiles", profiles) | pack("neighbours", neighbours)

    def _score(self, users: NDArray[np.int32], n: int) -> csr_matrix:
        neighbours = unpack(self.arrays, "neighbours", self.history.shape[0])[users]
        profiles = unpack(self.arrays, "profiles", self.history.shape[1])
        share = self.settings.own_share
        scores = share * self.history[users] + (1 - share) * (neighbours @ profiles)
        # Transposing twice brings the columns in order, in less than half the time of a sort.
        return scores.tocsc().tocsr()


def _unit(matrix: csr_matrix) -> csr_matrix:
    """Give each row that has entries the length 1."""
    import numpy as np
    from scipy.sparse import diags

    lengths = np.sqrt(np.asarray(matrix.power(2).sum(axis=1)).ravel())
    return (diags(1 / np.where(lengths > 0, lengths, 1)) @ matrix).tocsr()


def _neighbours(profiles: csr_matrix, n: int) -> csr_matrix:
    """Link each user to the n nearest others; links of a user sum to 1."""
    import numpy as np
    from scipy.sparse import csr_matrix, diags

    n_users, by_item, parts = profiles.shape[0], profiles.T.tocsr(), []
    block = max(BLOCK_CELLS // max(n_users, 1), 1)
    for start in range(0, n_users, block):
        users = np.arange(start, min(start + block, n_users), dtype=np.int32)
        near = (profiles[users] @ by_item).toarray()
        near[near == 0] = -np.inf
        near[users - start, users] = -np.inf
        parts.append(top_n(users, near, n))
    near = Lists.concatenate(parts)
    indptr = np.searchsorted(near.users, np.arange(n_users + 1))
    sums = np.bincount(near.users, near.scores, minlength=n_users)
    links = csr_matrix((near.scores, near.items, indptr), shape=(n_users, n_users))
    return (diags(1 / np.where(sums > 0, sums, 1)) @ links).tocsr()
