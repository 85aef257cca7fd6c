"""What a step cost: seconds, seconds of all processors, and the most memory that the process held."""

from __future__ import annotations

import resource
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Usage:
    """What a block of code cost, known when it has ended."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Of all threads of the process, those of steps beside it too; beside ``seconds`` it tells how busy it was."""
    peak_mb: float = 0.0
    """Highest resident memory of the process during the block, in MB (10**6 bytes); of all that ran beside it."""
    _begun: tuple[float, float] = field(default=(0.0, 0.0), repr=False)

    def restart(self) -> float:
        """Count from now on only; returns the seconds until now."""
        before = self._begun[0]
        self._begun = time.perf_counter(), time.process_time()
        with _lock:
            _note_peaks()
            self.peak_mb = 0.0
            # On Linux this makes the kernel forget the peak so far.
            reset = Path("/proc/self/clear_refs")
            if reset.exists():
                reset.write_text("5")
        return self._begun[0] - before


_lock = threading.Lock()
_measured: list[Usage] = []
"""Blocks under way: those of other threads must not lose their peak when one begins its own anew."""


def _note_peaks() -> None:
    """Let every block under way know the peak until now."""
    peak = _peak_bytes() / 1e6
    for usage in _measured:
        usage.peak_mb = max(usage.peak_mb, peak)


@contextmanager
def measured() -> Iterator[Usage]:
    """Time a block and watch the process's peak memory (on Linux of this block, elsewhere of the process so far)."""
    usage = Usage()
    usage.restart()
    _measured.append(usage)
    try:
        yield usage
    finally:
        usage.seconds = time.perf_counter() - usage._begun[0]
        usage.cpu_seconds = time.process_time() - usage._begun[1]
        with _lock:
            _note_peaks()
            _measured.remove(usage)


def cost_metadata(usage: Usage) -> dict[str, Any]:
    """Seconds and peak memory of a step."""
    return {
        "seconds": round(usage.seconds, 3),
        "cpu_seconds": round(usage.cpu_seconds, 3),
        "peak_memory_mb": round(usage.peak_mb, 1),
    }


def _peak_bytes() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
