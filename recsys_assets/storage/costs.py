"""What the steps of a night cost: noted as each ends, read by the release of the night.

What belongs here: one file a night, ``costs/<night>.jsonl``, a line a step. It is no part of the lake: what a step
costs is another thing at every run, and no table rests on it. An audit's builds note nothing, and see nothing.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from recsys_assets.storage.private import private_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

OF_ALGORITHMS = ("models.", "candidates.")
"""Schemas whose tables and models bear the name of their algorithm."""


def note_cost(profile: Profile, night: Night, step: str, rows: int | None, cost: Mapping[str, float]) -> None:
    """Note what a step of a night cost; a later note of the same step takes its place.

    Parameters
    ----------
    rows
        Rows that it wrote; None: it writes no table.
    cost
        What `usage.cost_metadata` says of it.
    """
    line = {
        "step": step,
        "rows": rows,
        "seconds": cost["seconds"],
        "peak_memory_bytes": round(cost["peak_memory_mb"] * 1e6),
    }
    file = _file(profile, night)
    private_folder(file.parent)
    # Steps run beside one another: what is appended by one call stays together. The break comes first, so that a line
    # that a crash cut short takes no other with it.
    opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(opened, f"\n{json.dumps(line)}".encode())
    finally:
        os.close(opened)


def costs_of(profile: Profile, night: Night) -> pa.Table:
    """What each step of a night cost when it last ran, one row a step; lines that a crash cut short are left out."""
    import pyarrow as pa

    schema = pa.schema(
        {
            "step": pa.string(),
            "algorithm": pa.string(),
            "rows": pa.int64(),
            "seconds": pa.float64(),
            "peak_memory_bytes": pa.int64(),
        }
    )
    by_step = {}
    file = _file(profile, night)
    for line in file.read_text(errors="replace").splitlines() if file.exists() else []:
        try:
            told = json.loads(line)
        except json.JSONDecodeError:
            continue
        by_step[told["step"]] = told | {"algorithm": _algorithm(told["step"])}
    return pa.Table.from_pylist(list(by_step.values()), schema=schema)


def _algorithm(step: str) -> str | None:
    return step.partition(".")[2] if step.startswith(OF_ALGORITHMS) else None


def _file(profile: Profile, night: Night) -> Path:
    return profile.folder / "costs" / f"{night}.jsonl"
