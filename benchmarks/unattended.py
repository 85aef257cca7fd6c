"""What a stranger's lists are worth: `recsys init` on one file and nothing else, against every single algorithm.

    python -m benchmarks unattended
    DATASETS=films,flat_shop N_NIGHTS=5 FILES=/data/sales.csv python -m benchmarks unattended

Each data set becomes one file that `recsys init` looks at. Its nights are built as `recsys demo` builds them, warm-up
included, and end where the file ends. Of the users whom the lists' nights knew, over all nights that graded what was
published: NDCG@10 and precision@1 of that and of the best lists beside it, and what was published less the best single
algorithm, with its interval. FILES: others to look at; FOLDER: where the deployments stay, to look into. What lies in
``../shared/data`` is left out where it is not.
"""

from __future__ import annotations

import os
import re
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rivals.deployments import CLI, Deployment

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

SHARED = Path(__file__).parents[2] / "shared" / "data"
N_NIGHTS = int(os.environ.get("N_NIGHTS", "5"))
"""Nights that grade published lists."""
N_SHOWN = 5
_GRADES = """
select night, task, algorithm, user_key, ndcg, precision, k
from read_parquet('{lake}/grades/{table}/night=*/*.parquet', hive_partitioning = true)
where k in (1, 10) and not is_cold_user and night >= $1
"""


def run() -> Iterator[str]:
    """Grades of each data set's nights."""
    asked = [name for name in os.environ.get("DATASETS", "").split(",") if name]
    given = [Path(file) for file in os.environ.get("FILES", "").split(",") if file]
    with tempfile.TemporaryDirectory() as temporary:
        folder = os.environ.get("FOLDER") or temporary
        for name in asked or [*DATASETS, *(file.stem for file in given)]:
            file = next((file for file in given if file.stem == name), None) or DATASETS[name](Path(folder))
            if file is None:
                yield f"{name}: left out, its data is not here"
                continue
            deployment = Deployment(Path(folder) / f"deployment_{name}", "stranger", file)
            deployment.folder.mkdir()
            nights = lengthen(deployment.make())
            deployment.run("-c", CLI, "demo")
            algorithms = re.findall(r"^\[algorithms\.(\w+)\]", deployment.profile_file.read_text(), re.MULTILINE)
            yield f"{name}, nights {nights[0]} to {nights[-1]}: {', '.join(algorithms)}"
            yield from _told(grades_since(deployment, nights[0]))


def lengthen(deployment: Deployment) -> list[date]:
    """Have as many nights published as are to grade one another, after a whole warm-up; the nights that grade."""
    from recsys_assets.profile import Profile

    text, warm_up = deployment.profile_file.read_text(), Profile.model_fields["warm_up"].default
    first, last, horizon = (_line(text, name) for name in ("first_night", "demo_nights", "horizon"))
    newest = date.fromisoformat(re.findall(r"\d{4}-\d\d-\d\d", last)[-1])
    days = timedelta(days=int(re.findall(r"\d+", horizon)[0]))
    nights = [newest - back * days for back in reversed(range(N_NIGHTS + 1))]
    text = text.replace(first, f"first_night = {nights[0] - warm_up * days}")
    text = f'audit = "off" # It proves the same nights again, which takes as long.\n{text}'
    deployment.profile_file.write_text(text.replace(last, f"demo_nights = [{', '.join(map(str, nights))}]"))
    return nights[1:]


def _line(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"{name} ="))


def grades_since(deployment: Deployment, first: date) -> pd.DataFrame:
    """NDCG@10 and precision@1 of every list by task, night and known user."""
    import duckdb
    import pandas as pd

    lake = deployment.folder / "data" / deployment.profile / "lake"
    with duckdb.connect() as con:
        rows = pd.concat(
            con.execute(_GRADES.format(lake=lake, table=table), [first]).df() for table in ("candidates", "published")
        )
    keys = ["task", "night", "user_key", "algorithm"]
    ndcg, precision = (rows[rows.k == k].set_index(keys) for k in (10, 1))
    return pd.DataFrame({"ndcg": ndcg["ndcg"], "precision": precision["precision"]}).reset_index()


def _told(grades: pd.DataFrame) -> Iterator[str]:
    """By task: the best lists, and what was published less the best single algorithm."""
    import numpy as np

    from recsys_assets.evaluation.uncertainty import clustered_mean_interval
    from recsys_assets.ranking import CONFIGURATIONS

    for task, rows in grades.groupby("task"):
        means = rows.groupby("algorithm")[["ndcg", "precision"]].mean().sort_values("ndcg", ascending=False)
        singles = means.drop(index=["published", *CONFIGURATIONS], errors="ignore")
        best = str(singles.index[0])
        by_user = rows[rows.algorithm.isin(["published", best])].pivot(
            index=["user_key", "night"], columns="algorithm", values="ndcg"
        )
        lead = (by_user["published"] - by_user[best]).groupby("user_key").agg(["sum", "count"])
        sums, counts = (lead[[name]].to_numpy() for name in ("sum", "count"))
        low, high = clustered_mean_interval(sums.astype(np.float64), counts, seed=0)
        published = means.loc["published"]
        first = singles.sort_values("precision", ascending=False).iloc[0]
        yield (
            f"  {task}, {len(by_user):,} user-nights: published {published.ndcg:.4f}, best single {best} "
            f"{means.ndcg[best]:.4f}: {published.ndcg / max(means.ndcg[best], 1e-9) - 1:+.1%} "
            f"[{low[0]:+.4f}, {high[0]:+.4f}]; precision@1 {published.precision:.4f}, best single {first.name} "
            f"{first.precision:.4f}"
        )
        lists = ", ".join(f"{name} {row.ndcg:.4f}" for name, row in means.head(N_SHOWN + 4).iterrows())
        yield f"    {lists}"


def _films(folder: Path) -> Path | None:
    file = SHARED / "movielens_latest_small" / "ratings.csv"
    return file if file.exists() else None


def _retail(folder: Path) -> Path | None:
    """Every day's file in one."""
    import duckdb

    days = SHARED / "online_retail"
    if not days.exists():
        return None
    file = folder / "retail.csv"
    with duckdb.connect() as con:
        rows = f"from read_csv('{days}/*.csv.gz', all_varchar = true)"
        con.execute(f"copy ({rows}) to '{file}' (header)")
    return file


def _groceries(folder: Path) -> Path | None:
    """The Complete Journey's purchase lines with their products, under other names."""
    from benchmarks.init import write_lines

    file = folder / "groceries.csv"
    write_lines(file, 1_500_000)
    return file


def _flat_shop(folder: Path) -> Path | None:
    return _synthetic(folder / "flat_shop.parquet", 400_000, 5_000, 3_000, repeats=0.0)


def _habits(folder: Path) -> Path | None:
    return _synthetic(folder / "habits.parquet", 400_000, 3_000, 6_000, repeats=0.6)


def _synthetic(file: Path, n_events: int, n_users: int, n_items: int, repeats: float) -> Path:
    from benchmarks.rivals.synthetic import write_events

    write_events(file, date(2025, 1, 1), n_events, n_users, n_items, repeats=repeats)
    return file


DATASETS = {
    "groceries": _groceries,
    "retail": _retail,
    "films": _films,
    "flat_shop": _flat_shop,
    "habits": _habits,
}
"""What writes each one's file, and the file; None where its data is not here."""
