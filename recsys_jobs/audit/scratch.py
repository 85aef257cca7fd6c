"""Scratch deployments: a deployment's past in a folder of its own, where a night can be built without touching it.

What belongs here: which files a scratch deployment shares with the real one (hard links: lake and model files never
change), the files that pretend to be of a later night, and the copy of landing.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from filelock import FileLock

from recsys_assets.nights import ONE_DAY
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing, LandingError
from recsys_assets.storage.models import Models
from recsys_assets.storage.private import private_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

    Wanted = Callable[[str, Night], bool]

KNOWN = (
    *("checks", "code", "costs", "lake", "landing.duckdb", "landing.lock", "mlflow", "models"),
    *("recsys.duckdb", "releases", "tmp"),
)
"""What lies in a profile's folder and is shown, or not, by rules of its own."""


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


def link_nights(profile: Profile, scratch: Profile, wanted: Wanted) -> None:
    """Show a scratch deployment current partitions and models of other nights. O(nights x tables) links.

    Parameters
    ----------
    wanted
        Whether a table's partition or a model (``models.<name>``) of a night is to be seen.
    """
    lake, there = Lake(profile), Lake(scratch)
    for table in lake.tables():
        for partition in lake.partitions(table):
            if wanted(table, partition.night):
                link(partition.path, there.root / partition.path.relative_to(lake.root))
    models, models_there = Models(profile), Models(scratch)
    for model in models.all():
        if wanted(f"models.{model.algorithm}", model.night):
            for file in model.path.iterdir():
                link(file, models_there.root / file.relative_to(models.root))


def link_others(profile: Profile, scratch: Profile) -> None:
    """Show a scratch deployment the files in the profile's folder that are none of ours, whatever they are for."""
    for file in sorted(profile.folder.iterdir()):
        if file.name in KNOWN or file.name.startswith("."):
            continue
        for path in [file] if file.is_file() else sorted(file.rglob("*")):
            if path.is_file() and not path.is_symlink():
                target = scratch.folder / path.relative_to(profile.folder)
                private_folder(target.parent)
                shutil.copyfile(path, target)  # Whoever builds may write it.


def pretend_later(scratch: Profile, night: Night) -> None:
    """Let the newest partition before a night of each derived table, and the newest model, lie in a later night, too.

    A step that takes the newest there is takes these. The log's later nights are made of poison.
    """
    lake, models, later = Lake(scratch), Models(scratch), f"night={night + ONE_DAY}"
    for table in lake.tables():
        earlier = lake.partitions(table, night - ONE_DAY)
        if earlier and not table.startswith("clean."):
            link(earlier[-1].path, lake.folder(table, night + ONE_DAY) / earlier[-1].path.name)
    newest = {model.algorithm: model for model in models.all() if model.night < night}
    for model in newest.values():
        for file in model.path.iterdir():
            link(file, models.root / model.algorithm / later / model.path.name / file.name)


def link(file: Path, target: Path) -> None:
    """Show a file in another place, too; a copy where the file system has no hard links."""
    private_folder(target.parent)
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)
