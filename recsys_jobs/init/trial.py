"""A trial: a sample of the rows, landed for good measure in a folder that is thrown away.

What belongs here: running the written source over real rows before anyone relies on it. It is landing itself that
judges them, so what it says here is what `recsys land` will say.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys_assets.profile import Profile
from recsys_assets.selects.quoting import text
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing
from recsys_jobs.init.look import InitError

if TYPE_CHECKING:
    from recsys_jobs.init.look import Look


@dataclass(frozen=True)
class Tried:
    """What became of the sample."""

    n_rows: int
    n_rejected: int
    reasons: list[dict[str, Any]]
    """Rows as `Landing.reject_counts` gives them, most first."""


class _OnTrial(Profile):
    """A profile whose data lies in a folder of its own."""

    at: Path

    @property
    def folder(self) -> Path:
        return self.at


def try_source(look: Look, source: str) -> Tried:
    """Land the sample with a source, by its folder's name in ``sql/sources``.

    Raises
    ------
    InitError
        When the source does not fit the file, or no row would land.
    """
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder) / "sample.parquet"
        rows = "select * exclude (landed_row) from sample order by landed_row"
        look.con.execute(f"copy ({rows}) to {text(str(sample))} (format parquet)")
        profile = _OnTrial(
            name="trial",
            at=Path(folder),
            source=source,
            deliveries=[look.delivery],
            first_night=date(1990, 1, 1),
            algorithms={"popularity": {}},
        )
        landing = Landing(profile)
        delivery = profile.deliveries[0].model_copy(update={"files": sample.name, "folder": folder})
        landed = landing.land(sample, delivery, "history", lake=Lake(profile))
        reasons = landing.reject_counts().to_pylist()
    if landed.status != "landed":
        raise InitError(f"The file cannot be mapped: {landed.message}.")
    if not landed.rows_landed:
        why = "; ".join(f"{row['column_name']}: {row['reason']} ({row['n_rows']:,} rows)" for row in reasons[:5])
        raise InitError(f"None of {landed.rows_read:,} rows tried would land: {why}. Nothing was written.")
    return Tried(landed.rows_read, landed.rows_rejected, reasons)
