"""A profile's releases as they lie on disk: which there are, which is current, which was published when."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from recsys_assets.storage.checksums import DamagedFile
from recsys_assets.storage.release.file import CHECKSUM_NAME, FILE_NAME, ReleaseError, damaged_file, night_made_for
from recsys_assets.storage.release.history import Publication, read_history

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

__all__ = ["ReleaseFolder", "ReleaseInfo", "parse_name", "release_name"]

_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True)
class ReleaseInfo:
    """One release on disk.

    Attributes
    ----------
    name : str
        Its folder: `<night>-<id>`.
    night : date
        The night it was built for.
    id : str
        What tells releases of one night apart.
    bytes : int
        Size of the file, and of its arrays.
    built_at : datetime
        When the file was written, UTC.
    published_at : datetime or None
        When it was last made current, UTC; None if it never was.
    is_current : bool
        Whether readers see it now.
    """

    name: str
    night: date
    id: str
    bytes: int
    built_at: datetime
    published_at: datetime | None
    is_current: bool


class ReleaseFolder:
    """What there is to read of a profile's releases; takes no lock.

    Parameters
    ----------
    root : Path
        The profile's folder, `data/<profile>`; need not exist.

    Notes
    -----
    The symlink alone says which release is current; the history file follows it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "releases"
        self.link = root / FILE_NAME
        self.history_file = self.folder / "history.jsonl"

    def current(self) -> ReleaseInfo | None:
        """Return the release readers see now; None if nothing was published, or its folder is gone."""
        return next((release for release in self.list() if release.is_current), None)

    def list(self) -> tuple[ReleaseInfo, ...]:
        """Return all releases on disk, in order of night and of building.

        Returns
        -------
        tuple[ReleaseInfo, ...]
            Empty if none was built.
        """
        current = self.current_name()
        published_at = {entry.name: entry.at for entry in self.history()}
        releases = []
        for file in self.folder.glob(f"*/{FILE_NAME}"):
            name = file.parent.name
            if not _NAME.fullmatch(name):
                continue
            with suppress(FileNotFoundError):  # It may have been pruned meanwhile.
                built_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
                releases.append(
                    ReleaseInfo(
                        name,
                        *parse_name(name),
                        bytes=sum(part.stat().st_size for part in file.parent.iterdir() if part.name != CHECKSUM_NAME),
                        built_at=built_at,
                        published_at=published_at.get(name),
                        is_current=name == current,
                    )
                )
        return tuple(sorted(releases, key=lambda release: (release.night, release.built_at, release.id)))

    def history(self) -> tuple[Publication, ...]:
        """Return every publication and rollback, oldest first.

        Returns
        -------
        tuple[Publication, ...]
            Ends with the current release, also when a crash came between the swap and the writing down.

        Raises
        ------
        ReleaseError
            If a line before the last cannot be read; a torn last line is left out.
        """
        entries = read_history(self.history_file)
        current = self.current_name()
        if current is None or (entries and entries[-1].name == current):
            return tuple(entries)
        # The swap made the link, so its own time is the instant of publication.
        at = datetime.fromtimestamp(self.link.lstat().st_mtime, UTC)
        back = any(entry.name == current for entry in entries)
        return (*entries, Publication(at, current, "rollback" if back else "publish"))

    def connect(self) -> DuckDBPyConnection:
        """Open the current release.

        Returns
        -------
        DuckDBPyConnection
            Read-only; stays on the release it opened when another is published.

        Raises
        ------
        ReleaseError
            If nothing was published, or the current release is gone or cannot be opened.
        """
        import duckdb

        name = self.current_name()
        if name is None:
            raise ReleaseError(
                f"Nothing is published in {self.root} yet: build a night first (recsys night, or recsys demo). Another "
                "profile is chosen with RECSYS_PROFILE."
            )
        try:
            return duckdb.connect(str(self.link), read_only=True)
        except duckdb.Error as error:
            raise ReleaseError(
                f"The current release {name} cannot be opened: {error}. "
                "Roll back (`recsys rollback`), then build its night again."
            ) from error

    def verify(self, name: str) -> None:
        """Hold a release against what was written under its name: its bytes, its arrays' and its night; O(bytes).

        One of the first versions has no checksum, and passes.

        Raises
        ------
        ReleaseError
            If its bytes are others, it was made for another night, or the file cannot be read.
        """
        file, night = self.folder / name / FILE_NAME, parse_name(name)[0]
        try:
            damaged = damaged_file(file.parent)
        except (OSError, UnicodeDecodeError, DamagedFile) as error:
            raise ReleaseError(f"Release {name} cannot be read: {error}") from error
        wrong = "its bytes are not those that were written" if damaged else ""
        if not damaged and (made_for := night_made_for(file)) not in (None, night):
            wrong = f"it was made for night {made_for}, and lies under the name of night {night}"
        elif file.parent.is_symlink():
            wrong = "its folder is a link, so what lies there can be another's"
        if wrong:
            raise ReleaseError(
                f"{damaged or file} is damaged: {wrong}. Build night {night} again, which replaces it: recsys night "
                f"{night}; readers are best off with `recsys rollback` until then."
            )

    def current_name(self) -> str | None:
        """Return the name of the release that the link points at, whether or not it is there.

        Returns
        -------
        str or None
            None if nothing was published.

        Raises
        ------
        ReleaseError
            If something else took the link's place.
        """
        if not self.link.is_symlink():
            if self.link.exists():
                raise ReleaseError(f"{self.link} should be the link to a release and is not: move it away.")
            return None
        target = self.link.readlink()
        if target.parent.parent.name != self.folder.name or not _NAME.fullmatch(target.parent.name):
            raise ReleaseError(
                f"{self.link} points at {target}, which is no release: delete the link and publish again."
            )
        return target.parent.name

    def previous_name(self) -> str | None:
        """Return the name of the release a rollback goes to: the one that was current before.

        Returns
        -------
        str or None
            None if there is none on disk.
        """
        trail: list[str] = []
        for entry in self.history():
            if entry.action == "rollback" and entry.name in trail:
                del trail[len(trail) - trail[::-1].index(entry.name) :]
            else:
                trail.append(entry.name)
        current = self.current_name()
        kept = (name for name in reversed(trail) if (self.folder / name / FILE_NAME).exists())
        return next((name for name in kept if name != current), None)


def release_name(night: date, release_id: str) -> str:
    """Return the name of a release, which is its folder's.

    Parameters
    ----------
    night : date
        The night it is for.
    release_id : str
        Letters, digits, `.`, `_` and `-`, the first a letter or digit.

    Returns
    -------
    str
        `<night>-<id>`.

    Raises
    ------
    ReleaseError
        If the id holds anything else.
    """
    name = f"{night:%Y-%m-%d}-{release_id}"
    if not _NAME.fullmatch(name):
        raise ReleaseError(
            f"Release id {release_id!r} of night {night} is not made of letters, digits, '.', '_' and '-' "
            "after a letter or digit: choose another."
        )
    return name


def parse_name(name: str) -> tuple[date, str]:
    """Return the night and the id of a release's name."""
    return date.fromisoformat(name[:10]), name[11:]
