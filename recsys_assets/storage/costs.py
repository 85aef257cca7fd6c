"""What the steps of a night cost: noted as each ends, read by the release of the night.

What belongs here: what a note of a cost says. Where notes lie is in `night_notes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.storage.night_notes import note, notes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

OF_ALGORITHMS = ("models.", "candidates.")
"""Schemas whose tables and models bear the name of their algorithm."""
_KIND = "costs"


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
    note(profile, night, _KIND, [line])


def costs_of(profile: Profile, night: Night) -> pa.Table:
    """What each step of a night cost when it last ran, one row a step."""
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
    told = notes(profile, night, _KIND, ("step",))
    return pa.Table.from_pylist([cost | {"algorithm": _algorithm(cost["step"])} for cost in told], schema=schema)


def _algorithm(step: str) -> str | None:
    return step.partition(".")[2] if step.startswith(OF_ALGORITHMS) else None
