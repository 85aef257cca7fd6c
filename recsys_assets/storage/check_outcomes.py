"""What the checks of a night found: noted as each ends, read by the release of the night.

What belongs here: what a note of a check says. Where notes lie is in `night_notes`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recsys_assets.storage.night_notes import note, notes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

_KIND = "checks"


def note_outcomes(profile: Profile, night: Night, outcomes: Iterable[Mapping[str, Any]]) -> None:
    """Note what checks of a night found; a later note of the same check takes its place.

    Parameters
    ----------
    outcomes
        Each with the columns of `outcomes_of`.
    """
    note(profile, night, _KIND, outcomes)


def outcomes_of(profile: Profile, night: Night) -> pa.Table:
    """What each check of a night found when it last ran, one row a check."""
    import pyarrow as pa

    schema = pa.schema(
        {
            "table_name": pa.string(),
            "check_name": pa.string(),
            "outcome": pa.string(),
            "is_blocking": pa.bool_(),
            "n_failing": pa.int64(),
            "n_rows": pa.int64(),
            "threshold": pa.string(),
            "description": pa.string(),
            "remedy": pa.string(),
        }
    )
    return pa.Table.from_pylist(notes(profile, night, _KIND, ("table_name", "check_name")), schema=schema)
