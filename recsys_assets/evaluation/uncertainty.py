"""How sure a mean over users is: percentile bootstrap over users (Efron and Tibshirani, 1993).

A user's rows are not independent: average each user's nights first and pass one row per user.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CHUNK_BYTES = 64 * 2**20
"""Memory that one chunk of resampled users may take."""


class PairedDifference(NamedTuple):
    """Mean of ``a - b`` over users, its interval and p-value; each float64 ndarray of shape (n_columns,)."""

    mean: Floats
    low: Floats
    high: Floats
    p: Floats


def bootstrap_mean_interval(
    values: Floats, *, seed: int, n_resamples: int = 1000, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Percentile bootstrap interval of the mean over users, of every column on the same resamples.

    Equal bytes for a seed, whatever the number of threads. Time O(n_resamples * n_users * n_columns), in one
    matrix product per chunk; memory ``CHUNK_BYTES`` and two copies of the values.

    Parameters
    ----------
    values : float64 ndarray of shape (n_users, n_columns)
        Finite.
    seed : int
    n_resamples : int
    level : float
        Coverage, within (0, 1).

    Returns
    -------
    low, high : float64 ndarrays of shape (n_columns,)

    Raises
    ------
    ValueError
        Without users, with values that are not finite, or with a level outside (0, 1).
    """
    return _interval(_resampled_means(values, seed, n_resamples), level)


def paired_difference(
    a: Floats, b: Floats, *, seed: int, n_resamples: int = 1000, level: float = 0.95
) -> PairedDifference:
    """Compare two systems on the same users: bootstrap of the mean of ``a - b``.

    ``p`` is two-sided, ``2 * (1 + resamples on the rarer side of zero, zero included) / (n_resamples + 1)``,
    at most 1 (Davison and Hinkley, 1997), and so never below ``2 / (n_resamples + 1)``.

    Parameters
    ----------
    a, b : float64 ndarrays of shape (n_users, n_columns)
        Row i of both is the same user.
    seed, n_resamples, level
        As in `bootstrap_mean_interval`.

    Raises
    ------
    ValueError
        If the shapes differ, and as `bootstrap_mean_interval` does.
    """
    import numpy as np

    if a.shape != b.shape:
        raise ValueError(
            f"Paired values differ in shape, {a.shape} and {b.shape}: give both the same users and columns."
        )
    means = _resampled_means(a - b, seed, n_resamples)
    rarer = np.minimum((means <= 0).sum(axis=0), (means >= 0).sum(axis=0))
    p = np.minimum(1.0, 2 * (1 + rarer) / (n_resamples + 1))
    return PairedDifference((a - b).mean(axis=0), *_interval(means, level), p)


def _interval(means: Floats, level: float) -> tuple[Floats, Floats]:
    import numpy as np

    if not 0 < level < 1:
        raise ValueError(f"level={level} is outside (0, 1): give the coverage as a share, such as 0.95.")
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def _resampled_means(values: Floats, seed: int, n_resamples: int) -> Floats:
    """Means of ``n_resamples`` resamples of the users, shape (n_resamples, n_columns)."""
    import numpy as np

    if values.ndim != 2 or len(values) == 0:
        raise ValueError(f"Values need the shape (n_users, n_columns) with at least one user; got {values.shape}.")
    if not np.isfinite(values).all():
        raise ValueError("Values must be finite: leave out users without a grade.")
    n_users, n_columns = values.shape
    whole, unit = _whole_numbers(values)
    rng = np.random.Generator(np.random.PCG64(seed))
    n_chunk = max(1, CHUNK_BYTES // (8 * n_users))
    means = np.empty((n_resamples, n_columns))
    for start in range(0, n_resamples, n_chunk):
        n = min(n_chunk, n_resamples - start)
        # how often each user is drawn; a multinomial count, by its draws
        counts = np.empty((n, n_users))
        for row in counts:
            row[:] = np.bincount(rng.integers(n_users, size=n_users), minlength=n_users)
        means[start : start + n] = counts @ whole * unit / n_users
    return means


def _whole_numbers(values: Floats) -> tuple[Floats, float]:
    """Values as whole multiples of a power of two, so fine that no resample's sum passes 2**53.

    All sums of such numbers are exact, hence the same in whatever order BLAS and its threads add them up. The
    rounding is below 1e-9 of the largest value for a million users, far below a bootstrap's own noise.
    """
    import numpy as np

    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0:
        return values, 1.0
    unit = 2.0 ** (math.frexp(largest)[1] + math.frexp(len(values))[1] - 52)
    return np.rint(values / unit), unit
