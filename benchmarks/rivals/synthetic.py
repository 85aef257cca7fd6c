"""Events of a shop that never was: few items take most, tastes come in clusters, items come and fade, people repeat.

What a benchmark needs of them: sizes as asked for, seeded, and something for every algorithm to find.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

DAYS, EPOCH_DAYS, TASTES = 365, 5, 50


def write_events(
    file: Path, first_day: date, n_events: int, n_users: int, n_items: int, seed: int = 7, repeats: float = 0.25
) -> None:
    """Write user_id, item_id, ts and weight of a year as Parquet, in the order of time.

    ``repeats`` is the share of events that take again what the user had.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(seed)
    taste_of_item, launched = rng.integers(0, TASTES, n_items), rng.uniform(-DAYS, DAYS * 0.9, n_items)
    appeal, fades_in = rng.pareto(1.1, n_items) + 0.05, rng.choice([30.0, 120.0, 2000.0], n_items)
    activity = rng.lognormal(0, 1, n_users)
    users = np.sort(rng.choice(n_users, n_events, p=activity / activity.sum()))
    days = rng.uniform(0, DAYS, n_events)
    order = np.lexsort((days, users))
    users, days = users[order], days[order]
    tastes = rng.integers(0, TASTES, (n_users, 3))[users, rng.choice(3, n_events, p=[0.6, 0.25, 0.15])]
    tastes = np.where(rng.random(n_events) < 0.15, rng.integers(0, TASTES, n_events), tastes)
    # Items of a taste and a few days are drawn by what they are worth then.
    items, groups = np.empty(n_events, np.int64), (days // EPOCH_DAYS).astype(np.int64) * TASTES + tastes
    by_group = np.argsort(groups, kind="stable")
    for rows in np.split(by_group, np.flatnonzero(np.diff(groups[by_group])) + 1):
        epoch, taste = divmod(int(groups[rows[0]]), TASTES)
        known = np.flatnonzero((taste_of_item == taste) & (launched <= epoch * EPOCH_DAYS))
        worth = appeal[known] * np.exp(-(epoch * EPOCH_DAYS - launched[known]) / fades_in[known]) + 1e-9
        items[rows] = rng.choice(known, len(rows), p=worth / worth.sum())
    first_of_user = np.searchsorted(users, users)
    earlier = np.maximum(np.arange(n_events) - rng.geometric(0.15, n_events), first_of_user)
    source = np.where(rng.random(n_events) < repeats, earlier, np.arange(n_events))
    for _ in range(4):  # What was taken again may itself have been taken again.
        source = source[source]
    in_time = np.argsort(days, kind="stable")
    start = np.datetime64(first_day.isoformat(), "us")
    columns = {
        "user_id": users[in_time] + 1,
        "item_id": items[source][in_time] + 1,
        "ts": start + (days[in_time] * 86_400e6).astype("timedelta64[us]"),
        "weight": np.ones(n_events, np.float32),
    }
    pq.write_table(pa.table(columns), file)
