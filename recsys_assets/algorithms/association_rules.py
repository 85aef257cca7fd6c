"""What is taken together: frequent itemsets of baskets and the rules they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from recsys_assets.algorithms.base import Recommender
from recsys_assets.algorithms.baskets import baskets
from recsys_assets.algorithms.decay import hyperbolic
from recsys_assets.algorithms.search_space import Between
from recsys_assets.algorithms.sparse import row_of_each
from recsys_assets.algorithms.topn import ProductScores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions

_DENSE_SHARE = 4
"""Numbers are counted without a sort as long as the greatest is at most so many times as great as their number."""


class AssociationRules(Recommender):
    """Rules "who takes these together takes that, too", mined by FP-growth.

    Agrawal and Srikant, "Fast algorithms for mining association rules", 1994, for the rules; Han, Pei and Yin,
    "Mining frequent patterns without candidate generation", 2000, for FP-growth. Rules are of all baskets that the
    night sees, or of the late ones; a user's items are decayed. A rule counts by the least of its items, times its
    confidence, times a power of its lift, and an item by the sum of the rules that lead to it.

    Itemsets are kept with the model, for bundles: `itemsets` (n_itemsets, max_length; -1 after the last item) with
    their `support` (share of baskets), and rules: `antecedents` (n_rules, max_length - 1), `consequents`,
    `confidence`, `lift`. State: as many numbers, and one per distinct pair of user and item. Fitting costs the sum
    over baskets of the square of their frequent items and, with `max_length` 3, that of their frequent pairs times
    their length.
    """

    name: ClassVar[str] = "association_rules"
    title: ClassVar[str] = "Taken together"
    description: ClassVar[str] = "What people put into one basket with the items you took lately."
    tasks: ClassVar[frozenset[str]] = frozenset({"next", "discovery"})
    uses: ClassVar[frozenset[str]] = frozenset({"baskets"})
    rests_on: ClassVar[frozenset[str]] = frozenset({"history"})

    class Settings(Recommender.Settings):
        """Settings of association rules."""

        min_support: PositiveFloat = 0.0005
        """Least share of baskets that hold an itemset."""

        min_baskets: PositiveInt = 20
        """Least number of baskets that hold an itemset, whatever the share; a fifth of them where that is less."""

        max_length: Annotated[int, Field(ge=2, le=3)] = 3
        """Items of the longest itemset."""

        max_basket: PositiveInt = 100
        """Frequent items of a basket that are looked at, the most frequent first."""

        min_confidence: Annotated[NonNegativeFloat, Between(0.001, 0.1, log=True)] = 0.01
        """Least share of the antecedent's baskets that hold the consequent."""

        lift_power: Annotated[NonNegativeFloat, Between(0, 1)] = 0.5
        """Exponent on the lift in a rule's strength."""

        rule_days: PositiveFloat | None = None
        """Age in days of the oldest events that rules are made of; none: all are. Supports are then shares of those
        baskets."""

        decay_days: Annotated[PositiveFloat, Between(3, 180, log=True)] = 30.0
        """Age in days at which an item of the user counts half."""

    settings: Settings

    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        settings = self.settings
        history = train.to_csr(train.weights * hyperbolic(train.ages, settings.decay_days))
        late = train if settings.rule_days is None else train.where(train.ages <= settings.rule_days)
        contents = baskets(late).items
        n_baskets = contents.shape[0]
        least = max(settings.min_support * n_baskets, min(settings.min_baskets, n_baskets / 5))
        itemsets, counts = fp_growth(contents, least, settings.max_length, settings.max_basket)
        arrays = _rules(itemsets, counts, n_baskets, settings.min_confidence)
        return history, {"itemsets": itemsets, "support": counts / max(n_baskets, 1), **arrays}

    def _score(self, users: NDArray[np.int32], n: int) -> ProductScores:
        import numpy as np
        from scipy.sparse import csr_matrix

        antecedents = self.arrays["antecedents"]
        strength = self.arrays["confidence"] * np.power(self.arrays["lift"], self.settings.lift_power)
        distinct, rows = np.unique(antecedents, axis=0, return_inverse=True)
        rules = csr_matrix(
            (strength, (rows.ravel(), self.arrays["consequents"])), shape=(len(distinct), self.history.shape[1])
        )
        return ProductScores(_least_of(self.history[users].tocsc(), distinct).tocsr(), rules)


def _least_of(profiles: csr_matrix, itemsets: NDArray[np.int32]) -> csr_matrix:
    """Give each user and itemset the least value of its items: (n_users, n_itemsets)."""
    import numpy as np
    from scipy.sparse import csr_matrix

    least = csr_matrix((profiles.shape[0], len(itemsets)))
    for length in range(1, itemsets.shape[1] + 1):
        (here,) = np.nonzero((itemsets >= 0).sum(axis=1) == length)
        part = profiles[:, itemsets[here, 0]]
        for place in range(1, length):
            part = part.minimum(profiles[:, itemsets[here, place]])
        part = part.tocoo()
        least = least + csr_matrix((part.data, (part.row, here[part.col])), shape=least.shape)
    return least


def fp_growth(
    contents: csr_matrix, least: float, max_length: int, max_basket: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Find every set of at most `max_length` items that at least `least` baskets hold.

    Parameters
    ----------
    contents : csr_matrix, shape (n_baskets, n_items)
        A stored entry for each item of a basket.
    least : float
        Least number of baskets.
    max_length : int
        Items of the longest set.
    max_basket : int
        Frequent items of a basket that are looked at, the most frequent first.

    Returns
    -------
    itemsets : ndarray of int32, shape (n_itemsets, max_length)
        Items ascending, then -1; shorter sets first, then in the order of the items.
    counts : ndarray of int64, shape (n_itemsets,)
        Baskets that hold each.
    """
    import numpy as np

    n_items = contents.shape[1]
    ranks, items = _by_frequency(contents, least)
    suffixes, counts = np.zeros(contents.shape[0], dtype=np.int64), np.ones(contents.shape[0], dtype=np.int64)
    rows, ranks = _entries(contents, ranks, max_basket)
    patterns, n_held = [np.empty((0, max_length), dtype=np.int32)], [np.empty(0, dtype=np.int64)]
    known = np.full((1, max_length), n_items, dtype=np.int32)  # The number n_items stands behind every item.
    for length in range(1, max_length + 1):
        keys, places, held = _supports(suffixes[rows] * len(items) + ranks, counts[rows])
        frequent = held >= least
        known, suffix_of = known[keys[frequent] // max(len(items), 1)], np.cumsum(frequent) - 1
        known[:, length - 1] = items[keys[frequent] % max(len(items), 1)]
        patterns.append(np.sort(known, axis=1))
        n_held.append(held[frequent])
        if length < max_length:
            kept = frequent[places]
            rows, ranks, suffix = rows[kept], ranks[kept], suffix_of[places[kept]]
            rows, ranks, suffixes, counts = _conditional(rows, ranks, suffix, suffixes, counts, len(items))
    itemsets, n_baskets = np.concatenate(patterns), np.concatenate(n_held)
    order = np.lexsort((*itemsets.T[::-1], (itemsets < n_items).sum(axis=1)))
    itemsets = np.where(itemsets == n_items, -1, itemsets).astype(np.int32)
    return itemsets[order], n_baskets[order]


def _by_frequency(contents: csr_matrix, least: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rank the frequent items, the most frequent first: rank of each item (-1: not frequent), item of each rank."""
    import numpy as np

    held = np.bincount(contents.indices, minlength=contents.shape[1])
    items = np.lexsort((np.arange(len(held)), -held))[: np.count_nonzero(held >= least)]
    ranks = np.full(len(held), -1, dtype=np.int64)
    ranks[items] = np.arange(len(items))
    return ranks, items


def _entries(
    contents: csr_matrix, ranks: NDArray[np.int64], longest: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List the frequent items of each basket as (row, rank), the most frequent first."""
    import numpy as np

    rows = row_of_each(contents)
    of_entries = ranks[contents.indices]
    rows, of_entries = rows[of_entries >= 0], of_entries[of_entries >= 0]
    order = np.lexsort((of_entries, rows))
    rows, of_entries = rows[order], of_entries[order]
    short = np.arange(len(rows)) - np.searchsorted(rows, rows) < longest
    return rows[short], of_entries[short]


def _supports(
    keys: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Sum the counts of equal keys: the keys, the place of each entry among them, the sums."""
    import numpy as np

    if keys.max(initial=0) > _DENSE_SHARE * len(keys):
        distinct, places = np.unique(keys, return_inverse=True)
        return distinct, places, np.bincount(places, counts, minlength=len(distinct)).astype(np.int64)
    # Where most numbers are keys, counting them needs no sort.
    held = np.bincount(keys, counts).astype(np.int64)
    distinct = np.flatnonzero(held)
    places = np.empty(len(held), dtype=np.int64)
    places[distinct] = np.arange(len(distinct))
    return distinct, places[keys], held[distinct]


def _conditional(
    rows: NDArray[np.int64],
    ranks: NDArray[np.int64],
    suffix: NDArray[np.int64],
    suffixes: NDArray[np.int64],
    counts: NDArray[np.int64],
    n_ranks: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Make the conditional pattern bases of all suffixes at once: one row for each node that has ancestors.

    Parameters
    ----------
    rows, ranks : ndarray of int64, shape (n_entries,)
        Frequent entries, by row and rank.
    suffix : ndarray of int64, shape (n_entries,)
        The longer suffix that each makes.
    suffixes, counts : ndarray of int64, shape (n_rows,)
        Suffix and count of each row.
    n_ranks : int
        Number of frequent items.
    """
    import numpy as np

    depths = np.arange(len(rows)) - np.searchsorted(rows, rows)
    nodes, n_nodes = np.empty(len(rows), dtype=np.int64), 0
    # The FP-tree, level by level: equal beginnings of rows with one suffix are one node.
    by_depth = np.argsort(depths, kind="stable")
    for here in np.split(by_depth, np.cumsum(np.bincount(depths))[:-1]):
        parents = nodes[here - 1] if n_nodes else suffixes[rows[here]]
        distinct, places = np.unique(parents * n_ranks + ranks[here], return_inverse=True)
        nodes[here] = n_nodes + places
        n_nodes += len(distinct)
    _, first = np.unique(nodes, return_index=True)
    n_held = np.bincount(nodes, counts[rows], minlength=n_nodes).astype(np.int64)
    deep = depths[first] > 0
    first, n_held = first[deep], n_held[deep]
    # A node's ancestors are what stands before it in any of its rows.
    lengths = depths[first]
    starts = np.cumsum(lengths) - lengths
    places = np.arange(lengths.sum()) - np.repeat(starts - (first - lengths), lengths)
    return np.repeat(np.arange(len(first)), lengths), ranks[places], suffix[first], n_held


def _rules(
    itemsets: NDArray[np.int32], counts: NDArray[np.int64], n_baskets: int, min_confidence: float
) -> dict[str, NDArray[np.generic]]:
    """Make every rule with one consequent from itemsets of two items or more."""
    import numpy as np

    base = itemsets.max(initial=0) + 2

    def code(sets: NDArray[np.int32]) -> NDArray[np.int64]:
        """Number sets by their items; -1 stands last, so it is moved before all as a shorter set's."""
        numbers: NDArray[np.int64] = (sets.astype(np.int64) + 1) @ base ** np.arange(sets.shape[1])
        return numbers

    codes = code(itemsets)
    order = np.argsort(codes)

    def count(sets: NDArray[np.int32]) -> NDArray[np.int64]:
        return counts[order[np.searchsorted(codes[order], code(sets))]]

    lengths = (itemsets >= 0).sum(axis=1)
    none = np.empty((0, itemsets.shape[1] - 1), dtype=np.int32)
    antecedents, consequents, both = [none], [none[:, 0]], [np.empty(0, dtype=np.int64)]
    for place in range(itemsets.shape[1]):
        here = (lengths > place) & (lengths > 1)
        antecedents.append(np.delete(itemsets[here], place, axis=1))
        consequents.append(itemsets[here, place])
        both.append(counts[here])
    sets, items, n_both = (np.concatenate(parts) for parts in (antecedents, consequents, both))
    padded = np.pad(sets, ((0, 0), (0, 1)), constant_values=-1)
    alone = np.pad(items[:, None], ((0, 0), (0, itemsets.shape[1] - 1)), constant_values=-1)
    confidence = n_both / count(padded)
    lift = confidence * n_baskets / count(alone)
    kept = confidence >= min_confidence
    return {
        "antecedents": sets[kept],
        "consequents": items[kept],
        "confidence": confidence[kept],
        "lift": lift[kept],
    }
