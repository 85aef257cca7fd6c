"""What a partition's file says of itself: where it came from, and the latest event it rests on.

What belongs here: reading footers. Files never change, so what a snapshot asks of one is read once in a process.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from recsys_assets.storage.lake import Partition


def provenance(partition: Partition) -> dict[str, Any]:
    """Where a partition came from, out of its footer: run, code version, key, input files by table and night."""
    import pyarrow.parquet as pq

    footer = pq.read_metadata(partition.path).metadata or {}
    found: dict[str, Any] = json.loads(footer[b"recsys"])
    return found


def watermark_of(partition: Partition) -> datetime | None:
    """Latest event (UTC) a partition rests on; of the log only the events themselves tell."""
    if partition.table == "clean.events":
        return _latest_event(partition.path)
    return None if partition.table.startswith("clean.") else _footer(partition.path)[1]


def written_by(path: Path) -> str | None:
    """Run that wrote a file."""
    return _footer(path)[0]


@lru_cache(maxsize=100_000)
def _footer(path: Path) -> tuple[str | None, datetime | None]:
    """Run that wrote a file and the watermark it noted."""
    import pyarrow.parquet as pq

    about = json.loads(pq.read_metadata(path).metadata[b"recsys"])
    return about["run_id"], datetime.fromisoformat(about["watermark"]) if about["watermark"] else None


@lru_cache(maxsize=100_000)
def _latest_event(path: Path) -> datetime | None:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    latest: datetime | None = pc.max(pq.ParquetFile(path).read(["event_ts"])["event_ts"]).as_py()
    return latest
