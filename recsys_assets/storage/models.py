"""Model folders: one immutable folder of open files per algorithm and night, found by night only.

Layout: ``models/<algorithm>/night=<N>/<sequence>-<fingerprint>/``. The greatest sequence is current. Beside the
algorithm's own files lies ``provenance.json``: cutoff, run, code version and the input partitions.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from filelock import FileLock

from recsys_assets.storage import atomic
from recsys_assets.storage.lake.partitions import LakeError
from recsys_assets.storage.lake.provenance import Provenance

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

    @property
    def provenance(self) -> Provenance:
        """What it was made for, by whom, with which settings, and from which files."""
        return Provenance.from_json((self.path / PROVENANCE).read_text())

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
        LakeError
            When the night has none.
        """
        folders = self._folders(algorithm, night)
        if not folders:
            raise LakeError(
                f"Algorithm {algorithm} has no model of night {night}: materialize models/{algorithm} first."
            )
        return Model(algorithm, night, folders[-1].name.partition("-")[2], folders[-1])

    def all(self) -> list[Model]:
        """Current model of every algorithm and night, sorted."""
        folders = sorted(self.root.glob("*/night=*"))
        fitted = [(folder.parent.name, date.fromisoformat(folder.name[6:])) for folder in folders]
        return [self.get(algorithm, night) for algorithm, night in fitted if self._folders(algorithm, night)]

    def write(self, algorithm: str, night: Night, save: Callable[[Path], None], provenance: Provenance) -> Model:
        """Let ``save`` write a model into a new folder and make that current.

        Equal bytes fitted on the same partitions write nothing; on others they are a new folder, which says so.
        """
        folder = self.root / algorithm / f"night={night.isoformat()}"
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            for left_over in folder.glob(".tmp-*"):
                shutil.rmtree(left_over)
            new = folder / ".tmp-model"
            save(new)
            fingerprint = _fingerprint(new)
            folders = self._folders(algorithm, night)
            if folders and folders[-1].name.endswith(fingerprint):
                current = self.get(algorithm, night)
                if current.provenance.inputs == provenance.inputs:
                    shutil.rmtree(new)
                    return current
            (new / PROVENANCE).write_text(provenance.to_json(indent=1) + "\n")
            for file in new.iterdir():
                atomic.sync(file)
            atomic.sync(new)
            sequence = int(folders[-1].name.partition("-")[0]) + 1 if folders else 1
            atomic.rename(new, folder / f"{sequence:06d}-{fingerprint}")
            return self.get(algorithm, night)

    def _folders(self, algorithm: str, night: Night) -> list[Path]:
        folder = self.root / algorithm / f"night={night.isoformat()}"
        return sorted(p for p in folder.glob("[0-9]*") if p.is_dir())


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        digest.update(file.name.encode())
        with file.open("rb") as content:
            digest.update(hashlib.file_digest(content, "sha256").digest())
    return digest.hexdigest()[:32]
