"""Published releases: one read-only DuckDB file a night, published by swapping a symlink.

A profile's folder holds `releases/<night>-<id>/recsys.duckdb`, one folder a release, with arrays for servers beside it,
and `recsys.duckdb`, the symlink to the current one. Readers never block a writer, nor a writer them.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain, count
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from recsys_assets.storage import atomic
from recsys_assets.storage.private import OWN_FOLDER, keep_closed, let_read, private_folder
from recsys_assets.storage.release.arrays import write_arrays
from recsys_assets.storage.release.file import (
    ARRAYS_NAME,
    FILE_NAME,
    ReleaseError,
    check_file,
    write_checksum,
    write_file,
)
from recsys_assets.storage.release.folder import ReleaseFolder, ReleaseInfo, parse_name, release_name
from recsys_assets.storage.release.history import Publication, write_history

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pyarrow as pa

__all__ = ["Publication", "Published", "ReleaseError", "ReleaseInfo", "Releases"]


@dataclass(frozen=True)
class Published:
    """What became of a request to make a release current.

    Attributes
    ----------
    name : str
        The release asked for.
    published : bool
        Whether readers see it now.
    changed : bool
        Whether the link was moved; False when it was current already.
    reason : str
        A sentence for people.
    """

    name: str
    published: bool
    changed: bool
    reason: str


class Releases(ReleaseFolder):
    """The releases of one profile: those of `ReleaseFolder`, and the ways to change them.

    Parameters
    ----------
    root : Path
        The profile's folder, `data/<profile>`; made when first needed.

    Notes
    -----
    One file lock keeps writers apart; readers take none. Every error is a `ReleaseError`.
    """

    def build(
        self,
        night: date,
        release_id: str,
        tables: Mapping[str, pa.Table | pa.RecordBatchReader],
        macros_sql: str,
    ) -> Path:
        """Write and check a release, without publishing it.

        A release that exists and passes the check is left as it is, and readers among the tables unread. One
        that fails it (a damaged file) is replaced; while readers see it, by one whose id ends in `.2`, `.3`, ...

        Parameters
        ----------
        night : date
            The night it is for.
        release_id : str
            Letters, digits, `.`, `_` and `-`; tells releases of one night apart.
        tables : Mapping[str, pyarrow.Table | pyarrow.RecordBatchReader]
            Tables by `schema.table`, written in this order.
        macros_sql : str
            `create macro` statements over those tables.

        Returns
        -------
        Path
            The file, read-only, in its read-only folder.

        Raises
        ------
        ReleaseError
            If it cannot be written or fails its check; nothing of it is left, and the current release stays.
        """
        with self._lock():
            for stale in self.folder.glob(".tmp-*"):  # A killed process left it, as we hold the lock.
                _delete(stale)
            final = self.folder / (name := self._free_name(release_name(night, release_id), tables))
            if final.exists():
                return final / FILE_NAME
            temporary = self.folder / f".tmp-{uuid4().hex}"
            try:
                file = private_folder(temporary) / FILE_NAME
                check_file(file, write_file(file, tables, macros_sql))
                write_arrays(file, temporary / ARRAYS_NAME)
                write_checksum(temporary)
                _seal(temporary)
                atomic.rename(temporary, final)
            except (OSError, ReleaseError) as error:
                raise ReleaseError(f"Release {name} was not built, the current one stays: {error}") from error
            finally:
                _delete(temporary)
        return final / FILE_NAME

    def _free_name(self, name: str, tables: Mapping[str, pa.Table | pa.RecordBatchReader]) -> str:
        """The name, or one derived from it, under which a whole release lies or nothing does.

        One that is damaged makes way, but for the one that readers see: the link may never point at nothing.
        """
        # A reader's rows cannot be counted without using it up.
        rows = {table: getattr(given, "num_rows", None) for table, given in tables.items()}
        for free in chain([name], (f"{name}.{number}" for number in count(2))):
            if not (self.folder / free).exists():
                return free
            try:
                self.verify(free)
                check_file(self.folder / free / FILE_NAME, rows)
            except (OSError, ReleaseError):
                if free != self.current_name():
                    self._remove(free)
                    return free
            else:
                return free
        raise AssertionError("there is always a next number")

    def publish(self, night: date, release_id: str) -> Published:
        """Make a release current, unless the current one is of a later night, after a look at its bytes.

        Parameters
        ----------
        night : date
            The release's night.
        release_id : str
            The release's id.

        Returns
        -------
        Published
            A backfilled night is not an error: `published` is False, and `reason` says why.

        Raises
        ------
        ReleaseError
            If the release was not built or is damaged, or the link's place is taken by something else.
        """
        name = release_name(night, release_id)
        with self._lock():
            current = self.current_name()
            if current is not None and night < parse_name(current)[0]:
                reason = (
                    f"Release {name} is not published: {current}, of a later night, is current. "
                    f"To go back on purpose: `recsys rollback --to {name}`."
                )
                return Published(name, published=False, changed=False, reason=reason)
            return self._make_current(name, "publish")

    def rollback(self, to: str | None = None) -> Published:
        """Make the release published before the current one current again; or any other, by its name.

        Repeated, it goes further back. The next night's publication moves forward again.

        Parameters
        ----------
        to : str, optional
            A release's name, `<night>-<id>`; also one that was never published.

        Returns
        -------
        Published
            `changed` is False if `to` is current already.

        Raises
        ------
        ReleaseError
            If there is no such release, none before the current one, or none at all.
        """
        with self._lock():
            target = self.previous_name() if to is None else to
            if target is None:
                raise ReleaseError(
                    f"There is nothing to roll back to in {self.folder}: no earlier release was published "
                    "and kept. `recsys releases` lists them, `recsys rollback --to <name>` takes any."
                )
            return self._make_current(target, "rollback")

    def _make_current(self, name: str, action: Literal["publish", "rollback"]) -> Published:
        """Swap the link and write it down."""
        if name not in {release.name for release in self.list()}:
            raise ReleaseError(
                f"There is no release {name or repr(name)} in {self.folder}: "
                "build it first, or choose one that `recsys releases` lists."
            )
        current = self.current_name()
        if action == "publish" and current is not None and parse_name(name)[0] < parse_name(current)[0]:
            raise ReleaseError(f"Release {name} must not be published: {current}, of a later night, is current.")
        self.verify(name)
        _seal(self.folder / name)  # The group that may read releases may be another one by now.
        # Before the swap: if the last one was cut short, this is the last moment the link can tell of it.
        history = self.history()
        if name == self.current_name():
            write_history(self.history_file, history)
            return Published(name, published=True, changed=False, reason=f"Release {name} is current already.")
        atomic.swap_symlink(self.link, (self.folder / name / FILE_NAME).relative_to(self.root))
        write_history(self.history_file, (*history, Publication(datetime.now(UTC), name, action)))
        return Published(name, published=True, changed=True, reason=f"Release {name} is current now.")

    def prune(self, keep: int, older_than: timedelta) -> tuple[str, ...]:
        """Delete old releases, but never the current one, nor the one a rollback goes to.

        Who has a deleted one open reads on: the file goes when its last reader closes it.

        Parameters
        ----------
        keep : int
            How many releases of the latest nights stay whatever their age.
        older_than : timedelta
            Those built less than this ago stay.

        Returns
        -------
        tuple[str, ...]
            The names of those deleted, oldest night first.

        Raises
        ------
        ReleaseError
            If `keep` is negative.
        """
        if keep < 0:
            raise ReleaseError(f"Cannot keep {keep} releases: give 0 or more.")
        with self._lock():
            releases = self.list()
            spared = {self.current_name(), self.previous_name()}
            spared.update(release.name for release in releases[max(len(releases) - keep, 0) :])
            limit = datetime.now(UTC) - older_than
            old = [entry.name for entry in releases if entry.name not in spared and entry.built_at <= limit]
            for name in old:
                self._remove(name)
        return tuple(old)

    def _remove(self, name: str) -> None:
        """Delete a release; a crash leaves it whole or leaves a temporary folder to the next build."""
        temporary = self.folder / f".tmp-{uuid4().hex}"
        atomic.rename(self.folder / name, temporary)
        _delete(temporary)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Keep other writers out; waits for them."""
        from filelock import FileLock

        try:
            keep_closed(self.root)
            let_read(private_folder(self.folder), 0o750)
            with FileLock(self.folder / ".lock"):
                yield
        except OSError as error:
            raise ReleaseError(
                f"The releases in {self.folder} could not be changed: {error}. "
                "Mend the disk, or the folder's permissions, and try again."
            ) from error


def _seal(folder: Path) -> None:
    """Make a finished release read-only, open to whom the environment names alone, and flush it."""
    for path, mode in (*((file, 0o440) for file in folder.iterdir()), (folder, 0o550)):
        let_read(path, mode)
        atomic.sync(path)


def _delete(path: Path) -> None:
    """Delete a temporary folder or file, if it is there."""
    if path.is_dir():
        path.chmod(OWN_FOLDER)
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
