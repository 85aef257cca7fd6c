"""What opening a snapshot costs: listing, views and locking, for a log of many nights."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

N_NIGHTS = 390
TABLES = ("user_keys", "item_keys", "retractions")


def run() -> Iterator[str]:
    """Write a log of many nights and open it as of the last one."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RECSYS_DATA"] = folder
        from recsys_assets.profile_file import load_profile
        from recsys_assets.selects.contracts import CONTRACTS
        from recsys_assets.selects.files import TableName
        from recsys_assets.storage.lake.lake import Lake

        lake, first = Lake(load_profile()), date(2017, 1, 1)
        for table in TABLES:
            columns = ", ".join(f"null::{kind} as {name}" for name, kind in CONTRACTS[f"clean.{table}"].items())
            for day in range(N_NIGHTS):
                with lake.as_of(first + timedelta(days=day), [], f"clean.{table}") as snapshot:
                    key = next(iter(CONTRACTS[f"clean.{table}"]))
                    snapshot.write(f"select {columns} where false order by {key}", (key,))
        seconds = []
        for _ in range(7):
            started = time.perf_counter()
            with lake.as_of(first + timedelta(days=N_NIGHTS - 1), [TableName("clean", t) for t in TABLES]) as snapshot:
                snapshot.row("select count(*) from clean.item_keys")
            seconds.append(time.perf_counter() - started)
        yield f"{len(TABLES)} tables x {N_NIGHTS} nights: {statistics.median(seconds) * 1000:.0f} ms (median of 7)"
