"""Events gathered into the baskets they were taken in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions


@dataclass(frozen=True, eq=False)
class Baskets:
    """Baskets in the order of their users, each user's newest first.

    Parameters
    ----------
    of_events : ndarray of int64, shape (n_events,)
        Basket of each event.
    users : ndarray of int32, shape (n_baskets,)
        Whose it is; ascending.
    ages : ndarray of float64, shape (n_baskets,)
        Days from its last event to the cutoff.
    items : csr_matrix of float64, shape (n_baskets, n_items)
        1 for each item in it.
    """

    of_events: NDArray[np.int64]
    users: NDArray[np.int32]
    ages: NDArray[np.float64]
    items: csr_matrix

    @property
    def places(self) -> NDArray[np.int64]:
        """Ndarray of int64, shape (n_baskets,): 0 for the user's newest basket, 1 for the one before it, ..."""
        import numpy as np

        places: NDArray[np.int64] = np.arange(len(self.users)) - np.searchsorted(self.users, self.users)
        return places


def baskets(train: Interactions) -> Baskets:
    """Gather events into baskets; where none are known, a user's day is one.

    Parameters
    ----------
    train : Interactions
        The events before the cutoff.

    Returns
    -------
    Baskets
        The same whatever the order of the events.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    given = days(train) if train.baskets is None else train.baskets
    codes, firsts, of_events = np.unique(given, return_index=True, return_inverse=True)
    users, ages = train.users[firsts], np.full(len(codes), np.inf)
    np.minimum.at(ages, of_events, train.ages)
    order = np.lexsort((codes, ages, users))
    numbers = np.empty(len(codes), dtype=np.int64)
    numbers[order] = np.arange(len(codes))
    of_events = numbers[of_events]
    cells = np.sort(of_events * train.n_items + train.items)
    cells = cells[np.diff(cells, prepend=-1) > 0]
    rows, items = np.divmod(cells, max(train.n_items, 1))
    indptr = np.searchsorted(rows, np.arange(len(codes) + 1))
    matrix = csr_matrix((np.ones(len(cells)), items.astype(np.int32), indptr), shape=(len(codes), train.n_items))
    return Baskets(of_events, users[order], ages[order], matrix)


def days(train: Interactions) -> NDArray[np.int64]:
    """Number the days of each user.

    Parameters
    ----------
    train : Interactions
        The events before the cutoff.

    Returns
    -------
    ndarray of int64, shape (n_events,)
        Equal for events of one user on one UTC day, as a cutoff is the end of one.
    """
    import numpy as np

    day = np.ceil(train.ages).astype(np.int64)
    numbers: NDArray[np.int64] = train.users * (day.max(initial=0) + 1) + day
    return numbers
