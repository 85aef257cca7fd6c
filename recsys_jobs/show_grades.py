"""Grades over nights for people: tables on the command line, and files to take along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from recsys_assets.ranking import CONFIGURATIONS
from recsys_assets.selects.files import TableName
from recsys_assets.storage.lake.lake import Lake

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

    Rows = list[dict[str, Any]]

NDCG_10 = "metric = 'ndcg' and k = 10"
LEADERS = ("published", *CONFIGURATIONS)
"""Lists that are shown before the algorithms'."""


def nights(console: Console, profile: Profile, first: Night | None = None, last: Night | None = None) -> None:
    """NDCG@10 per task and night that graded it, from ``first`` to ``last`` (default: all).

    Shown are the published lists, the ranking's configurations, and the best algorithm of the night.
    """
    graded = [
        row for row in _nights(profile, NDCG_10) if (first or row["night"]) <= row["night"] <= (last or row["night"])
    ]
    if not graded:
        console.print("No night has grades yet: a night grades the lists of the night one horizon before it.")
        return
    shown = Table("task", "lists of", "by", "NDCG@10", "95% interval", "users", "status", title="Grades over nights")
    best: dict[tuple[str, Any], str] = {}
    for row in sorted(graded, key=lambda row: (row["task"], row["graded_night"], *leaders_first(row))):
        if (
            row["algorithm"] not in LEADERS
            and best.setdefault((row["task"], row["night"]), row["algorithm"]) != row["algorithm"]
        ):
            continue
        figures = [f"{row['mean']:.4f}", _interval(row), f"{row['n_users']:,}", row["status"]]
        shown.add_row(row["task"], str(row["graded_night"]), row["algorithm"], *figures)
    console.print(shown)


def pooled(console: Console, profile: Profile, night: Night) -> None:
    """NDCG@10 of every list over all nights graded up to a night."""
    names = ("task", "by", "NDCG@10", "95% interval", "nights", "users", "user-nights", "status")
    shown = Table(*names, title=f"All nights graded up to {night}")
    for row in sorted(_of(profile, night, "pooled"), key=leaders_first):
        counts = [f"{row[name]:,}" for name in ("n_nights", "n_users", "n_user_nights")]
        shown.add_row(row["task"], row["algorithm"], f"{row['mean']:.4f}", _interval(row), *counts, row["status"])
    console.print(shown)


def compared(console: Console, profile: Profile, night: Night) -> None:
    """NDCG@10 of the published lists less that of every other, and of each configuration less the best algorithm's."""
    best: dict[tuple[str, str], str] = {}
    for row in sorted(_of(profile, night, "pooled"), key=lambda row: row["mean"]):
        if row["algorithm"] not in LEADERS:
            best[row["task"], row["status"]] = row["algorithm"]
    names = ("task", "list", "less", "NDCG@10", "95% interval", "p", "corrected", "status")
    shown = Table(
        *names, title=f"Differences on the same user-nights, up to {night}; p corrected for the pairs of a task"
    )
    for row in sorted(_of(profile, night, "comparisons"), key=leaders_first):
        rivals = (*LEADERS, best.get((row["task"], row["status"])))
        if row["algorithm"] == "published" or row["baseline"] in rivals:
            interval = f"{row['low']:+.4f} to {row['high']:+.4f}"
            figures = [f"{row['difference']:+.4f}", interval, f"{row['p']:.4f}", f"{row['p_corrected']:.4f}"]
            shown.add_row(row["task"], row["algorithm"], row["baseline"], *figures, row["status"])
    console.print(shown)


def write(profile: Profile, first: Night, last: Night) -> Path:
    """Write a backtest's grades as CSV and as a picture, for people; returns the folder."""
    import pyarrow as pa
    import pyarrow.csv

    from recsys_assets.evaluation.plots import grades_over_nights

    folder = profile.folder / "backtests" / f"{first}_{last}"
    folder.mkdir(parents=True, exist_ok=True)
    graded = [row for row in _nights(profile) if first <= row["night"] <= last]
    tables = {"grades": graded} | {name: _of(profile, last, name, "true") for name in ("pooled", "comparisons")}
    for name, rows in tables.items():
        if rows:
            pa.csv.write_csv(pa.Table.from_pylist(rows), folder / f"{name}.csv")
    drawn = [row for row in graded if (row["metric"], row["k"]) == ("ndcg", 10)]
    if drawn:
        (folder / "grades.png").write_bytes(grades_over_nights(drawn))
    return folder


def _nights(profile: Profile, condition: str = "true") -> Rows:
    """Rows of the summaries of all nights."""
    lake = Lake(profile)
    built = lake.nights("grades.summary")
    if not built:
        return []
    with lake.as_of(built[-1], [TableName("grades", "summary", "past")]) as snapshot:
        rows: Rows = snapshot.table(f"from past.grades.summary where {condition} order by all").to_pylist()
    return rows


def _of(profile: Profile, night: Night, name: str, condition: str = NDCG_10) -> Rows:
    """Rows of a night's partition of a table of grades."""
    with Lake(profile).as_of(night, [TableName("grades", name)]) as snapshot:
        rows: Rows = snapshot.table(f"from grades.{name} where {condition} order by all").to_pylist()
    return rows


def leaders_first(row: dict[str, Any]) -> tuple[Any, ...]:
    """Order for people: by task and status, the published lists, then configurations, then the best algorithms."""
    name = row["algorithm"]
    place = LEADERS.index(name) if name in LEADERS else len(LEADERS)
    return row["task"], row["status"], place, -row.get("mean", 0.0)


def _interval(row: dict[str, Any]) -> str:
    return f"{row['low']:.3f} to {row['high']:.3f}"
