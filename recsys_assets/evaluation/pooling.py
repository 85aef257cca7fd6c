"""Grades pooled over nights: means over user-nights, and paired differences of lists.

A figure is pooled over the nights on which its list was graded, a difference over those on which both lists were.
Lists that were not the ones published (``rebuilt``) are pooled apart. Known and unknown users are not told apart here:
totals are of either.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from recsys_assets.evaluation.uncertainty import clustered_mean_interval, exact_mean, holm, sign_flip_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

STATUSES = ("published", "rebuilt")
COMPARED = ((10, "ndcg"), (1, "precision"), (20, "recall"))
"""Cut and metric of the figures that lists are compared by."""


@dataclass(frozen=True)
class UserTotals:
    """Grades of one task, summed per user over groups of nights that graded the same lists by the same metrics."""

    lists: list[str]
    """Names of the lists, sorted."""
    figures: list[tuple[int, str]]
    """Cut and metric of each figure."""
    sums: Floats
    """ndarray of shape (n_groups, n_users, n_lists, n_figures); NaN where a user, list or metric was not graded."""
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
        ``group``, ``user``, ``algorithm`` and ``k`` identify a row; ``n`` (nights of the user), ``n_nights`` (of the
        group), ``is_rebuilt``, and a float64 column per metric (NaN: not graded).
    metrics : list of str
    """
    import numpy as np

    groups, group = np.unique(rows["group"], return_inverse=True)
    users, user = np.unique(rows["user"], return_inverse=True)
    names, name = np.unique(rows["algorithm"], return_inverse=True)
    cuts, cut = np.unique(rows["k"], return_inverse=True)
    sums = np.full((len(groups), len(users), len(names), len(cuts), len(metrics)), np.nan)
    sums[group, user, name, cut] = np.stack([rows[metric] for metric in metrics], axis=1)
    n, n_nights = np.zeros((len(groups), len(users)), np.int64), np.zeros(len(groups), np.int64)
    rebuilt = np.zeros((len(groups), len(names)), dtype=bool)
    n[group, user], n_nights[group], rebuilt[group, name] = rows["n"], rows["n_nights"], rows["is_rebuilt"]
    return UserTotals(
        lists=[str(name) for name in names],
        figures=[(int(k), metric) for k in cuts for metric in metrics],
        sums=sums.reshape(*sums.shape[:3], -1),
        n=n,
        n_nights=n_nights,
        rebuilt=rebuilt,
    )


def pooled_means(totals: UserTotals, *, seed: int) -> list[dict[str, Any]]:
    """Mean over user-nights of every list and figure, with its 95% bootstrap interval over users.

    Returns
    -------
    list of dict
        ``algorithm, k, metric, status, mean, low, high, n_nights, n_users, n_user_nights``.
    """
    names = [{"algorithm": name} for name in totals.lists]
    means = []
    for is_rebuilt in (False, True):
        rows, _ = _means("mean", names, totals.sums, totals.rebuilt == is_rebuilt, totals, seed)
        means += [row | {"status": STATUSES[is_rebuilt]} for row in rows]
    return means


def compared(
    totals: UserTotals, leaders: Sequence[str], figures: Sequence[tuple[int, str]], *, seed: int
) -> list[dict[str, Any]]:
    """Difference of each leader to every other list on the same user-nights, its 95% interval and p-values.

    ``p`` is that of `sign_flip_p`; ``p_corrected`` is corrected by `holm` for the ``n_compared`` pairs of the same
    cut, metric and status. All pairs are counted, so any of them may be picked afterwards. A pair is ``published``
    where both lists were.

    Parameters
    ----------
    totals : UserTotals
    leaders : sequence of str
        Lists that are compared with every other, each leader with those after it, too; the first is never a baseline.
    figures : sequence of (int, str)
        Cut and metric of the figures to compare; those never graded are left out.
    seed : int

    Returns
    -------
    list of dict
        ``algorithm, baseline, k, metric, status, difference, low, high, p, p_corrected, n_compared, n_nights,
        n_users, n_user_nights``; the difference is of the algorithm less the baseline.
    """
    import numpy as np

    wanted = [i for i, figure in enumerate(totals.figures) if figure in figures]
    totals = replace(totals, figures=[totals.figures[i] for i in wanted], sums=totals.sums[..., wanted])
    first = [totals.lists.index(name) for name in leaders if name in totals.lists]
    order = first + [i for i in range(len(totals.lists)) if i not in first]
    pairs = np.array(
        [(one, other) for place, one in enumerate(first) for other in order[place + 1 :]], dtype=np.intp
    ).reshape(-1, 2)
    names = [{"algorithm": totals.lists[a], "baseline": totals.lists[b]} for a, b in pairs]
    one, other = pairs.T
    differences = totals.sums[:, :, one] - totals.sums[:, :, other]
    rebuilt = totals.rebuilt[:, one] | totals.rebuilt[:, other]
    comparisons = []
    for is_rebuilt in (False, True):
        rows, sums = _means("difference", names, differences, rebuilt == is_rebuilt, totals, seed)
        p = sign_flip_p(sums, seed=seed) if rows else ()
        for figure in totals.figures:
            family = [i for i, row in enumerate(rows) if (row["k"], row["metric"]) == figure]
            for i, corrected in zip(family, holm(np.array([p[i] for i in family])), strict=True):
                rows[i] |= {"p": float(p[i]), "p_corrected": float(corrected), "n_compared": len(family)}
        comparisons += [row | {"status": STATUSES[is_rebuilt]} for row in rows]
    return comparisons


def _means(
    name: str, names: list[dict[str, Any]], values: Floats, own: NDArray[np.bool_], totals: UserTotals, seed: int
) -> tuple[list[dict[str, Any]], Floats]:
    """Rows of every column that was graded at all, and its sums, an ndarray of shape (n_users, n_rows).

    ``values`` has the shape (n_groups, n_users, n_names, n_figures); of its groups and names only ``own`` count, a bool
    ndarray of shape (n_groups, n_names). A column is a name and a figure.
    """
    import numpy as np

    if not own.any():
        return [], np.empty((0, 0))
    keys = [label | {"k": k, "metric": metric} for label in names for k, metric in totals.figures]
    there = (np.isfinite(values) & own[:, None, :, None]).reshape(*values.shape[:2], -1)
    sums = np.where(there, values.reshape(there.shape), 0.0).sum(axis=0)
    n = (there * totals.n[:, :, None]).sum(axis=0)
    n_nights = (there.any(axis=1) * totals.n_nights[:, None]).sum(axis=0)
    graded = np.flatnonzero(n.any(axis=0))
    if not len(graded):
        return [], sums[:, graded]
    sums, n = sums[:, graded], n[:, graded]
    all_alike = (n == n[:, :1]).all()
    low, high = clustered_mean_interval(sums, n[:, :1] if all_alike else n, seed=seed)
    rows = [
        keys[column]
        | {name: exact_mean(sums[:, i], int(n[:, i].sum())), "low": float(low[i]), "high": float(high[i])}
        | {"n_nights": int(n_nights[column]), "n_users": int((n[:, i] > 0).sum()), "n_user_nights": int(n[:, i].sum())}
        for i, column in enumerate(graded)
    ]
    return rows, sums
