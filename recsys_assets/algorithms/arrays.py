"""What goes into a recommender and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix


@dataclass(frozen=True, eq=False)
class Interactions:
    """Events before a cutoff, in any order.

    Users and items are dense indices in ascending order of the id as delivered: the lower index wins a tie.

    Parameters
    ----------
    users, items : ndarray of int32, shape (n_events,)
        Who took what.
    ages : ndarray of float64, shape (n_events,)
        Days from the event to the cutoff, above 0.
    weights : ndarray of float64, shape (n_events,)
        What an event of this type counts, 0 or more; 0 makes the item seen by the user, and nothing else.
    n_users, n_items : int
        Size of the two index ranges; indices without events are allowed.
    baskets : ndarray of int32, shape (n_events,), optional
        Which events were one basket, session or day of a user. This and what follows is there for an algorithm that
        names it in `Recommender.uses`, and empty for others.
    contexts : mapping of str to ndarray of int32, shape (n_events,)
        Code of each event's device, os, country, region and store; -1 where not delivered. Codes follow the values'
        order.
    user_attributes : mapping of str to ndarray of int32, shape (n_users,)
        Code of each column of text that the source delivers about users, as known at the cutoff; -1 where unknown.
    item_attributes : mapping of str to ndarray of int32, shape (n_items,)
        The same of items: department, category, subcategory, brand and what else the source has.
    item_texts : sequence of str, length n_items
        All that is written about each item: title, hierarchy, tags. Empty where nothing is.

    Raises
    ------
    ValueError
        If the arrays differ in length, an index is out of range, an age is not above 0 or a weight is
        negative.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    ages: NDArray[np.float64]
    weights: NDArray[np.float64]
    n_users: int
    n_items: int
    baskets: NDArray[np.int32] | None = None
    contexts: Mapping[str, NDArray[np.int32]] = field(default_factory=dict)
    user_attributes: Mapping[str, NDArray[np.int32]] = field(default_factory=dict)
    item_attributes: Mapping[str, NDArray[np.int32]] = field(default_factory=dict)
    item_texts: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse events that no honest caller can have."""
        import numpy as np

        if len({self.users.shape, self.items.shape, self.ages.shape, self.weights.shape}) != 1:
            raise ValueError("users, items, ages and weights must have one length; pass one row per event.")
        for indices, size, what in ((self.users, self.n_users, "user"), (self.items, self.n_items, "item")):
            if indices.size and (indices.min() < 0 or indices.max() >= size):
                raise ValueError(f"A {what} index lies outside 0..{size - 1}; number {what}s densely from 0.")
        # Negated, so that a NaN is refused too.
        if not np.all(self.ages > 0):
            raise ValueError("An event has an age of 0 days or less; keep only events before the cutoff.")
        if not np.all((self.weights >= 0) & np.isfinite(self.weights)):
            raise ValueError("An event weight is negative or not finite; set it to 0 or more in the profile.")

    def where(self, kept: NDArray[np.bool_]) -> Self:
        """Some of the events, with the same users and items.

        Parameters
        ----------
        kept : ndarray of bool, shape (n_events,)
            Which events stay.

        Returns
        -------
        Interactions
        """
        per_event = {name: getattr(self, name)[kept] for name in ("users", "items", "ages", "weights")}
        baskets = None if self.baskets is None else self.baskets[kept]
        contexts = {name: codes[kept] for name, codes in self.contexts.items()}
        return replace(self, **per_event, baskets=baskets, contexts=contexts)

    def to_csr(self, values: NDArray[np.float64], combine: Literal["sum", "max"] = "sum") -> csr_matrix:
        """Bring one value per event into a user-item matrix.

        Parameters
        ----------
        values : ndarray of float64, shape (n_events,)
            One value per event; a pair with the value 0 stays stored.
        combine : {"sum", "max"}
            What becomes of several events of one pair.

        Returns
        -------
        csr_matrix of float64, shape (n_users, n_items)
            Equal to the last bit whatever the order of the events; column indices ascend.
        """
        import numpy as np
        from scipy.sparse import csr_matrix

        # Floats do not add up the same in another order, so the order is made total first.
        keys = (values, self.ages, self.items, self.users)
        order: slice | NDArray[np.int64] = slice(None) if _ascends(keys) else np.lexsort(keys)
        users, items = self.users[order], self.items[order]
        is_first = np.ones(len(users), dtype=bool)
        is_first[1:] = (users[1:] != users[:-1]) | (items[1:] != items[:-1])
        starts = np.flatnonzero(is_first)
        reduce = np.add if combine == "sum" else np.maximum
        data = reduce.reduceat(values[order], starts) if len(starts) else np.empty(0)
        indptr = np.concatenate([[0], np.cumsum(np.bincount(users[starts], minlength=self.n_users))])
        return csr_matrix((data, items[starts], indptr), shape=(self.n_users, self.n_items))


def _ascends(keys: Sequence[NDArray[Any]]) -> bool:
    """Whether rows stand in the order of their keys, the last of which counts first, as in `numpy.lexsort`."""
    import numpy as np

    in_order: Any = True
    for key in keys:
        in_order = (key[1:] > key[:-1]) | ((key[1:] == key[:-1]) & in_order)
    return bool(np.all(in_order))


@dataclass(frozen=True, eq=False)
class Lists:
    """Ranked items of several users, ordered by the user's position in the request, then rank.

    Parameters
    ----------
    users, items : ndarray of int32, shape (n_rows,)
        For whom (the query items in lists of similar items) and what.
    ranks : ndarray of int32, shape (n_rows,)
        1, 2, … without gaps in each list.
    scores : ndarray of float64, shape (n_rows,)
        Finite, descending in each list; ties stand by the lower item index.
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    ranks: NDArray[np.int32]
    scores: NDArray[np.float64]

    @classmethod
    def concatenate(cls, parts: list[Lists]) -> Lists:
        """Put lists one after the other; no parts make an empty one.

        Parameters
        ----------
        parts : list of Lists
            Lists of different requests.

        Returns
        -------
        Lists
            All rows, in the order of the parts.
        """
        import numpy as np

        none = np.empty(0, dtype=np.int32)
        parts = [cls(users=none, items=none, ranks=none, scores=np.empty(0)), *parts]
        return cls(
            users=np.concatenate([part.users for part in parts]),
            items=np.concatenate([part.items for part in parts]),
            ranks=np.concatenate([part.ranks for part in parts]),
            scores=np.concatenate([part.scores for part in parts]),
        )

    def without(self, dropped: NDArray[np.bool_], n: int) -> Lists:
        """The first n of each list once some items are dropped, ranked anew.

        Parameters
        ----------
        dropped : ndarray of bool, shape (n_items,)
            Items that must not be listed.
        n : int
            Longest list; lists that were longer before are cut to it.

        Returns
        -------
        Lists
            In the same order.
        """
        import numpy as np

        if not dropped.any() and self.ranks.max(initial=0) <= n:
            return self
        kept = ~dropped[self.items]
        users = self.users[kept]
        # Ranks begin anew with each user; one request names a user once.
        starts = np.flatnonzero(np.r_[True, users[1:] != users[:-1]][: len(users)])
        ranks = np.arange(1, len(users) + 1, dtype=np.int32)
        ranks -= np.repeat(starts, np.diff(np.r_[starts, len(users)])).astype(np.int32)
        short = ranks <= n
        return Lists(users[short], self.items[kept][short], ranks[short], self.scores[kept][short])
