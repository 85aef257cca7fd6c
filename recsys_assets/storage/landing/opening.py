"""Opening a delivered file: a regular file, itself and no link, and once.

What belongs here: what may be read at all. The inbox is open to others, so what lies there may be a link to a file of
this machine, a pipe that nobody writes to or a device without an end. A file is looked at after it was opened and is
read through what was opened, so that nothing can be put in its place meanwhile.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from recsys_assets.storage.landing.ledger import LandingError

if TYPE_CHECKING:
    from collections.abc import Iterator

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe (FIFO)",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True)
class OpenFile:
    """A delivered file that is open."""

    path: Path
    """Where it was, as people can read it; see `readable`."""
    content: Path
    """Path under which this process reads what was opened, whatever lies at the file's own path by now."""
    size: int
    """Bytes, when it was opened."""


@contextmanager
def opened(path: Path) -> Iterator[OpenFile]:
    """A delivered file, open for as long as the block runs.

    Raises
    ------
    LandingError
        When it cannot be opened, or is a link, a folder, a pipe, a socket or a device.
    """
    shown = readable(path)
    try:
        # To open a device may already do something, and without O_NONBLOCK a pipe would be waited for.
        _refuse_what_is_no_file(shown, path.lstat().st_mode)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise LandingError(f"{shown}: cannot be read ({error.strerror}); land it again when it can be.") from error
    try:
        found = os.fstat(descriptor)
        _refuse_what_is_no_file(shown, found.st_mode)  # Something else may have been put there meanwhile.
        yield OpenFile(shown, Path(f"/dev/fd/{descriptor}"), found.st_size)
    finally:
        os.close(descriptor)


def _refuse_what_is_no_file(shown: Path, mode: int) -> None:
    if stat.S_ISLNK(mode):
        raise LandingError(
            f"{shown}: is a link, and what it leads to may be anything; put the file itself in its place."
        )
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise LandingError(f"{shown}: is {kind}, and only files land; put a file in its place or take it away.")


def readable(path: Path) -> Path:
    r"""A path that can be printed and stored: bytes of it that are no UTF-8 are written ``\xNN``."""
    return Path(os.fsencode(path).decode(errors="backslashreplace"))
