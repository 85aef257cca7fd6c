"""Model folders: one immutable folder of open files per algorithm and night, found by night only.

Layout: ``models/<algorithm>/night=<N>/<sequence>-<fingerprint>-<checksum>/``. The greatest sequence is current. The
fingerprint is of the algorithm's own files; the checksum of ``provenance.json`` beside them: cutoff, run, code version
and the input partitions.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from filelock import FileLock

from recsys_assets.storage import atomic
from recsys_assets.storage.checksums import DamagedFile, checksum, is_whole
from recsys_assets.storage.lake.partitions import NotBuilt
from recsys_assets.storage.lake.provenance import Provenance
from recsys_assets.storage.private import OWN_SEALED_FILE, private_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

PROVENANCE = "provenance.json"


@dataclass(frozen=True)
class Model:
    """The current model of an algorithm and night."""

    algorithm: str
    night: Night
    fingerprint: str
    """Hash of the names and bytes of its files."""
    path: Path
    checksum: str = ""
    """Checksum of its provenance; none in the names that the first versions gave."""

    @property
    def provenance(self) -> Provenance:
        """What it was made for, by whom, with which settings, and from which files.

        Raises
        ------
        DamagedFile
            When it cannot be read.
        """
        try:
            return Provenance.from_json((self.path / PROVENANCE).read_bytes())
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._damaged(f"{PROVENANCE} cannot be read") from error

    def verify(self) -> None:
        """Hold its files against what was written in its place; O(bytes), and what nobody touched once in a process.

        Raises
        ------
        DamagedFile
            When a file is missing, is another, came after, is a link, or cannot be read; or when the model is that of
            another algorithm or night.
        """
        for place in (self.path, *self.path.parents[:2], *self.path.iterdir()):
            if place.is_symlink():
                raise self._damaged(f"{place.name} is a link, so what lies there can be another's")
        # The first versions told fingerprints by another hash, and no checksum.
        if self.checksum and _fingerprint(self.path) != self.fingerprint:
            raise self._damaged("its files are not those that were written")
        if not (self.path / PROVENANCE).exists() or not is_whole(self.path / PROVENANCE, self.checksum):
            raise self._damaged(f"{PROVENANCE} is not what was written")
        about, own = self.provenance, f"models.{self.algorithm}"
        if about.night != self.night or (about.table or own) != own:
            raise self._damaged(
                f"it was fitted as {about.table or own} of night {about.night}, and lies in the place of {own} of "
                f"night {self.night}"
            )
        if not self.checksum and about.fingerprint_format > 1:
            raise self._damaged("its name tells no checksum, so it was not written by a night")

    def _damaged(self, why: str) -> DamagedFile:
        return DamagedFile(
            f"{self.path} is damaged: {why}. Build night {self.night} again, which replaces it: "
            f"recsys night {self.night}"
        )

    @property
    def bytes(self) -> int:
        """Size of its files."""
        return sum(file.stat().st_size for file in self.path.iterdir())


class Models:
    """All models of one profile."""

    def __init__(self, profile: Profile) -> None:
        self.root = profile.folder / "models"

    def get(self, algorithm: str, night: Night) -> Model:
        """Current model of a night.

        Raises
        ------
        NotBuilt
            When the night has none.
        """
        folders = self._folders(algorithm, night)
        if not folders:
            raise NotBuilt(
                f"Algorithm {algorithm} has no model of night {night}: materialize models/{algorithm} first."
            )
        _, fingerprint, *checked = folders[-1].name.split("-")
        return Model(algorithm, night, fingerprint, folders[-1], *checked)

    def all(self) -> list[Model]:
        """Current model of every algorithm and night, sorted."""
        folders = sorted(self.root.glob("*/night=*"))
        fitted = [(folder.parent.name, date.fromisoformat(folder.name[6:])) for folder in folders]
        return [self.get(algorithm, night) for algorithm, night in fitted if self._folders(algorithm, night)]

    def write(self, algorithm: str, night: Night, save: Callable[[Path], None], provenance: Provenance) -> Model:
        """Let ``save`` write a model into a new folder and make that current.

        Equal bytes of the same inputs and code write nothing, as long as the current folder is whole.
        """
        provenance = replace(provenance, table=f"models.{algorithm}")
        folder = self.root / algorithm / f"night={night.isoformat()}"
        private_folder(folder)
        with FileLock(folder / ".lock"):
            for left_over in folder.glob(".tmp-*"):
                shutil.rmtree(left_over)
            new = folder / ".tmp-model"
            save(new)
            fingerprint = _fingerprint(new)
            folders = self._folders(algorithm, night)
            if folders and _is_whole_and_says(self.get(algorithm, night), fingerprint, provenance):
                shutil.rmtree(new)
                return self.get(algorithm, night)
            (new / PROVENANCE).write_text(provenance.to_json(indent=1) + "\n")
            for file in new.iterdir():
                file.chmod(OWN_SEALED_FILE)  # Its name tells what it holds.
                atomic.sync(file)
            atomic.sync(new)
            sequence = int(folders[-1].name.partition("-")[0]) + 1 if folders else 1
            atomic.rename(new, folder / f"{sequence:06d}-{fingerprint}-{checksum(new / PROVENANCE)}")
            return self.get(algorithm, night)

    def _folders(self, algorithm: str, night: Night) -> list[Path]:
        folder = self.root / algorithm / f"night={night.isoformat()}"
        return sorted(p for p in folder.glob("[0-9]*") if p.is_dir())


def _is_whole_and_says(current: Model, fingerprint: str, about: Provenance) -> bool:
    """Whether a model is as it was written, with these bytes, and notes the same of itself, whichever run wrote it."""
    try:
        current.verify()
        return current.fingerprint == fingerprint and current.provenance.says_the_same(about)
    except DamagedFile:
        return False


def _fingerprint(folder: Path) -> str:
    """XXH3 of 128 bits of the names and bytes of a model's own files."""
    import xxhash

    digest = xxhash.xxh3_128()
    for file in sorted(folder.iterdir()):
        if file.name != PROVENANCE:
            digest.update(f"{file.name} {checksum(file)}\n".encode())
    return digest.hexdigest()
