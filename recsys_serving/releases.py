"""Which release answers: the one the link points at, or an older one that was asked for.

What belongs here: following the link, and opening each release once. A release without arrays, of before there were
any, gets them made beside the others, in a folder of the server's own.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from recsys_assets.storage import atomic
from recsys_assets.storage.private import private_folder
from recsys_assets.storage.release.arrays import write_arrays
from recsys_assets.storage.release.file import ARRAYS_NAME, FILE_NAME, ReleaseError
from recsys_assets.storage.release.folder import ReleaseFolder, ReleaseInfo
from recsys_serving.problems import Problem
from recsys_serving.release import Release

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

MAX_OPEN = 8
"""Older releases that stay open."""


class Served:
    """The releases of a deployment as a server sees them.

    Parameters
    ----------
    root : Path
        The profile's folder, `data/<profile>`.
    cache : Path, optional
        Folder for arrays of releases that have none; else `serving` in the profile's folder.
    """

    def __init__(self, root: Path, cache: Path | None = None) -> None:
        self.folder, self.cache = ReleaseFolder(root), cache or root / "serving"
        self._target = ""
        self._current: Release | None = None
        self._older: OrderedDict[str, Release] = OrderedDict()
        self._listed: tuple[int, tuple[ReleaseInfo, ...]] = (-1, ())
        self._making: set[str] = set()
        self._unusable: dict[str, str] = {}

    def start(self) -> None:
        """Open the current release, and make its arrays first where it has none.

        Raises
        ------
        ReleaseError
            When nothing is published, or what is cannot be served; says what to do.
        """
        name = self.folder.current_name()
        if name is None:
            raise ReleaseError(
                f"Nothing is published in {self.folder.root} yet: build a night first (recsys night, or recsys demo)."
            )
        file = self.folder.folder / name / FILE_NAME
        try:
            Release(file, self._arrays(name))
        except (FileNotFoundError, ReleaseError):
            self._make(name)
            Release(file, self._arrays(name))
        self.current()

    def current(self) -> Release:
        """The release that readers see now; while one without arrays gets them, the one before it.

        Raises
        ------
        Problem
            503, when there is none.
        """
        try:
            target = os.readlink(self.folder.link)  # noqa: PTH115  # At every request, where a Path costs more.
        except OSError:
            target = ""
        if target != self._target:
            self._follow(target)
        if self._current is None:
            raise Problem(503, "No release is open: publish one (recsys night).", headers={"Retry-After": "5"})
        return self._current

    def of_night(self, night: date) -> Release:
        """The release of a night: the current one, else the last published or built of that night.

        Raises
        ------
        Problem
            404 where none is kept; 503 while its arrays are made.
        """
        current = self.current()
        if current.night == night:
            return current
        of_night = [each for each in self.list() if each.night == night]
        if not of_night:
            raise Problem(404, f"There is no release of night {night}. GET /v1/releases lists those that are kept.")
        newest = max(of_night, key=lambda each: (each.published_at is not None, each.published_at or each.built_at))
        release = self._older.get(newest.name) or self._opened(newest.name)
        if release is None:
            why = self._unusable.get(newest.name)
            if why:
                raise Problem(503, f"The release of night {night} cannot be served: {why}")
            raise Problem(503, f"The arrays of night {night} are being made. Ask again.", headers={"Retry-After": "10"})
        self._older[newest.name] = release
        self._older.move_to_end(newest.name)
        while len(self._older) > MAX_OPEN:
            self._older.popitem(last=False)
        return release

    def list(self) -> tuple[ReleaseInfo, ...]:
        """All releases that are kept, by night."""
        try:
            changed = self.folder.folder.stat().st_mtime_ns
        except OSError:
            return ()
        if changed != self._listed[0]:
            self._listed = changed, self.folder.list()
        return self._listed[1]

    def _follow(self, target: str) -> None:
        """Open what the link points at now; what cannot be opened leaves the one before in its place."""
        name = os.path.basename(os.path.dirname(target))  # noqa: PTH119, PTH120
        release = self._older.get(name) or (self._opened(name) if name else None)
        if release is not None:
            if self._current is not None:
                self._older[self._current.name] = self._current
            self._target, self._current = target, release

    def _opened(self, name: str) -> Release | None:
        """A release by its name; None while its arrays are made, or where it is gone."""
        file = self.folder.folder / name / FILE_NAME
        try:
            return Release(file, self._arrays(name))
        except (FileNotFoundError, ReleaseError) as error:
            if file.exists() and name not in self._making and name not in self._unusable:
                self._making.add(name)
                threading.Thread(target=self._made, args=(name,), name="arrays", daemon=True).start()
            elif not file.exists():
                self._unusable[name] = str(error)
            return None

    def _arrays(self, name: str) -> Path:
        """Those made by a server, of a release that had none or another version's, else those beside it."""
        made = self.cache / f"{name}.npz"
        return made if made.exists() else self.folder.folder / name / ARRAYS_NAME

    def _made(self, name: str) -> None:
        try:
            self._make(name)
        except (ReleaseError, OSError) as error:
            self._unusable[name] = str(error)
        finally:
            self._making.discard(name)

    def _make(self, name: str) -> None:
        """Make the arrays of a release that has none, and forget those of releases that are gone."""
        try:
            private_folder(self.cache)
            for made in self.cache.glob("*.npz"):
                if not (self.folder.folder / made.stem).exists():
                    made.unlink(missing_ok=True)
            temporary = self.cache / f".tmp-{os.getpid()}-{name}"
            try:
                written = write_arrays(self.folder.folder / name / FILE_NAME, temporary)
                if written:
                    atomic.sync(temporary)
                    atomic.rename(temporary, self.cache / f"{name}.npz")
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            raise ReleaseError(
                f"Release {name} has no arrays, and they cannot be made in {self.cache}: {error}. Name a folder that "
                "can be written (recsys serve --cache FOLDER), or build its night again."
            ) from error
        if not written:
            raise ReleaseError(
                f"Release {name} was written by a version that served nothing. Build its night again: recsys night "
                f"{name[:10]}"
            )
