"""Where the lake's files lie: one immutable Parquet file per table and night, and which of them is current.

What belongs here: names of files and folders, putting a finished file in its place, and taking nights back. What a
night may see of these files is `storage.lake.plan`, reading and writing them `session` and `writer`.

Layout: ``<root>/<schema>/<table>/night=<N>/<sequence>-<fingerprint>-<checksum>.parquet``. The greatest sequence is
current; the fingerprint is of its content, the checksum of its bytes. A name ending in ``.absent`` instead is a
tombstone: the night was unsealed and the partition counts as not built.
"""

from __future__ import annotations

import os
import time
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from recsys_assets.errors import RecsysError
from recsys_assets.storage import atomic
from recsys_assets.storage.checksums import DamagedFile, checksum, is_whole
from recsys_assets.storage.lake.partition import Partition
from recsys_assets.storage.lake.provenance import noted
from recsys_assets.storage.private import OWN_SEALED_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

__all__ = ["LakeError", "NotBuilt", "Partition", "Partitions", "files_of"]

PRUNE_AFTER_DAYS = 1.0


class LakeError(RecsysError):
    """A partition that is missing or wrong; the message names table and night and says what to do."""


class NotBuilt(LakeError):
    """A partition or model that is not there; the message says what to build."""


class Partitions:
    """The files of all derived tables of one profile."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.root = profile.folder / "lake"

    def partition(self, table: str, night: Night) -> Partition | None:
        """Current partition of a night, or None when it was never built or was unsealed. O(files of the night)."""
        files = files_of(self.folder(table, night))
        if not files or files[-1].suffix == ".absent":
            return None
        sequence, fingerprint, *checked = files[-1].stem.split("-")
        return Partition(table, night, int(sequence), fingerprint, files[-1], *checked)

    def nights(self, table: str) -> list[Night]:
        """Nights that have a current partition, oldest first. O(nights)."""
        return [p.night for p in self.partitions(table)]

    def partitions(self, table: str, last: Night | None = None) -> list[Partition]:
        """Current partitions up to ``last`` (inclusive; None: all), oldest first."""
        folder = self.root / table.replace(".", "/")
        # A set: Python reads 20200302 as a date, too.
        nights = sorted({date.fromisoformat(name[6:]) for name in _names(folder) if name.startswith("night=")})
        current = (self.partition(table, night) for night in nights if last is None or night <= last)
        return [partition for partition in current if partition is not None]

    def verify(self, partition: Partition) -> None:
        """Hold a file against what was written in its place: its bytes, its table and its night.

        O(bytes), once in a process.

        Raises
        ------
        DamagedFile
            When its bytes are others, its name tells no checksum, its footer tells of another table or night, it lies
            behind a link, or the disk cannot read it.
        """
        path, table, night, wrong = partition.path, partition.table, partition.night, ""
        if link := next((folder for folder in (path, *path.parents[:3]) if _is_link(folder)), None):
            raise DamagedFile(
                f"{path} is damaged: {link} is a link, so what lies there can be another deployment's. Put the folder "
                "or file itself in its place, or delete the link and build the night again."
            )
        if not is_whole(path, partition.checksum):
            wrong = "its bytes are not those that were written"
        elif ((about := noted(path)).table, about.night) != (table, night):
            wrong = f"it was written as {about.table} of night {about.night}, and lies in the place of {table} of "
            wrong += f"night {night}"
        elif not partition.checksum and about.fingerprint_format > 1:  # The first versions gave no checksum.
            wrong = "its name tells no checksum, so it was not written by a night"
        if wrong:
            # The clean log of nights without lists belongs to the next night that has some.
            owner = next((built for built in self.built_nights() if built >= night), night)
            raise DamagedFile(
                f"{path} is damaged: {wrong}. Build night {owner} again, which replaces it: recsys night {owner}"
            )

    def built_nights(self) -> list[Night]:
        """Nights that were built, oldest first: those that have lists, whether or not readers ever saw them."""
        return self.nights("recommendations.lists")

    def tables(self) -> list[str]:
        """Names of all tables that were ever written, sorted."""
        return sorted(f"{p.parent.name}.{p.name}" for p in self.root.glob("*/*") if p.is_dir())

    def folder(self, table: str, night: Night) -> Path:
        """Folder of the files of one table and night."""
        return self.root / table.replace(".", "/") / f"night={night.isoformat()}"

    def temporary(self, table: str, night: Night) -> Path:
        """Path of the file a write is made in before it is renamed; one at a time, under the night's lock."""
        return self.folder(table, night) / f".tmp-{os.getpid()}.parquet"

    def commit(self, table: str, night: Night, written: Path, fingerprint: str) -> Partition:
        """Make a finished temporary file the night's current partition."""
        target = self._next(table, night, f"{fingerprint}-{checksum(written)}.parquet")
        written.chmod(OWN_SEALED_FILE)  # It is never changed after: what reads it may not write it either.
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

    def prune(self, older_than_days: float = PRUNE_AFTER_DAYS) -> int:
        """Delete files that were superseded longer ago than that; returns the bytes freed."""
        limit, freed = time.time() - older_than_days * 86_400, 0
        for folder in self.root.glob("*/*/night=*"):
            files = files_of(folder)
            for superseded, successor in pairwise(files):
                if successor.stat().st_mtime < limit:
                    freed += superseded.stat().st_size
                    superseded.unlink()
        return freed

    def _next(self, table: str, night: Night, suffix: str) -> Path:
        folder = self.folder(table, night)
        files = files_of(folder)
        sequence = int(files[-1].name.partition("-")[0]) + 1 if files else 1
        return folder / f"{sequence:06d}-{suffix}"


def files_of(folder: Path) -> list[Path]:
    """Files and tombstones of one table and night, oldest first; none where there is no such folder."""
    names = [name for name in _names(folder) if name.endswith((".parquet", ".absent")) and name[0] != "."]
    return [folder / name for name in sorted(names)]


@lru_cache(maxsize=100_000)
def _is_link(path: Path) -> bool:
    """Whether a file or folder of the lake is a symbolic link; asked once in a process."""
    return path.is_symlink()


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return []
