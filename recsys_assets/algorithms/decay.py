"""How much an event still counts at its age."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
