"""What follows what: items of later baskets given those of earlier ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.baskets import baskets
from recsys_assets.algorithms.decay import hyperbolic
from recsys_assets.algorithms.search_space import Between
from recsys_assets.algorithms.sparse import keep_top, pack, unpack
from recsys_assets.algorithms.topn import ProductScores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions
    from recsys_assets.algorithms.baskets import Baskets

BLOCK_ITEMS = 4_096


class SequentialRules(Recommender):
    """Rules from an item to those of the same user's next baskets, applied to the user's late items.

    Sequential rules of size 2 (Ludewig and Jannach, "Evaluation of session-based recommendation algorithms", 2018)
    over baskets instead of clicks: each of the next `n_following` baskets within `max_days` counts by its distance
    in baskets, decayed by its age; a rule's strength is the confidence, divided by a power of how common what follows
    is. State: at most `n_rules` per item and one number per distinct pair of user and item. Fitting costs the sum over
    baskets of their items times those of the baskets that follow.
    """

    name: ClassVar[str] = "sequential_rules"
    title: ClassVar[str] = "What comes next"
    description: ClassVar[str] = "What people take in the baskets after one like your last."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})
    uses: ClassVar[frozenset[str]] = frozenset({"baskets"})
    rests_on: ClassVar[frozenset[str]] = frozenset({"history"})

    class Settings(Recommender.Settings):
        """Settings of sequential rules."""

        n_following: Annotated[PositiveInt, Between(1, 4)] = 2
        """Baskets of the user, after one, that follow it."""

        max_days: Annotated[PositiveFloat, Between(7, 120, log=True)] = 30.0
        """Days after which a basket no longer follows."""

        rule_decay_days: Annotated[PositiveFloat, Between(7, 365, log=True)] = 60.0
        """Age in days at which what followed counts half."""

        popularity_penalty: Annotated[NonNegativeFloat, Between(0, 0.8)] = 0.3
        """Exponent that takes how common an item is out of the rules that lead to it: 0 is the confidence, 1 the
        lift."""

        min_support: NonNegativeFloat = 1.5
        """Decayed cases that a rule needs; above 1, so that no single one makes a rule."""

        prior: Annotated[NonNegativeFloat, Between(0.5, 50, log=True)] = 5.0
        """Baskets that are added to how often an item was followed by any, so that few cases make no strong rule."""

        n_rules: PositiveInt = 100
        """Rules kept per item."""

        decay_days: Annotated[PositiveFloat, Between(2, 90, log=True)] = 10.0
        """Age in days at which an item of the user counts half."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        history = train.to_csr(train.weights * hyperbolic(train.ages, self.settings.decay_days))
        return history, pack("rules", _rules(baskets(train), self.settings))

    def _score(self, users: NDArray[np.int32], n: int) -> ProductScores:
        return ProductScores(self.history[users], unpack(self.arrays, "rules", self.history.shape[1]))


def _rules(history: Baskets, settings: SequentialRules.Settings) -> csr_matrix:
    """Make the strongest rules of each item; columns are what follows."""
    import numpy as np
    from scipy.sparse import csr_matrix, diags, vstack

    follows = _followers(history, settings)
    n_items = history.items.shape[1]
    later = (follows @ history.items).tocsr()
    common = np.asarray(later.sum(axis=0)).ravel()
    cases = history.items.T @ np.asarray(follows.sum(axis=1)).ravel()
    by_case = diags(1 / (cases + settings.prior))
    by_item = diags(np.power(common, -settings.popularity_penalty, out=np.zeros(n_items), where=common > 0))
    earlier, parts = history.items.T.tocsr(), [csr_matrix((0, n_items))]
    for start in range(0, n_items, BLOCK_ITEMS):
        support = (earlier[start : start + BLOCK_ITEMS] @ later).tocsr()
        support.data[support.data < settings.min_support] = 0
        support.eliminate_zeros()
        parts.append(support)
    rules = (by_case @ vstack(parts, format="csr") @ by_item).tocsr()
    return keep_top(rules, settings.n_rules)


def _followers(history: Baskets, settings: SequentialRules.Settings) -> csr_matrix:
    """Weigh which baskets follow which: (n_baskets, n_baskets)."""
    import numpy as np
    from scipy.sparse import csr_matrix

    n = len(history.users)
    rows, columns, data = [], [], []
    for step in range(1, min(settings.n_following, n - 1) + 1):
        # Newest first: what follows stands before.
        later, earlier = np.arange(n - step), np.arange(step, n)
        days = history.ages[earlier] - history.ages[later]
        kept = (history.users[later] == history.users[earlier]) & (days <= settings.max_days)
        rows.append(earlier[kept])
        columns.append(later[kept])
        data.append(hyperbolic(history.ages[later][kept], settings.rule_decay_days) / step)
    if not rows:
        return csr_matrix((n, n))
    return csr_matrix((np.concatenate(data), (np.concatenate(rows), np.concatenate(columns))), shape=(n, n))
