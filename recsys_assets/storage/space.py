"""Whether a deployment's disk can be written and has room: asked before work begins, where it can be known.

What belongs here: how much a night takes, by what the newest one took, and the sentence where that does not fit. What a
disk says in the middle of the work becomes a sentence in `recsys_assets.errors`.
"""

from __future__ import annotations

import shutil
import tempfile
from typing import TYPE_CHECKING

from recsys_assets.errors import DiskError, disk_error
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.release.releases import Releases

if TYPE_CHECKING:
    from pathlib import Path

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

SLACK = 1.2
"""How much more than the newest night the next one may take."""


def check_room_for_nights(profile: Profile, n_nights: int = 1) -> None:
    """Refuse nights that would not fit on the disk, going by the newest built one; the first cannot be foretold.

    Raises
    ------
    DiskError
        When they do not fit, or the deployment's folder cannot be written.
    """
    built = Lake(profile).built_nights()
    taken = bytes_of(profile, built[-1]) if built else 0
    nights = "a night" if n_nights == 1 else f"{n_nights} nights"
    check_room(profile.folder, int(SLACK * taken * n_nights), f"{nights} like that of {built[-1]}" if built else nights)


def bytes_of(profile: Profile, night: Night) -> int:
    """Bytes of a night's partitions, models and release as they lie on the disk; of several writes the last counts."""
    folders = [*profile.folder.glob(f"lake/*/*/night={night}"), *profile.folder.glob(f"models/*/night={night}")]
    current = [max(written) for folder in folders if (written := [p for p in folder.iterdir() if p.name[0] != "."])]
    files = [file for path in current for file in ([path] if path.is_file() else path.rglob("*"))]
    releases = [release.bytes for release in Releases(profile.folder).list() if release.night == night]
    return sum(file.stat().st_size for file in files if file.is_file()) + max(releases, default=0)


def check_room(folder: Path, needed: int, what: str) -> None:
    """Refuse work for which a folder has no room, or which cannot be written there.

    Parameters
    ----------
    needed
        Bytes.
    what
        What needs them, for people.

    Raises
    ------
    DiskError
        When there are not so many, or nothing can be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as tried:
            tried.write(b"0")
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise disk_error(error) or DiskError(
            f"{folder} cannot be written: {error}. Choose another place with RECSYS_DATA."
        ) from error
    if free < needed:
        sizes = f"{needed / 1e6:,.1f} MB are needed, {free / 1e6:,.1f} MB are free"
        raise DiskError(
            f"There is no room for {what} in {folder}: {sizes}. "
            "Free some space (`recsys prune` deletes what is superseded), or move the data folder to a larger disk and "
            "say so with RECSYS_DATA; then run the same command again."
        )
