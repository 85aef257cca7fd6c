"""The lake: one immutable Parquet file per table and night.

What belongs here: where partitions are, which file of a night is current, and the atomic write. Reading goes
through `Lake.as_of`, which hands out a locked `storage.snapshot.Snapshot`; nothing else opens lake files.

Layout: ``<root>/<schema>/<table>/night=<N>/<sequence>-<fingerprint>.parquet``. The greatest sequence is current.
A name ending in ``.absent`` instead is a tombstone: the night was unsealed and the partition counts as not built.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from filelock import FileLock

from recsys_assets.storage import atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.storage.snapshot import Snapshot
    from recsys_assets.storage.sql import TableName

PRUNE_AFTER_DAYS = 1.0


class LakeError(Exception):
    """A partition that is missing or wrong; the message names table and night and says what to do."""


@dataclass(frozen=True)
class Partition:
    """The current file of one table and night."""

    table: str
    night: Night
    sequence: int
    fingerprint: str
    path: Path


class Lake:
    """All derived tables of one profile."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.root = profile.folder / "lake"

    def partition(self, table: str, night: Night) -> Partition | None:
        """Current partition of a night, or None when it was never built or was unsealed. O(files of the night)."""
        files = _files(self._folder(table, night))
        if not files or files[-1].suffix == ".absent":
            return None
        sequence, _, fingerprint = files[-1].stem.partition("-")
        return Partition(table, night, int(sequence), fingerprint, files[-1])

    def nights(self, table: str) -> list[Night]:
        """Nights that have a current partition, oldest first. O(nights)."""
        return [p.night for p in self.partitions(table)]

    def partitions(self, table: str, last: Night | None = None) -> list[Partition]:
        """Current partitions up to ``last`` (inclusive; None: all), oldest first."""
        folder = self.root / table.replace(".", "/")
        nights = sorted(date.fromisoformat(name[6:]) for name in _names(folder) if name.startswith("night="))
        found = (self.partition(table, night) for night in nights if last is None or night <= last)
        return [partition for partition in found if partition is not None]

    def tables(self) -> list[str]:
        """Names of all tables that were ever written, sorted."""
        return sorted(f"{p.parent.name}.{p.name}" for p in self.root.glob("*/*") if p.is_dir())

    def expand(self, name: TableName) -> list[str]:
        """Lake tables behind a name: ``candidates.lists`` stands for the lists of every algorithm."""
        if name.stored == "candidates.lists":
            return [f"candidates.{algorithm}" for algorithm in sorted(self.profile.algorithms)]
        return [name.stored]

    @contextmanager
    def as_of(
        self, night: Night, reads: Iterable[TableName], output: str | Sequence[str] | None = None, run_id: str = ""
    ) -> Iterator[Snapshot]:
        """Open a snapshot: the declared tables as night ``night`` may see them, and nothing else.

        Parameters
        ----------
        reads
            Tables the step names, as `storage.sql.Select.reads` lists them.
        output
            Lake table the step writes, if any, or several clean ones in their order: each can be read once it is
            written (see `Snapshot.turn_to`). While the snapshot is open their night is locked to this process.

        Raises
        ------
        LakeError
            When a declared table has no partition for the night.
        """
        from recsys_assets.storage.snapshot import Snapshot

        outputs = [output] if isinstance(output, str) else list(output or [])
        with ExitStack() as stack:
            for table in outputs:
                folder = self._folder(table, night)
                folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(FileLock(folder / ".lock"))
                for left_over in folder.glob(".tmp-*"):
                    left_over.unlink()
            yield stack.enter_context(Snapshot(self, night, reads, outputs, run_id))

    def temporary(self, table: str, night: Night) -> Path:
        """Path of the file a write is made in before it is renamed; one at a time, under the night's lock."""
        return self._folder(table, night) / f".tmp-{os.getpid()}.parquet"

    def commit(self, table: str, night: Night, written: Path, fingerprint: str) -> Partition:
        """Make a finished temporary file the night's current partition; the same content writes nothing."""
        current = self.partition(table, night)
        if current is not None and current.fingerprint == fingerprint:
            written.unlink()
            return current
        target = self._next(table, night, f"{fingerprint}.parquet")
        written.chmod(0o444)  # never changed after: what reads it may not write it either
        atomic.sync(written)
        atomic.rename(written, target)
        partition = self.partition(table, night)
        if partition is None or partition.path != target:
            raise LakeError(f"{table}, night {night}: another process wrote the partition; run the night again.")
        return partition

    def withdraw(self, first: Night) -> list[tuple[str, Night]]:
        """Mark every partition from ``first`` on as not built (after ``--restate``); files stay until `prune`."""
        withdrawn = []
        for table in self.tables():
            for partition in self.partitions(table):
                if partition.night >= first:
                    tombstone = self._next(table, partition.night, "restated.absent")
                    tombstone.touch()
                    atomic.sync(tombstone.parent)
                    withdrawn.append((table, partition.night))
        return withdrawn

    def lost(self, night: Night) -> list[str]:
        """Partitions that the newest night built before ``night`` had used and that are gone, as ``table night``."""
        from recsys_assets.storage.footers import provenance

        earlier = [p for p in self.partitions("recommendations.lists") if p.night < night]
        if not earlier:
            return []
        used = provenance(earlier[-1])["inputs"]
        return sorted(
            f"{table} {day}"
            for table, nights in used.items()
            for day in nights
            if not _files(self._folder(table, date.fromisoformat(day)))
        )

    def prune(self, older_than_days: float = PRUNE_AFTER_DAYS) -> int:
        """Delete files that were superseded longer ago than that; returns the bytes freed."""
        limit, freed = time.time() - older_than_days * 86_400, 0
        for folder in self.root.glob("*/*/night=*"):
            files = _files(folder)
            for superseded, successor in pairwise(files):
                if successor.stat().st_mtime < limit:
                    freed += superseded.stat().st_size
                    superseded.unlink()
        return freed

    def _folder(self, table: str, night: Night) -> Path:
        return self.root / table.replace(".", "/") / f"night={night.isoformat()}"

    def _next(self, table: str, night: Night, suffix: str) -> Path:
        folder = self._folder(table, night)
        files = _files(folder)
        sequence = int(files[-1].name.partition("-")[0]) + 1 if files else 1
        return folder / f"{sequence:06d}-{suffix}"


def _files(folder: Path) -> list[Path]:
    names = [name for name in _names(folder) if name.endswith((".parquet", ".absent")) and name[0] != "."]
    return [folder / name for name in sorted(names)]


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return []
