"""Conditions: what a night could look at beside its data, which are others in the altered build.

What belongs here: the clock, the time zone, the variables of the environment, and the times of files. A night that is
the same under both looked at none of them.
"""

from __future__ import annotations

import os
import shutil
import time
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CLOCK_AHEAD = timedelta(days=401, hours=5, minutes=13)
"""How far the clock of the altered build is ahead: another year, month, day of the week and hour."""
TIME_ZONE = "Pacific/Marquesas"
"""Nine and a half hours behind UTC."""
_KEPT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "RECSYS_MEMORY_LIMIT", "RECSYS_THREADS")
_KEPT_BEGINNINGS = ("BLIS_", "KMP_", "MKL_", "NUMBA_", "OMP_", "OPENBLAS_", "VECLIB_")
"""Variables of libraries that decide how fast they work."""
_BEGINS = 1_000_000_000
"""Time of the first file in the altered build: 2001-09-09."""


def environment(given: Mapping[str, str], folder: Path, profile_file: str, *, altered: bool) -> dict[str, str]:
    """Variables of the process that builds: those given, of which the altered build keeps what makes it run."""
    kept = {
        name: value
        for name, value in given.items()
        if not altered or name in _KEPT or name.startswith(_KEPT_BEGINNINGS)
    }
    ours = {
        "RECSYS_DATA": str(folder),
        "RECSYS_PROFILE": profile_file,
        "TMPDIR": str(folder),
        "NUMBA_CACHE_DIR": str(folder / "numba"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return kept | ours | ({"HOME": str(folder), "TZ": TIME_ZONE} if altered else {})


def set_clock_ahead() -> None:
    """Let Python's clock of this process go on from another day."""
    import time_machine

    # A moment without a time zone of its own, so that the environment's holds.
    time_machine.travel(time.time() + CLOCK_AHEAD.total_seconds(), tick=True).start()
    time.tzset()


def copy_with_other_times(folder: Path) -> None:
    """Make every file below a folder one of its own, with another time: links share theirs with what they link to.

    Times run against the order of the names, so the newest file is another one as well. O(bytes).
    """
    for n, file in enumerate(sorted((path for path in folder.rglob("*") if path.is_file()), reverse=True)):
        if file.stat().st_nlink > 1:
            copy = file.with_name(f"{file.name}.copy")
            shutil.copyfile(file, copy)
            copy.chmod(file.stat().st_mode & 0o777)
            copy.replace(file)
        os.utime(file, (_BEGINS + 3_607 * n,) * 2)
