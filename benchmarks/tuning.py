"""What `recsys tune` gains on a shop nobody tuned for: `recsys init`'s profile as it is, and tuned, on later nights.

    python -m benchmarks tuning
    DATASETS=flat_shop N_NIGHTS=4 BUDGET=5m FILES=/data/ratings.csv python -m benchmarks tuning

Each data set becomes one file that `recsys init` looks at, and its first night is built after a warm-up. A copy of the
deployment is tuned at that night, which sees nothing of those after it; then these are built in both.
Of the users whom the lists' nights knew, over all later nights that graded: NDCG@10 of what was published and of every
algorithm, with both, and their difference on the same user-nights with its 95% interval and the p-value of a sign-flip
test over users. FILES, FOLDER, DATASETS: as of the benchmark `unattended`.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rivals.deployments import CLI, Deployment
from benchmarks.unattended import DATASETS, grades_since, lengthen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    import pandas as pd

BUDGET = os.environ.get("BUDGET", "10m")


def run() -> Iterator[str]:
    """Compare on each data set."""
    from recsys_assets.profile import Profile

    given = [Path(file) for file in os.environ.get("FILES", "").split(",") if file]
    asked = [name for name in os.environ.get("DATASETS", "").split(",") if name]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(os.environ.get("FOLDER") or temporary)
        for name in asked or ["flat_shop", *(file.stem for file in given)]:
            file = next((file for file in given if file.stem == name), None) or DATASETS[name](folder)
            if file is None:
                yield f"{name}: left out, its data is not here"
                continue
            plain = Deployment(folder / f"deployment_{name}", "stranger", file)
            plain.folder.mkdir()
            nights = lengthen(plain.make())
            days = nights[1] - nights[0]
            first, warm_up = nights[0] - days, Profile.model_fields["warm_up"].default
            plain.run("-c", CLI, "land", "--history")
            _build(plain, [first - back * days for back in reversed(range(warm_up + 1))])
            tuned = plain.twin(folder / f"tuned_{name}")
            tuned.run("-c", CLI, "tune", "--all", "--budget", BUDGET, "--night", str(first))
            for deployment in (plain, tuned):
                _build(deployment, nights)
            yield f"{name}: tuned at {first} for {BUDGET}, graded on nights {nights[1]} to {nights[-1]}"
            yield from _told(grades_since(plain, nights[1]), grades_since(tuned, nights[1]))


def _build(deployment: Deployment, nights: list[date]) -> None:
    deployment.run("-m", "benchmarks.rivals.steps", *map(str, nights))


def _told(plain: pd.DataFrame, tuned: pd.DataFrame) -> Iterator[str]:
    """A line for what was published of each task, and for each algorithm."""
    import numpy as np

    from recsys_assets.evaluation.uncertainty import clustered_mean_interval, sign_flip_p

    keys = ["task", "algorithm", "user_key", "night"]
    both = plain.merge(tuned, on=keys, suffixes=("", "_tuned"), validate="one_to_one")
    both["difference"] = both["ndcg_tuned"] - both["ndcg"]
    for (task, name), rows in both.groupby(["task", "algorithm"]):
        by_user = rows.groupby("user_key")["difference"].agg(["sum", "count"]).sort_index()
        sums, counts = by_user[["sum"]].to_numpy(np.float64), by_user[["count"]].to_numpy()
        low, high = clustered_mean_interval(sums, counts, seed=0)
        p = sign_flip_p(sums, seed=0)
        yield (
            f"  {task}, {name}: {rows['ndcg'].mean():.4f}, tuned {rows['ndcg_tuned'].mean():.4f}: "
            f"{rows['difference'].mean():+.4f} [{low[0]:+.4f}, {high[0]:+.4f}], p {p[0]:.4f}, {len(rows):,} user-nights"
        )
