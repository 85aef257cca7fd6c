"""Which ranking is served: a champion stays until a challenger has been better on the same user-nights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recsys_assets.evaluation.uncertainty import clustered_mean_interval, exact_mean, holm, sign_flip_p

if TYPE_CHECKING:
    import numpy as np
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
