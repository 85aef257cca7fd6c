"""Connections to empty databases in memory.

What belongs here: the settings that all of them share. Each is made by the thread that uses it: DuckDB crashed Python
when connections were made ahead in another one, which had saved 25 ms each.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_LIMITS = {"threads": "RECSYS_THREADS", "memory_limit": "RECSYS_MEMORY_LIMIT"}


def connect() -> duckdb.DuckDBPyConnection:
    """Connect to an empty database of its own: times in UTC, and within the limits that the environment names."""
    import duckdb

    con = duckdb.connect()
    con.execute("set global timezone = 'UTC'")  # It is global, so that it holds for cursors.
    con.execute("set python_enable_replacements = false")
    con.execute("set enable_progress_bar = false")
    for setting, variable in _LIMITS.items():
        if value := os.environ.get(variable):
            con.execute(f"set {setting} = $1", [value])
    return con
