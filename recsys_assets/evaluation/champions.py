"""Which list is served: of the rankings the one that leads, unless an algorithm by itself is better beyond chance.

What belongs here: the decision out of figures per user. `benchmarks/champions.py` measured the rules that it was chosen
from, by what each would have lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from recsys_assets.evaluation.uncertainty import clustered_mean_interval, exact_mean, holm, sign_flip_p

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

LEVEL = 0.05
"""Greatest p-value, corrected for the number of algorithms, at which one by itself is served instead of a ranking."""
MIN_NIGHTS = 2
"""Nights that must have graded an algorithm before it is served by itself: one night has its own luck."""

ENOUGH_USERS = 100
"""Known users of a graded night from whom a reranker may learn enough to be served before a night has graded it. It led
the fusion from its first night on wherever there were some hundreds, and fell behind where there were ten."""

SAFEST, HEAD_START, HEAD_START_USERS = "blend", 0.01, 100
"""The ranking that is served while little is known, and by how much NDCG@10 it is taken to lead until as many
user-nights say otherwise. With few users a night chance often puts a ranking ahead that falls behind on the next; with
hundreds the head start is soon nothing."""


class Challenges(NamedTuple):
    """How lists did beside the champion so far, on the same user-nights; users in a fixed order."""

    names: list[str]
    """Lists that were graded beside it, sorted."""
    differences: NDArray[np.float64]
    """ndarray of shape (n_users, n_lists): list less champion, summed over the nights that graded both; 0 for none."""
    n: NDArray[np.int64]
    """ndarray of shape (n_users, n_lists): how many nights those were."""
    n_nights: dict[str, int]
    """By list: nights that graded both, whoever the users."""


def decide(
    incumbent: str, others: Collection[str], challenges: Challenges, rankings: Collection[str], *, seed: int
) -> list[dict[str, Any]]:
    """Choose which list is served.

    Of the rankings the one with the best mean over user-nights leads: they are much alike, and waiting for proof loses
    more than now and then following the wrong one. `SAFEST` has a head start, as though `HEAD_START_USERS` user-nights
    more had graded it so far ahead of each other ranking. An algorithm by itself must have been better than that one on
    at least `MIN_NIGHTS` nights, with a p-value (sign flips over users, `sign_flip_p`) of at most `LEVEL` after the
    correction of Holm (1979): of many, some lead by luck.

    Parameters
    ----------
    incumbent : str
        The champion so far.
    others : collection of str
        All other lists that there are.
    challenges : Challenges
    rankings : collection of str
        Names of those that are rankings of the union.
    seed : int

    Returns
    -------
    list of dict
        By name: ``configuration, incumbent, is_champion, reason, difference, low, high, p, p_corrected, n_users,
        n_user_nights``; figures are of the list less the champion so far, None where there is nothing to compare.
    """
    rows = _compared(incumbent, others, challenges, seed)
    means = {incumbent: 0.0} | {name: rows[name]["difference"] for name in challenges.names}
    graded = [name for name in sorted(means) if name in rankings]
    n = {name: rows[name]["n_user_nights"] for name in means}
    n[incumbent] = max(n.values())  # It stands beside itself wherever another was graded.

    def expected(name: str) -> float:
        ahead = HEAD_START * HEAD_START_USERS if name == SAFEST else 0.0
        return float((n[name] * means[name] + ahead) / (n[name] + HEAD_START_USERS))

    # The champion so far leads where it is a ranking and no other is ahead.
    leader = max(graded, key=lambda name: (expected(name), name == incumbent), default="fusion")
    reason = f"leads the rankings over {rows[leader]['n_user_nights'] or 'no'} user-nights beside the champion so far"
    if leader == incumbent:
        reason = "no ranking has a better mean" if challenges.names else "nothing was graded beside it"
    if any(means[name] > means[leader] for name in graded):
        reason = f"its head start, while few user-nights say that another ranking is better: {n[leader]}"
    champion, told = _alone(leader, means, challenges, rankings, seed) or (leader, reason)
    for name, row in rows.items():
        row |= {"is_champion": name == champion, "reason": told if name == champion else None}
    return list(rows.values())


def _compared(incumbent: str, others: Collection[str], challenges: Challenges, seed: int) -> dict[str, dict[str, Any]]:
    """Rows by name, with how each did beside the champion so far."""
    nothing = dict.fromkeys(("difference", "low", "high", "p", "p_corrected"))
    rows: dict[str, dict[str, Any]] = {
        name: {"configuration": name, "incumbent": incumbent, **nothing, "n_users": 0, "n_user_nights": 0}
        for name in sorted({incumbent, *others})
    }
    if not challenges.names:
        return rows
    sums, n = challenges.differences, challenges.n
    low, high = clustered_mean_interval(sums, n, seed=seed)
    p = sign_flip_p(sums, seed=seed)
    for i, (name, corrected) in enumerate(zip(challenges.names, holm(p), strict=True)):
        n_nights = int(n[:, i].sum())
        rows[name] |= {"difference": exact_mean(sums[:, i], n_nights), "low": float(low[i]), "high": float(high[i])}
        rows[name] |= {"p": float(p[i]), "p_corrected": float(corrected)}
        rows[name] |= {"n_users": int((n[:, i] > 0).sum()), "n_user_nights": n_nights}
    return rows


def _alone(
    leader: str, means: dict[str, float], challenges: Challenges, rankings: Collection[str], seed: int
) -> tuple[str, str] | None:
    """The algorithm that is better than the leading ranking beyond chance, and by how much; None: there is none."""
    import numpy as np

    column = {name: place for place, name in enumerate(challenges.names)}
    sums, n = (np.hstack([each, np.zeros((len(each), 1))]) for each in (challenges.differences, challenges.n))
    n[:, -1] = challenges.n.max(axis=1, initial=0)  # The champion so far, less itself.
    alone = [
        name
        for name in sorted(means)
        if name not in rankings
        and (challenges.n_nights.get(name) or max(challenges.n_nights.values(), default=0)) >= MIN_NIGHTS
    ]
    if not alone:
        return None
    own, theirs = [column.get(name, -1) for name in alone], column.get(leader, -1)
    # The same nights of the same users, so that the champion so far cancels out.
    both = (n[:, own] > 0) & (n[:, own] == n[:, [theirs]])
    differences = np.where(both, sums[:, own] - sums[:, [theirs]], 0.0)
    gains = differences.sum(axis=0) / np.maximum(1, np.where(both, n[:, own], 0).sum(axis=0))
    p = holm(sign_flip_p(differences, seed=seed))
    better = [i for i in range(len(alone)) if gains[i] > 0 and p[i] <= LEVEL]
    if not better:
        return None
    best = max(better, key=lambda i: gains[i])
    return alone[best], f"better than {leader} by {gains[best]:.4f} beyond chance (p {p[best]:.4f}, corrected)"


def decide_by_task(challenges: pa.Table, rankings: Collection[str], *, seed: int) -> list[dict[str, Any]]:
    """Choose the champion of every task.

    Parameters
    ----------
    challenges : Table
        ``task, configuration, incumbent, user_key, difference, n_nights, n_graded_nights``: a row for each user on
        whose nights a list and the champion so far were both graded; without a user for a list that never was.
    rankings : collection of str
    seed : int

    Returns
    -------
    list of dict
        ``task`` and what `decide` says, by task and name.
    """
    rows = []
    for (task, incumbent), part in challenges.to_pandas().groupby(["task", "incumbent"]):
        tested = part.dropna(subset="user_key")
        wide = {
            name: tested.pivot(index="user_key", columns="configuration", values=name).sort_index(axis=1).fillna(0)
            for name in ("difference", "n_nights")
        }
        beside = Challenges(
            [str(name) for name in wide["difference"].columns],
            wide["difference"].to_numpy(float),
            wide["n_nights"].to_numpy(int),
            dict(zip(tested["configuration"], tested["n_graded_nights"].astype(int), strict=True)),
        )
        others = [str(name) for name in part["configuration"].unique()]
        rows += [{"task": str(task), **row} for row in decide(str(incumbent), others, beside, rankings, seed=seed)]
    return rows
