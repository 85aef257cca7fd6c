"""The user's own decayed frequencies, blended with those of similar users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, PositiveFloat, PositiveInt

from recsys_assets.algorithms.arrays import Lists
from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.baskets import baskets
from recsys_assets.algorithms.decay import hyperbolic
from recsys_assets.algorithms.search_space import Between
from recsys_assets.algorithms.sparse import keep_top, pack, unpack
from recsys_assets.algorithms.topn import ProductScores, top_n_and_new
from recsys_assets.threads import in_order

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions

Share = Annotated[float, Field(ge=0, le=1)]
Decay = Annotated[float, Field(gt=0, le=1)]
BLOCK_USERS = 256


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

        group_size: Annotated[PositiveInt, Between(2, 12)] = 7
        """Baskets of a group."""

        within_decay: Annotated[Decay, Between(0.5, 1)] = 0.9
        """Factor on what a basket counts, for each newer one in its group."""

        across_decay: Annotated[Decay, Between(0.4, 1)] = 0.7
        """Factor on what a basket counts, for each newer group."""

        decay_days: PositiveFloat | None = None
        """Age in days at which an event counts half, beside what its basket's place makes of it; none: places alone say
        what is old."""

        n_neighbours: Annotated[PositiveInt, Between(20, 400, log=True)] = 100
        """Similar users of a user."""

        profile_items: PositiveInt = 60
        """Strongest items of a user, by which similar users are found and which these bring. Fewer lost in discovery,
        more cost time."""

        own_share: Annotated[Share, Between(0.1, 0.95)] = 0.7
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
        counts = train.weights * decay[by_basket.of_events]
        if self.settings.decay_days is not None:
            counts *= hyperbolic(train.ages, self.settings.decay_days)
        history = _unit(train.to_csr(counts))
        profiles = keep_top(history, self.settings.profile_items)
        neighbours = _neighbours(_unit(profiles), self.settings.n_neighbours)
        return history, pack("profiles", profiles) | pack("neighbours", neighbours)

    def _score(self, users: NDArray[np.int32], n: int) -> ProductScores:
        neighbours = unpack(self.arrays, "neighbours", self.history.shape[0])[users]
        profiles = unpack(self.arrays, "profiles", self.history.shape[1])
        share = self.settings.own_share
        return ProductScores((1 - share) * neighbours, profiles, share, self.history[users])


def _unit(matrix: csr_matrix) -> csr_matrix:
    """Give each row that has entries the length 1."""
    import numpy as np
    from scipy.sparse import diags

    lengths = np.sqrt(np.asarray(matrix.power(2).sum(axis=1)).ravel())
    return (diags(1 / np.where(lengths > 0, lengths, 1)) @ matrix).tocsr()


def _neighbours(profiles: csr_matrix, n: int) -> csr_matrix:
    """Link each user to the n nearest others; links of a user sum to 1."""
    import numpy as np
    from scipy.sparse import csr_matrix, diags, eye

    n_users, by_item, itself = profiles.shape[0], profiles.T.tocsr(), eye(profiles.shape[0], format="csr")

    def nearest(users: NDArray[np.int32]) -> Lists:
        return top_n_and_new(users, ProductScores(profiles[users], by_item), itself[users], 0, n)[1]

    starts = range(0, n_users, BLOCK_USERS)
    blocks = (np.arange(start, min(start + BLOCK_USERS, n_users), dtype=np.int32) for start in starts)
    near = Lists.concatenate(list(in_order(nearest, blocks)))
    indptr = np.searchsorted(near.users, np.arange(n_users + 1))
    sums = np.bincount(near.users, near.scores, minlength=n_users)
    links = csr_matrix((near.scores, near.items, indptr), shape=(n_users, n_users))
    return (diags(1 / np.where(sums > 0, sums, 1)) @ links).tocsr()
