"""A partition: the file of one table and night, as its name tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from recsys_assets.nights import Night


@dataclass(frozen=True)
class Partition:
    """The current file of one table and night."""

    table: str
    night: Night
    sequence: int
    fingerprint: str
    path: Path
    checksum: str = ""
    """Checksum of the file's bytes; none in the names that the first versions gave."""
