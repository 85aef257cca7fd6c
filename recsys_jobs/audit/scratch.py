"""Scratch deployments: a deployment's past in a folder of its own, where a night can be built without touching it.

What belongs here: which files a scratch deployment shares with the real one (hard links: lake and model files never
change), and the copy of landing.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from filelock import FileLock

from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing, LandingError
from recsys_assets.storage.models import Models
from recsys_assets.storage.private import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile


@contextmanager
def scratch_folder(profile: Profile) -> Iterator[Path]:
    """An empty folder beside the profile's own, gone afterwards; what a crash left there goes first. One at a time."""
    home = profile.folder / "tmp" / "scratch"
    private_folder(home)
    with FileLock(home / ".lock"):
        for left_over in home.iterdir():
            if left_over.is_dir():
                shutil.rmtree(left_over)
        folder = home / uuid4().hex[:8]
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def copy_landing(profile: Profile, target: Path) -> None:
    """Copy a deployment's landing database while nobody writes it.

    Raises
    ------
    LandingError
        When nothing has landed yet.
    """
    landing = Landing(profile)
    if not landing.path.exists():
        raise LandingError(f"Nothing has landed in profile {profile.name} yet. Run `recsys land --history`.")
    with landing.open():  # Opening it works a log that a crash left into the file.
        pass
    with FileLock(landing.path.with_suffix(".lock")):
        shutil.copyfile(landing.path, target)


def link_nights(profile: Profile, scratch: Profile, night: Night, *, later: bool) -> None:
    """Show a scratch deployment the current partitions and models of earlier nights. O(nights x tables) links.

    Parameters
    ----------
    later
        Show those of the nights after ``night``, too.
    """

    def wanted(other: Night) -> bool:
        return other < night or (later and other > night)

    lake, there = Lake(profile), Lake(scratch)
    for table in lake.tables():
        for partition in lake.partitions(table):
            if wanted(partition.night):
                _link(partition.path, there.root / partition.path.relative_to(lake.root))
    models, models_there = Models(profile), Models(scratch)
    for model in models.all():
        if wanted(model.night):
            for file in model.path.iterdir():
                _link(file, models_there.root / file.relative_to(models.root))


def _link(file: Path, target: Path) -> None:
    private_folder(target.parent)
    try:
        os.link(file, target)
    except OSError:  # This file system has no hard links.
        shutil.copyfile(file, target)
