"""What the user is due to take again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import NonNegativeFloat, PositiveFloat

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.decay import hyperbolic
from recsys_assets.algorithms.search_space import Between

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions


ITEM_PRIOR = 10.0


class RepeatPurchase(Recommender):
    """The user's own items by habit, by how often people come back to the item, and by whether it is time.

    The score of an item is the user's decayed count, times a power of the share of its users who took it again,
    times how close the days since its last time are to the user's interval: their median gap between days of
    that item, blended with the item's where gaps are few. In the spirit of Bhagat et al., "Buy it again: modeling
    repeat purchase recommendations", 2018. State: one number per distinct pair of user and item. Fitting sorts
    the events.
    """

    name: ClassVar[str] = "repeat_purchase"
    title: ClassVar[str] = "Time to buy again"
    description: ClassVar[str] = "What you come back to, when its usual interval is over."
    tasks: ClassVar[frozenset[str]] = frozenset({"next"})
    rests_on: ClassVar[frozenset[str]] = frozenset({"own_items"})

    class Settings(Recommender.Settings):
        """Settings of repeat purchase."""

        decay_days: Annotated[PositiveFloat, Between(3, 180, log=True)] = 30.0
        """Age in days at which an event counts half in the user's habit."""

        repeat_power: Annotated[NonNegativeFloat, Between(0, 1.5)] = 0.5
        """Exponent on the share of the item's users who took it again; better than without."""

        early_power: Annotated[NonNegativeFloat, Between(0, 1)] = 0.1
        """How much less an item counts before its interval is over: the elapsed share of it to this power. It hardly
        matters where tried."""

        late_power: Annotated[NonNegativeFloat, Between(0, 1)] = 0.1
        """How much less an item counts after its interval: the interval as share of the elapsed days to this power."""

        prior_gaps: Annotated[PositiveFloat, Between(0.5, 20, log=True)] = 2.0
        """Gaps that the item's usual interval counts for, beside the user's own. The item's is blended with that of all
        items in the same way, as if by ten of its gaps, and its share of returning users by ten of its users."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        import numpy as np

        settings = self.settings
        history = train.to_csr(train.weights * hyperbolic(train.ages, settings.decay_days))
        last, gaps, pairs = _gaps(train)
        n_gaps = np.bincount(pairs, minlength=history.nnz)
        usual = np.median(gaps) if len(gaps) else np.float64(1)
        of_item = _blended(gaps, history.indices[pairs], np.full(train.n_items, usual), ITEM_PRIOR)
        interval = _blended(gaps, pairs, of_item[history.indices], settings.prior_gaps)
        elapsed = last / interval
        due = np.minimum(elapsed, 1) ** settings.early_power / np.maximum(elapsed, 1) ** settings.late_power
        n_users = np.bincount(history.indices, minlength=train.n_items)
        n_back = np.bincount(history.indices[n_gaps > 0], minlength=train.n_items)
        # One more who came back, so that no share is 0 and every item the user took stays listed.
        share = (n_back + ITEM_PRIOR * (n_back.sum() + 1) / (history.nnz + 1)) / (n_users + ITEM_PRIOR)
        history.data = history.data * share[history.indices] ** settings.repeat_power * due
        return history, {}

    def _score(self, users: NDArray[np.int32], n: int) -> csr_matrix:
        return self.history[users]


def _gaps(train: Interactions) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Find the days between one day of a pair of user and item and the next.

    Returns
    -------
    last : ndarray of float64, shape (n_pairs,)
        Days since each pair's last event, in the order of `Interactions.to_csr`.
    gaps : ndarray of float64, shape (n_gaps,)
        At least 1.
    pairs : ndarray of int64, shape (n_gaps,)
        Pair of each gap.
    """
    import numpy as np

    day = np.ceil(train.ages)
    order = np.lexsort((train.ages, train.items, train.users))
    users, items, day = train.users[order], train.items[order], day[order]
    is_first = (np.diff(users, prepend=-1) != 0) | (np.diff(items, prepend=-1) != 0)
    pairs = np.cumsum(is_first) - 1
    gaps = np.diff(day, prepend=0.0)
    is_gap = ~is_first & (gaps > 0)
    return train.ages[order][is_first], gaps[is_gap], pairs[is_gap]


def _blended(
    gaps: NDArray[np.float64], groups: NDArray[np.int64], prior: NDArray[np.float64], weight: float
) -> NDArray[np.float64]:
    """Blend the median gap of each group, weighed by how many gaps it has, with a prior of fixed weight."""
    import numpy as np

    order = np.lexsort((gaps, groups))
    counts = np.bincount(groups, minlength=len(prior))
    starts, ordered = np.cumsum(counts) - counts, gaps[order]
    some = np.flatnonzero(counts)
    low, high = starts[some] + (counts[some] - 1) // 2, starts[some] + counts[some] // 2
    medians = np.zeros(len(prior))
    medians[some] = (ordered[low] + ordered[high]) / 2
    return (counts * medians + weight * prior) / (counts + weight)
