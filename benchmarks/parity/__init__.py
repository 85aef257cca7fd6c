"""Each algorithm against a reference implementation on the same input; see README.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def run() -> Iterator[str]:
    """Say what `python -m benchmarks.parity` prints."""
    from benchmarks.parity.comparison import table

    yield from table([])
