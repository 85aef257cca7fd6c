"""Attaching ``landing.duckdb`` while other programs may have it open, which DuckDB does not share.

What belongs here: waiting for them, and naming them when they stay. Our own processes wait for one another by a file
lock; this is about a DuckDB shell, a notebook or a database viewer.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from recsys_assets.selects.quoting import text
from recsys_assets.storage.landing.ledger import LandingError

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

PATIENCE_SECONDS = 10.0
"""How long another program is waited for: it may only be asking for a few rows."""
_POLL_SECONDS = 0.1
_HOLDER = re.compile(r"lock is held in (.+) \(PID ([0-9]+)\)")


class LandingLocked(LandingError):
    """Another program has the database open; nothing was done."""


def attach(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Attach the database as ``landing``.

    Raises
    ------
    LandingLocked
        When another program still has it open after `PATIENCE_SECONDS`.
    """
    import duckdb

    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            con.execute(f"attach {text(str(path))} as landing")
        except (duckdb.IOException, duckdb.ResourceInUseException) as error:
            if isinstance(error, duckdb.IOException) and "Could not set lock" not in str(error):
                raise
            if time.monotonic() >= deadline:
                raise LandingLocked(
                    f"{path}: another program has it open ({_holder(str(error))}), such as a notebook, a DuckDB shell "
                    "or a database viewer. Nothing was lost or changed; close it there and run this again."
                ) from error
            time.sleep(_POLL_SECONDS)
        else:
            return


def _holder(said: str) -> str:
    """Who holds the lock, out of what DuckDB says of it; it does not always see who."""
    holder = _HOLDER.search(said)
    if holder:
        return f"process {holder[2]}, {holder[1]}"
    return "this very process" if "already attached" in said else "a process of somebody else"
