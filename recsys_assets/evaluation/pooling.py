"""Grades pooled over nights: means over user-nights, and paired differences of lists.

A figure is pooled over the nights on which its list was graded, a difference over those on which both lists were.
Lists that were not the ones published (``rebuilt``) are pooled apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from recsys_assets.evaluation.uncertainty import clustered_mean_interval, exact_mean, holm, sign_flip_p

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

STATUSES = ("published", "rebuilt")


@dataclass(frozen=True)
class UserTotals:
    """Grades of one task and cut, summed per user over groups of nights that graded the same lists and metrics."""

    lists: list[str]
    """Names of the lists, sorted."""
    metrics: list[str]
    sums: Floats
    """ndarray of shape (n_groups, n_users, n_lists, n_metrics); NaN where a user, list or metric was not graded."""
    n: Ints
    """ndarray of shape (n_groups, n_users): nights of the group on which the user was graded."""
    n_nights: Ints
    """ndarray of shape (n_groups,): nights of the group."""
    rebuilt: NDArray[np.bool_]
    """ndarray of shape (n_groups, n_lists): whether the list was not the one that was published."""


def user_totals(rows: dict[str, NDArray[Any]], metrics: list[str]) -> UserTotals:
    """Totals out of a table of sums, in whatever order its rows come.

    Parameters
    ----------
    rows : dict of str to ndarray of shape (n_rows,)
        ``group``, ``user`` and ``algorithm`` identify a row; ``n`` (nights of the user), ``n_nights`` (of the group),
        ``is_rebuilt``, and a float64 column per metric (NaN: not graded).
    metrics : list of str
    """
    import numpy as np

    groups, group = np.unique(rows["group"], return_inverse=True)
    users, user = np.unique(rows["user"], return_inverse=True)
    names, name = np.unique(rows["algorithm"], return_inverse=True)
    sums = np.full((len(groups), len(users), len(names), len(metrics)), np.nan)
    sums[group, user, name] = np.stack([rows[metric] for metric in metrics], axis=1)
    n, n_nights = np.zeros((len(groups), len(users)), np.int64), np.zeros(len(groups), np.int64)
    rebuilt = np.zeros((len(groups), len(names)), dtype=bool)
    n[group, user], n_nights[group], rebuilt[group, name] = rows["n"], rows["n_nights"], rows["is_rebuilt"]
    return UserTotals([str(name) for name in names], metrics, sums, n, n_nights, rebuilt)


def pooled_means(totals: UserTotals, *, seed: int) -> list[dict[str, Any]]:
    """Mean over user-nights of every list and metric, with its 95% bootstrap interval over users.

    Returns
    -------
    list of dict
        ``algorithm, metric, status, mean, low, high, n_nights, n_users, n_user_nights``.
    """
    import numpy as np

    found = []
    for is_rebuilt, status in enumerate(STATUSES):
        own = (totals.rebuilt == is_rebuilt)[:, None, :, None]
        keys = [{"algorithm": name, "metric": m, "status": status} for name in totals.lists for m in totals.metrics]
        found += _means("mean", keys, np.where(own, totals.sums, np.nan), totals, seed)[0]
    return found


def compared(totals: UserTotals, *, seed: int) -> list[dict[str, Any]]:
    """Difference of every pair of lists on the same user-nights, its 95% interval and p-values.

    ``p`` is that of `sign_flip_p`; ``p_corrected`` is corrected by `holm` for the ``n_compared`` pairs of the same
    metric and status. All pairs are counted, so any of them may be picked afterwards. A pair is ``published`` where
    both lists were.

    Returns
    -------
    list of dict
        ``algorithm, baseline, metric, status, difference, low, high, p, p_corrected, n_compared, n_nights, n_users,
        n_user_nights``; the difference is of the algorithm less the baseline. ``published`` is never the baseline.
    """
    import numpy as np

    published_first = sorted(range(len(totals.lists)), key=lambda i: (totals.lists[i] != "published", i))
    pairs = np.array(list(combinations(published_first, 2)), dtype=np.intp).reshape(-1, 2)
    one, other = pairs.T
    differences = totals.sums[:, :, one] - totals.sums[:, :, other]
    rebuilt = totals.rebuilt[:, one] | totals.rebuilt[:, other]
    found = []
    for is_rebuilt, status in enumerate(STATUSES):
        keys = [
            {"algorithm": totals.lists[a], "baseline": totals.lists[b], "metric": metric, "status": status}
            for a, b in pairs
            for metric in totals.metrics
        ]
        own = np.where((rebuilt == is_rebuilt)[:, None, :, None], differences, np.nan)
        rows, sums = _means("difference", keys, own, totals, seed)
        p = sign_flip_p(sums, seed=seed) if rows else ()
        for metric in totals.metrics:
            family = [i for i, row in enumerate(rows) if row["metric"] == metric]
            for i, corrected in zip(family, holm(np.array([p[i] for i in family])), strict=True):
                rows[i] |= {"p": float(p[i]), "p_corrected": float(corrected), "n_compared": len(family)}
        found += rows
    return found


def _means(
    name: str, keys: list[dict[str, Any]], values: Floats, totals: UserTotals, seed: int
) -> tuple[list[dict[str, Any]], Floats]:
    """Rows of every column that was graded at all, and its sums, an ndarray of shape (n_users, n_rows).

    ``values`` has the shape (n_groups, n_users, ...); its last axes, flattened, are the columns that ``keys`` names.
    """
    import numpy as np

    values = values.reshape(*values.shape[:2], -1)
    there = np.isfinite(values)
    sums, n = np.nansum(values, axis=0), (there * totals.n[:, :, None]).sum(axis=0)
    n_nights = (there.any(axis=1) * totals.n_nights[:, None]).sum(axis=0)
    graded = np.flatnonzero(n.any(axis=0))
    sums, n = sums[:, graded], n[:, graded]
    if not len(graded):
        return [], sums
    all_alike = (n == n[:, :1]).all()
    low, high = clustered_mean_interval(sums, n[:, :1] if all_alike else n, seed=seed)
    rows = [
        keys[column]
        | {name: exact_mean(sums[:, i], int(n[:, i].sum())), "low": float(low[i]), "high": float(high[i])}
        | {"n_nights": int(n_nights[column]), "n_users": int((n[:, i] > 0).sum()), "n_user_nights": int(n[:, i].sum())}
        for i, column in enumerate(graded)
    ]
    return rows, sums
