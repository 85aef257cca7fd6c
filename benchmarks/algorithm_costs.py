"""Seconds of each algorithm that `recsys init` chooses from, per unit of the work that its docstring names.

    EVENTS=200000,400000 python -m benchmarks algorithm_costs          # events of each size; these by default

Users and items are in proportion to the events, as in `growth`. What is printed are microseconds a unit of work, as the
table of `recsys_jobs.init.budget` has them: fit and lists of 100 items for both tasks, on one thread of Python.
"""

from __future__ import annotations

import os
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rivals.synthetic import write_events

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recsys_assets.algorithms.arrays import Interactions

CUTOFF = date(2026, 1, 1)
LONGEST = 100


def run() -> Iterator[str]:
    """A line for each algorithm and size."""
    import duckdb
    import numpy as np

    from recsys_assets.algorithms import registry
    from recsys_jobs.init.budget import COSTS, INSTANCES, work_of

    for n_events in (int(size) for size in os.environ.get("EVENTS", "200000,400000").split(",")):
        with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
            file = Path(folder) / "events.parquet"
            write_events(file, date(2025, 1, 1), n_events, n_events // 50, n_events // 100)
            con.execute(
                "create table measured as select user_id::varchar as user_id, item_id::varchar as item_id, "
                f"ts as event_ts from '{file}'"
            )
            work = work_of(con)
            train = _interactions(con)
        yield f"{n_events:,} events, {work.n_users:,} users, {work.n_items:,} items"
        for name, cost in COSTS.items():
            if name in INSTANCES:  # Its algorithm is measured already.
                continue
            recommender = registry()[name](registry()[name].Settings(), seed=0)
            started = time.perf_counter()
            recommender.fit(train)
            fitted = time.perf_counter()
            recommender.recommend_both(np.arange(train.n_users, dtype=np.int32), LONGEST, LONGEST)
            fit, lists = fitted - started, time.perf_counter() - fitted
            yield (
                f"  {name:16s} fit {fit:6.2f} s, {1e6 * fit / cost.fit_work(work):.5f} us a unit; "
                f"lists {lists:6.2f} s, {1e6 * lists / cost.list_work(work):.5f} us a unit"
            )


def _interactions(con: object) -> Interactions:
    """The events as the algorithms see them, a basket a user and day."""
    import duckdb
    import numpy as np

    from recsys_assets.algorithms.arrays import Interactions

    assert isinstance(con, duckdb.DuckDBPyConnection)
    columns = con.execute(
        "select dense_rank() over (order by user_id) - 1 as users, dense_rank() over (order by item_id) - 1 as items, "
        "(epoch(timestamp '2026-01-01') - epoch(event_ts)) / 86400 + 0.001 as ages, "
        "dense_rank() over (order by user_id, event_ts::date) - 1 as baskets from measured"
    ).fetchnumpy()
    users, items = columns["users"].astype(np.int32), columns["items"].astype(np.int32)
    return Interactions(
        users=users,
        items=items,
        ages=np.asarray(columns["ages"], dtype=np.float64),
        weights=np.ones(len(users)),
        n_users=int(users.max()) + 1,
        n_items=int(items.max()) + 1,
        baskets=columns["baskets"].astype(np.int32),
    )
