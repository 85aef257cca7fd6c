"""Connections to empty databases in memory, made while the one before is used.

What belongs here: the settings that all of them share. DuckDB registers its functions anew in each database, which
takes one processor 25 ms.
"""

from __future__ import annotations

import atexit
import os
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_LIMITS = {"threads": "RECSYS_THREADS", "memory_limit": "RECSYS_MEMORY_LIMIT"}
_pool, _lock = ThreadPoolExecutor(1, "connections"), Lock()
_spare: list[Future[duckdb.DuckDBPyConnection]] = []


def connect() -> duckdb.DuckDBPyConnection:
    """Connect to an empty database of its own: times in UTC, and within the limits that the environment names."""
    import duckdb

    with _lock:
        _spare.append(_pool.submit(duckdb.connect))
        con = _spare.pop(0).result() if len(_spare) > 1 else duckdb.connect()
    con.execute("set global timezone = 'UTC'")  # It is global, so that it holds for cursors.
    con.execute("set python_enable_replacements = false")
    con.execute("set enable_progress_bar = false")
    for setting, variable in _LIMITS.items():
        if value := os.environ.get(variable):
            con.execute(f"set {setting} = $1", [value])
    return con


@atexit.register
def _close() -> None:
    """Close the spare one while Python still stands: DuckDB complains of one left over."""
    while _spare:
        _spare.pop().result().close()
