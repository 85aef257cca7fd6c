"""A folder of files that changes as a whole: a link to the folder that the last export wrote.

Who opens a file through the link gets the newest one. Who wants several files of one export follows the link once; the
folder it led to stays until the export after the next.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from recsys_assets.storage import atomic
from recsys_assets.storage.export.base import ExportError
from recsys_assets.storage.private import let_read, private_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from recsys_assets.storage.export.base import Export, Place, Table


def write_folder(
    export: Export, place: Path, ending: str, write: Callable[[Export, Table, Path], None]
) -> tuple[Path, int]:
    """Write a file a table into a new folder, then point the link at it.

    Parameters
    ----------
    export
        The tables.
    place
        The link; made if it is not there.
    ending
        Of the files' names, without the dot.
    write
        Writes one table to a file.

    Returns
    -------
    tuple[Path, int]
        The link, and the bytes written.

    Raises
    ------
    ExportError
        When something else is at the link's place.
    OSError
        When the disk refuses; the link stays as it is.
    """
    from filelock import FileLock

    private_folder(place.parent)
    if place.exists() and not place.is_symlink():
        raise ExportError(
            f"{place} is there and was not made by an export, which makes a link: name another place with --into, or "
            "move it away."
        )
    ours = re.compile(rf"\.{re.escape(place.name)}-[0-9a-f]{{32}}")
    with FileLock(place.with_name(f".{place.name}.lock")):
        current = place.readlink().name if place.is_symlink() else None
        for entry in place.parent.iterdir():  # What a killed export left, and the one before the current.
            if ours.fullmatch(entry.name) and entry.name != current:
                shutil.rmtree(entry)
        folder = place.with_name(f".{place.name}-{uuid4().hex}")
        try:
            n_bytes = _fill(export, folder, ending, write)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        atomic.swap_symlink(place, Path(folder.name))
    return place, n_bytes


def _fill(export: Export, folder: Path, ending: str, write: Callable[[Export, Table, Path], None]) -> int:
    """Write the files and flush them; returns their bytes."""
    folder.mkdir()
    n_bytes = 0
    for table in export.tables:
        file = folder / f"{table.flat}.{ending}"
        write(export, table, file)
        let_read(file, 0o440)
        atomic.sync(file)
        n_bytes += file.stat().st_size
    let_read(folder, 0o750)
    atomic.sync(folder)
    return n_bytes


def own_place(place: Place, name: str) -> Path:
    """Where files of a kind lie: the place that was named, or one in the deployment's folder."""
    return Path(place.into).absolute() if place.into else place.folder / "exports" / name
