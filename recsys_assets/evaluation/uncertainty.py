"""How sure a mean over users is, and whether two systems differ: resampling with users as the unit.

A user's nights are not independent, so whole users are drawn or flipped, with all their nights. All sums are exact:
equal bytes for a seed, whatever the order in which threads add up. The order of the rows matters: sort them by user.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

CHUNK_BYTES = 64 * 2**20
"""Size of one chunk of resampled users; up to three such are held at a time."""


def exact_mean(values: Iterable[float], n: int) -> float:
    """Sum of the values divided by ``n``, the same in whatever order they come (Shewchuk, 1997)."""
    return math.fsum(values) / n


def bootstrap_mean_interval(
    values: Floats, *, seed: int, n_resamples: int = 1000, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Percentile bootstrap interval of the mean over users (Efron and Tibshirani, 1993), one row a user.

    `clustered_mean_interval` with one night a user: see there.
    """
    import numpy as np

    ones = np.ones((len(values), 1), dtype=np.int64)
    return clustered_mean_interval(values, ones, seed=seed, n_resamples=n_resamples, level=level)


def clustered_mean_interval(
    sums: Floats, n: Ints, *, seed: int, n_resamples: int = 1000, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Percentile bootstrap interval of the mean over user-nights, users drawn whole (Field and Welsh, JRSS B 2007).

    A resample's mean is the sum of the drawn users' sums over the sum of their nights. Every column sees the same
    resamples. Time O(n_resamples * n_users * n_columns), in one matrix product per chunk; memory three times
    ``CHUNK_BYTES`` and two copies of the sums.

    Parameters
    ----------
    sums : float64 ndarray of shape (n_users, n_columns)
        Each user's values, summed over nights. Finite.
    n : int64 ndarray of shape (n_users, n_columns) or (n_users, 1)
        How many nights each sum is over; each column has a user with at least one. A resample that draws none of
        them says nothing and is left out.
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
        Without users, with sums that are not finite, for a column without nights, or a level outside (0, 1).
    """
    import numpy as np

    if not 0 < level < 1:
        raise ValueError(f"level={level} is outside (0, 1): give the coverage as a share, such as 0.95.")
    _check(sums)
    if not n.any(axis=0).all():
        raise ValueError("A column has no nights: leave out what was never graded.")
    n_users = len(sums)
    whole, unit = _whole_numbers(sums)
    rng = np.random.Generator(np.random.PCG64(seed))
    means = np.empty((n_resamples, sums.shape[1]))
    for part in _chunks(n_resamples, n_users):
        n_rows = part.stop - part.start
        # How often each user is drawn is a multinomial count, made by its draws.
        draws = rng.integers(n_users, size=(n_rows, n_users)) + n_users * np.arange(n_rows)[:, None]
        drawn = np.bincount(draws.ravel(), minlength=draws.size).reshape(draws.shape).astype(np.float64)
        with np.errstate(invalid="ignore"):
            means[part] = drawn @ whole * unit / (drawn @ n)
    low, high = np.nanquantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def sign_flip_p(sums: Floats, *, seed: int, n_flips: int = 2000) -> Floats:
    """Two-sided p-value of paired differences: the randomisation test over users (Fisher, 1935).

    If two systems are alike, swapping them for a user changes the sign of that user's difference and nothing else
    (for rankings: Smucker, Allan and Carterette, CIKM 2007). A user is flipped with all nights at once. ``p`` is
    ``(1 + flips whose total is at least as far from zero) / (n_flips + 1)``, so that it is never too small (Phipson
    and Smyth, 2010), and at least ``1 / (n_flips + 1)``. Time and memory as `clustered_mean_interval`.

    Parameters
    ----------
    sums : float64 ndarray of shape (n_users, n_columns)
        Each user's differences, summed over nights. Finite.
    seed : int
    n_flips : int

    Returns
    -------
    float64 ndarray of shape (n_columns,)

    Raises
    ------
    ValueError
        Without users, or with sums that are not finite.
    """
    import numpy as np

    _check(sums)
    whole, _ = _whole_numbers(sums)
    observed = np.abs(whole.sum(axis=0))
    rng = np.random.Generator(np.random.PCG64(seed))
    n_further = np.zeros(sums.shape[1], dtype=np.int64)
    # A flip takes whole words of 32 bits, so that the chunks do not matter.
    n_bytes = 4 * -(-len(sums) // 32)
    for part in _chunks(n_flips, len(sums)):
        coins = np.frombuffer(rng.bytes((part.stop - part.start) * n_bytes), dtype=np.uint8).reshape(-1, n_bytes)
        signs = 1.0 - 2.0 * np.unpackbits(coins, axis=1, count=len(sums))
        n_further += (np.abs(signs @ whole) >= observed).sum(axis=0)
    p: Floats = (1 + n_further) / (n_flips + 1)
    return p


def holm(p: Floats) -> Floats:
    """P-values corrected for their number by the step-down method of Holm (Scand. J. Statistics, 1979).

    Declaring those at most 5% leaves a chance of at most 5% that any of them is wrong, whatever their dependence.

    Parameters
    ----------
    p : float64 ndarray of shape (n_compared,)

    Returns
    -------
    float64 ndarray of shape (n_compared,)
        In the order given, each at least as large as before, at most 1.
    """
    import numpy as np

    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def _check(sums: Floats) -> None:
    import numpy as np

    if sums.ndim != 2 or len(sums) == 0:
        raise ValueError(f"Values need the shape (n_users, n_columns) with at least one user; got {sums.shape}.")
    if not np.isfinite(sums).all():
        raise ValueError("Values must be finite: leave out users without a grade.")


def _chunks(n_rows: int, n_users: int) -> list[slice]:
    """Slices of the resamples, each of ``CHUNK_BYTES`` at most (and of one row at least)."""
    step = max(1, CHUNK_BYTES // (8 * n_users))
    return [slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step)]


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
