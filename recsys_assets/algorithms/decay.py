"""How much an event still counts at its age."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions


def hyperbolic(ages: NDArray[np.float64], days: float) -> NDArray[np.float64]:
    """Weigh events by 1 / (1 + age / days): half after `days`, with a long tail for old habits.

    Parameters
    ----------
    ages : ndarray of float64, shape (n_events,)
        Days before the cutoff.
    days : float
        Age at which an event counts half, days.

    Returns
    -------
    ndarray of float64, shape (n_events,)
        Between 0 and 1.

    Notes
    -----
    Memory of a past occurrence fades as a power of its age rather than exponentially (Anderson and Schooler,
    "Reflections of the environment in memory", 1991).
    """
    return 1.0 / (1.0 + ages / days)


def trend(train: Interactions, half_life_days: float) -> tuple[NDArray[np.float64], csr_matrix]:
    """Sum over users the strongest decayed event of each with an item.

    Parameters
    ----------
    train : Interactions
        The events before the cutoff.
    half_life_days : float
        Age at which an event counts half, days.

    Returns
    -------
    scores : ndarray of float64, shape (n_items,)
        0 for an item without events.
    strongest : csr_matrix of float64, shape (n_users, n_items)
        What is summed.
    """
    import numpy as np

    decayed = train.weights * 0.5 ** (train.ages / half_life_days)
    # One user counts once, so that heavy buyers make no trend: +2 to 9 % in discovery, even in next.
    strongest = train.to_csr(decayed, combine="max")
    scores = np.bincount(strongest.indices, strongest.data, minlength=train.n_items).astype(np.float64)
    return scores, strongest
