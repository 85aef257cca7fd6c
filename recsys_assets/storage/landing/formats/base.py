"""What a format of delivered files is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from recsys_assets.profile import Delivery

Reject: TypeAlias = tuple[int, str, str, str]
"""A line that could not be split into the file's columns: row (from 1, after the header), column, reason, the line."""
Stage: TypeAlias = "Callable[[duckdb.DuckDBPyConnection, Path, Delivery, Path], list[Reject]]"


@dataclass(frozen=True)
class Format:
    """One format."""

    name: str
    """Name in profiles: ``format`` of a delivery."""
    endings: tuple[str, ...]
    """Ends of file names that tell it, without dots and ``.gz``."""
    stage: Stage
    """Reads a file of a delivery into the temporary table ``staged``: its columns plus ``landed_row`` (1-based row of
    data). The path leads to what was opened and has no name of its own; the folder is for what it writes meanwhile.
    Raises `UnreadableFile` when nothing can be read."""
