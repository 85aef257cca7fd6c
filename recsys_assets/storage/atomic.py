"""Writes that are there wholly or not at all, also after a power cut.

A rename is atomic, but lasts only once the folder that holds the name is flushed: these functions flush it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["rename", "swap_symlink", "sync"]


def sync(path: Path) -> None:
    """Flush a file's bytes, or a folder's names, to the disk.

    Parameters
    ----------
    path : Path
        A file or a folder; a symlink is followed.

    Raises
    ------
    OSError
        If the path is missing or the disk refuses.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename(source: Path, target: Path) -> None:
    """Rename a finished file or folder to its final name, for good.

    What is inside must be flushed before (`sync`), else a power cut may leave the name without the bytes.
    A file at `target` is replaced; a folder there is replaced only if it is empty.

    Parameters
    ----------
    source, target : Path
        Names on the same file system.

    Raises
    ------
    OSError
        If `source` is missing, or `target` is a folder with something in it.
    """
    source.replace(target)
    sync(target.parent)
    if source.parent != target.parent:
        sync(source.parent)


def swap_symlink(link: Path, target: Path) -> None:
    """Point a symlink at `target`, so that a reader finds the old target or the new one, never none.

    One caller at a time: hold a lock.

    Parameters
    ----------
    link : Path
        The symlink; made if it does not exist. A file at its place is replaced.
    target : Path
        What it points at; relative to the folder of `link`, so that the whole tree can be moved.

    Raises
    ------
    OSError
        If `link` is a folder, or its folder is missing.
    """
    temporary = link.with_name(f".{link.name}.tmp")
    temporary.unlink(missing_ok=True)  # A killed process may have left one.
    temporary.symlink_to(target)
    rename(temporary, link)
