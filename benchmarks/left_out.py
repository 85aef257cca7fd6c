"""Whether the rule that chooses the champion was chosen for the data it was looked at on: each data set left out once.

    FOLDER=/tmp/strangers python -m benchmarks unattended
    FOLDER=/tmp/strangers python -m benchmarks left_out

Every rule decides after each graded night that follows the warm-up, by all that was graded up to then, what
it serves next; the next graded night says what that was worth. The rule with the least mean loss on all other
data sets is then judged on the one left out: NDCG@10 of known users of what it served, beside the single algorithm
that was best over the same nights. Loss: by how much a rule falls short of the best list of each night.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from recsys_assets.evaluation.champions import Challenges

N_BEFORE = 3
"""Graded nights of the warm-up: what follows them was published."""
DECAY = 0.8
"""What the grades of one night count less than those of the next, for the rules that forget."""
SOFTNESS = 0.01
"""Difference in mean NDCG@10 at which exponential weights count a list e times another."""
_GRADES = """
select night, task, algorithm, user_key, ndcg
from read_parquet($1, hive_partitioning = true)
where k = 10 and not is_cold_user
"""


class Served(NamedTuple):
    """What one rule served in one task of one data set."""

    ndcg: pd.Series
    """By night and user."""
    loss: float
    """Mean over nights: share of the best list's mean NDCG@10 that it fell short of."""


def run() -> Iterator[str]:
    """What each rule loses on each data set, and how the one chosen without it does there."""
    grades = {
        folder.name.removeprefix("deployment_"): _grades(folder)
        for folder in sorted(Path(os.environ["FOLDER"]).glob("deployment_*"))
    }
    served = {name: _served(rows) for name, rows in grades.items()}
    losses = {
        name: {rule: _mean(by_task[rule].loss for by_task in tasks.values()) for rule in RULES}
        for name, tasks in served.items()
    }
    for name, by_rule in losses.items():
        yield f"{name}: loss " + ", ".join(f"{rule} {loss:.2%}" for rule, loss in by_rule.items())
    for left_out, rows in grades.items():
        others = [by_rule for name, by_rule in losses.items() if name != left_out]
        rule = min(RULES, key=lambda rule: _mean(by_rule[rule] for by_rule in others))
        yield f"{left_out} left out: {rule}, which loses {_mean(each[rule] for each in others):.2%} on the others"
        for task, by_rule in served[left_out].items():
            yield "  " + _told(task, rows[rows.task == task], by_rule[rule].ndcg)


def _grades(deployment: Path) -> pd.DataFrame:
    """NDCG@10 of every list by task, night and known user; a list is graded on the users it was made for."""
    import duckdb

    with duckdb.connect() as con:
        files = deployment / "data/*/lake/grades/candidates/night=*/*.parquet"
        return con.execute(_GRADES, [str(files)]).df()


def _served(grades: pd.DataFrame) -> dict[str, dict[str, Served]]:
    """By task and rule: what it would have served from the second graded night on."""
    by_task = {}
    for task, rows in grades.groupby("task"):
        nights = [
            night.pivot(index="user_key", columns="algorithm", values="ndcg") for _, night in rows.groupby("night")
        ]
        by_task[str(task)] = {name: _serve(rule, nights) for name, rule in RULES.items()}
    return by_task


def _serve(rule: Callable[[list[pd.DataFrame]], pd.Series], nights: list[pd.DataFrame]) -> Served:
    """Let a rule decide by the nights so far for the next, as often as there is a next to publish."""
    import pandas as pd

    worth, losses = [], []
    for place, following in enumerate(nights[N_BEFORE:], N_BEFORE):
        shares = rule(nights[:place]).reindex(following.columns).fillna(0)
        # A list that the next night lacks, such as a reranker's where nothing could be learned, is the fusion instead.
        shares["fusion"] += 1 - shares.sum()
        ndcg = (following.fillna(0) * shares).sum(axis=1)
        worth.append(ndcg)
        losses.append(1 - ndcg.mean() / max(following.fillna(0).mean().max(), 1e-9))
    return Served(pd.concat(worth, keys=range(N_BEFORE, N_BEFORE + len(worth)), names=["night"]), _mean(losses))


def _told(task: str, rows: pd.DataFrame, served: pd.Series) -> str:
    """What a rule served less the single algorithm that was best over the same nights, with its interval over users."""
    import numpy as np

    from recsys_assets.evaluation.uncertainty import clustered_mean_interval
    from recsys_assets.ranking import CONFIGURATIONS

    places = {night: place for place, night in enumerate(sorted(rows.night.unique()))}
    by_list = (
        rows.assign(night=rows.night.map(places))
        .pivot(index=["night", "user_key"], columns="algorithm", values="ndcg")
        .fillna(0)
        .reindex(served.index)
    )
    singles = by_list.drop(columns=list(CONFIGURATIONS), errors="ignore").mean()
    lead = (served - by_list[singles.idxmax()]).groupby("user_key").agg(["sum", "count"])
    sums, counts = (lead[[name]].to_numpy() for name in ("sum", "count"))
    low, high = clustered_mean_interval(sums.astype(np.float64), counts, seed=0)
    return (
        f"{task}, {len(served):,} user-nights: {served.mean():.4f}, best single {singles.idxmax()} "
        f"{singles.max():.4f}: {served.mean() / max(singles.max(), 1e-9) - 1:+.1%} [{low[0]:+.4f}, {high[0]:+.4f}]"
    )


def _gains(nights: list[pd.DataFrame], decay: float = 1.0) -> pd.Series:
    """Mean NDCG@10 of each list less the fusion's over the user-nights that graded it, earlier nights counting less."""
    sums, counts = 0.0, 0.0
    for back, night in enumerate(reversed(nights)):
        less = night.sub(night["fusion"], axis=0)
        sums = less.sum().mul(decay**back).add(sums, fill_value=0)
        counts = less.notna().sum().mul(decay**back).add(counts, fill_value=0)
    return sums / counts.clip(lower=1e-9)


def _one(name: str) -> pd.Series:
    import pandas as pd

    return pd.Series({name: 1.0})


def _fusion(nights: list[pd.DataFrame]) -> pd.Series:
    return _one("fusion")


def _leading_ranking(nights: list[pd.DataFrame], decay: float = 1.0) -> pd.Series:
    from recsys_assets.ranking import CONFIGURATIONS

    gains = _gains(nights, decay)
    return _one(str(gains[[name for name in gains.index if name in CONFIGURATIONS]].idxmax()))


def _leading_list(nights: list[pd.DataFrame]) -> pd.Series:
    return _one(str(_gains(nights).idxmax()))


def _ours(nights: list[pd.DataFrame]) -> pd.Series:
    """The rule of the product: `evaluation.champions.decide` with the fusion before it."""
    from recsys_assets.evaluation.champions import decide
    from recsys_assets.ranking import CONFIGURATIONS

    decision = decide("fusion", list(nights[-1].columns), _beside_fusion(nights), CONFIGURATIONS, seed=0)
    return _one(next(str(row["configuration"]) for row in decision if row["is_champion"]))


def _proven(nights: list[pd.DataFrame]) -> pd.Series:
    """The fusion until another list is better with p of at most .05, corrected: what a careful test would do."""
    from recsys_assets.evaluation.uncertainty import holm, sign_flip_p

    beside = _beside_fusion(nights)
    p, gains = holm(sign_flip_p(beside.differences, seed=0)), beside.differences.sum(axis=0)
    better = [place for place in range(len(beside.names)) if gains[place] > 0 and p[place] <= 0.05]
    return _one(beside.names[max(better, key=lambda place: gains[place])] if better else "fusion")


def _hedge(nights: list[pd.DataFrame]) -> pd.Series:
    """Exponential weights: each list served as often as its mean so far deserves (Freund and Schapire, 1997)."""
    import numpy as np

    gains = _gains(nights)
    shares = np.exp((gains - gains.max()) / SOFTNESS)
    return shares / shares.sum()


def _thompson(nights: list[pd.DataFrame]) -> pd.Series:
    """Each list as often as it leads when users are drawn anew (Thompson, 1933, by the bootstrap)."""
    import numpy as np
    import pandas as pd

    beside = _beside_fusion(nights)
    n_users = len(beside.n)
    drawn = np.random.default_rng(0).multinomial(n_users, np.full(n_users, 1 / n_users), size=200)
    gains = (drawn @ beside.differences) / np.maximum(drawn @ beside.n, 1)
    leaders = np.hstack([gains, np.zeros((len(drawn), 1))]).argmax(axis=1)
    shares = np.bincount(leaders, minlength=gains.shape[1] + 1) / len(drawn)
    return pd.Series(shares, index=[*beside.names, "fusion"])


def _beside_fusion(nights: list[pd.DataFrame]) -> Challenges:
    import pandas as pd

    from recsys_assets.evaluation.champions import Challenges

    less = [night.sub(night["fusion"], axis=0).drop(columns="fusion") for night in nights]
    sums, counts = (pd.concat(each).groupby("user_key").sum() for each in (less, [night.notna() for night in less]))
    names = sorted(sums.columns)
    n_nights = {name: sum(name in night and bool(night[name].notna().any()) for night in less) for name in names}
    return Challenges(names, sums[names].to_numpy(float), counts[names].to_numpy(int), n_nights)


def _mean(values: Iterator[float] | list[float]) -> float:
    listed = list(values)
    return sum(listed) / max(1, len(listed))


RULES: dict[str, Callable[[list[pd.DataFrame]], pd.Series]] = {
    "ours": _ours,
    "fusion": _fusion,
    "leading ranking": _leading_ranking,
    "leading ranking of the last night": lambda nights: _leading_ranking(nights[-1:]),
    "leading ranking, forgetting": lambda nights: _leading_ranking(nights, DECAY),
    "leading list": _leading_list,
    "proven": _proven,
    "exponential weights": _hedge,
    "Thompson": _thompson,
}
"""By name: given the grades of the nights so far, the share of each list in what is served."""
