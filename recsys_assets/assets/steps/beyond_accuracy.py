"""``grades.beyond_accuracy``: what is good about the graded lists besides their hits, one SELECT a metric.

What belongs here: running every file of ``sql/metrics/`` over one table of what was listed. A new metric is a new file;
its name is the metric's name.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from recsys_assets.assets.step import Made, Step
from recsys_assets.selects.files import SQL_FOLDER, Select, SqlError, load_select, select_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

TABLE = "grades.beyond_accuracy"
COLUMNS = ("task", "algorithm", "k", "value")


def metric_selects(files: Mapping[str, Path] | None = None) -> dict[str, Select]:
    """SELECT of each metric by its name, of the files in ``sql/metrics/`` or of those given.

    Raises
    ------
    SqlError
        When one gives other columns than `COLUMNS`.
    """
    selects = {name: load_select(path) for name, path in (files or select_files("metrics")).items()}
    for name, select in selects.items():
        if select.columns != COLUMNS:
            raise SqlError(f"sql/metrics/{name}.sql: gives {select.columns}; a metric gives {', '.join(COLUMNS)}.")
    return selects


def steps(profile: Profile) -> list[Step]:
    """The table of all metrics that SQL files make."""
    selects = metric_selects()
    listed = load_select(SQL_FOLDER / "metrics" / "shared" / "listed.sql", keyed=False)
    reads = sorted({read for select in (listed, *selects.values()) for read in select.reads if read.schema != "made"})
    return [
        Step(
            name=TABLE,
            description="Metrics beyond accuracy of each algorithm's lists of the graded night, and of the published "
            f"ones: {', '.join(selects)}. Each is a file of `sql/metrics/`.",
            make=partial(_values, listed, selects),
            reads=tuple(reads),
            key=("task", "algorithm", "k", "metric"),
            kinds=("duckdb", "sql"),
            sql=tuple(select.path for select in selects.values()),
        )
    ]


def _values(listed: Select, selects: Mapping[str, Select], snapshot: Snapshot) -> Made:
    with snapshot.cursor() as connection:  # A table of DuckDB spills to disk where memory ends.
        connection.execute("create schema made")
        connection.execute(f"create table made.listed as {listed.text}")
    for name, select in selects.items():
        snapshot.add(f"metrics.{name}", snapshot.table(select.text))
    values = " union all ".join(
        f"select task, algorithm, k, '{name}' as metric, value::double as value from metrics.{name}" for name in selects
    )
    return Made(snapshot.table(f"from ({values}) where value is not null"))
