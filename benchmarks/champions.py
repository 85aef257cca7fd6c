"""What rules of choosing the champion lose: by how much the list that each serves falls short of the best one.

    RECSYS_PROFILE=complete_journey python -m benchmarks champions

Of every two graded nights of the profile that follow each other, the first decides by the NDCG@10 of some of its users,
drawn 200 times, and the second says what the list chosen was worth. By each rule the fusion is served unless another
list's mean difference to it, less z standard errors of it, is above 0. ``rankings``: among the four rankings of the
union alone. ``all``: among the algorithms' own lists, too. ``alone``: rankings by z = 0, and an algorithm's own list
where it is better than the leading one by that margin.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

N_DRAWS, SIZES = 200, (20, 100, 500, 2_000)
MARGINS = {"rankings": (0.0, 0.5, 1.0, 2.5), "all": (0.0, 1.0, 2.5), "alone": (1.0, 2.0, 3.0)}
"""Standard errors by which a list must lead."""
_GRADES = "select night, task, algorithm, user_key, ndcg from past.grades.candidates where k = 10 and not is_cold_user"


def run() -> Iterator[str]:
    """Mean loss of every rule by task and number of users, as a share of the best list's NDCG@10."""
    from recsys_assets.profile_file import load_profile
    from recsys_assets.selects.files import TableName
    from recsys_assets.storage.lake.lake import Lake

    lake = Lake(load_profile())
    last = lake.nights("grades.candidates")[-1]
    with lake.as_of(last, [TableName("grades", "candidates", "past")]) as snapshot:
        grades = snapshot.table(_GRADES).to_pandas()
    for task, of_task in grades.groupby("task"):
        nights = [
            night.pivot(index="user_key", columns="algorithm", values="ndcg").fillna(0)
            for _, night in of_task.groupby("night")
        ]
        yield f"{task}, {len(nights)} graded nights up to {last}"
        for size in SIZES:
            losses = [_losses(now, then, size) for now, then in pairwise(nights)]
            told = (
                f"{name} " + ", ".join(f"z {z:g} {_mean(losses, name, z):.2%}" for z in margins)
                for name, margins in MARGINS.items()
            )
            yield f"  {size:5,} users: " + "; ".join(told)


def _mean(losses: list[dict[tuple[str, float], float]], name: str, z: float) -> float:
    return sum(each[name, z] for each in losses) / max(1, len(losses))


def _losses(now: pd.DataFrame, then: pd.DataFrame, size: int) -> dict[tuple[str, float], float]:
    """Mean loss of every rule that decides by ``size`` users of one night and is judged by all of the next."""
    import numpy as np

    from recsys_assets.ranking import CONFIGURATIONS

    names = [name for name in now.columns if name in then.columns]
    worth = then[names].mean(axis=0).to_numpy()
    figures, fusion = now[names].to_numpy(), names.index("fusion")
    rankings = np.array([name in CONFIGURATIONS for name in names])
    rng, lost = np.random.default_rng(0), dict[tuple[str, float], float]()
    for _ in range(N_DRAWS):
        drawn = figures[rng.integers(len(figures), size=size)]
        leader = int(_chosen(drawn, fusion, rankings, 0.0))
        for name, margins in MARGINS.items():
            for z in margins:
                base, eligible = (leader, ~rankings) if name == "alone" else (fusion, rankings | (name == "all"))
                chosen = _chosen(drawn, base, eligible, z)
                lost[name, z] = lost.get((name, z), 0.0) + (1 - worth[chosen] / worth.max()) / N_DRAWS
    return lost


def _chosen(drawn: NDArray[np.float64], base: int, eligible: NDArray[np.bool_], z: float) -> int:
    """Column that leads the base by most, less z standard errors; the base where none does."""
    import numpy as np

    differences = drawn - drawn[:, [base]]
    lead = differences.mean(axis=0) - z * differences.std(axis=0, ddof=1) / np.sqrt(len(drawn))
    lead[~eligible] = -np.inf
    lead[base] = 0.0
    return int(lead.argmax())
