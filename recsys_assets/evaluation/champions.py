"""Which ranking is served: a champion stays until a challenger has been better on the same user-nights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recsys_assets.evaluation.uncertainty import clustered_mean_interval, exact_mean, holm, sign_flip_p

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

LEVEL = 0.05
"""Greatest p-value, corrected for the number of challengers, at which a champion is replaced."""


@dataclass(frozen=True)
class Challenge:
    """How a challenger did beside the champion; users in a fixed order."""

    differences: NDArray[np.float64]
    """ndarray of shape (n_users,): challenger less champion, summed over the nights that graded both."""
    n_nights: NDArray[np.int64]
    """ndarray of shape (n_users,): how many nights those were, 1 or more."""


def decide(incumbent: str, challenges: dict[str, Challenge], *, seed: int) -> list[dict[str, Any]]:
    """Choose between a champion and its challengers.

    A challenger replaces the champion when the mean difference over user-nights is above zero with a p-value (sign
    flips over users, `sign_flip_p`) of at most `LEVEL` after the correction of Holm (1979); of several, the one that
    gains most.

    Parameters
    ----------
    incumbent : str
        The champion so far.
    challenges : dict of str to Challenge
        By challenger; without users for one that was never graded beside the champion.
    seed : int

    Returns
    -------
    list of dict
        By name: ``configuration, incumbent, is_champion, difference, low, high, p, p_corrected, n_users,
        n_user_nights``; figures are None where there is nothing to compare.
    """
    import numpy as np

    nothing = dict.fromkeys(("difference", "low", "high", "p", "p_corrected"))
    rows: dict[str, dict[str, Any]] = {
        name: {"configuration": name, "incumbent": incumbent, **nothing, "n_users": 0, "n_user_nights": 0}
        for name in sorted({incumbent, *challenges})
    }
    tested = [name for name in sorted(challenges) if len(challenges[name].n_nights)]
    for name in tested:
        sums, nights = challenges[name].differences[:, None], challenges[name].n_nights[:, None]
        low, high = clustered_mean_interval(sums, nights, seed=seed)
        n = int(nights.sum())
        rows[name] |= {"difference": exact_mean(sums[:, 0], n), "low": float(low[0]), "high": float(high[0])}
        rows[name] |= {"p": float(sign_flip_p(sums, seed=seed)[0]), "n_users": len(sums), "n_user_nights": n}
    for name, corrected in zip(tested, holm(np.array([rows[name]["p"] for name in tested])), strict=True):
        rows[name]["p_corrected"] = float(corrected)
    better = [name for name in tested if rows[name]["difference"] > 0 and rows[name]["p_corrected"] <= LEVEL]
    champion = max(better, key=lambda name: rows[name]["difference"], default=incumbent)
    return [row | {"is_champion": name == champion} for name, row in rows.items()]


def decide_by_task(challenges: pa.Table, *, seed: int) -> list[dict[str, Any]]:
    """Choose the champion of every task.

    Parameters
    ----------
    challenges : Table
        ``task, configuration, incumbent, user_key, difference, n_nights``: a row for each user on whose nights a
        ranking and the champion so far were both graded, ordered by user; without a user for a ranking that never was.
    seed : int

    Returns
    -------
    list of dict
        ``task`` and what `decide` says, by task and name.
    """
    import numpy as np

    rows = []
    for (task, incumbent), part in challenges.to_pandas().groupby(["task", "incumbent"]):
        tested = {
            str(name): Challenge(users["difference"].to_numpy(np.float64), users["n_nights"].to_numpy(np.int64))
            for name, users in part.dropna(subset="user_key").groupby("configuration")
        }
        nothing = Challenge(np.empty(0), np.empty(0, dtype=np.int64))
        untested = {str(name): nothing for name in part["configuration"].unique() if name not in {*tested, incumbent}}
        rows += [{"task": str(task), **row} for row in decide(str(incumbent), tested | untested, seed=seed)]
    return rows
