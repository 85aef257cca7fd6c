"""Replay: delivered history handed over day by day, as it would have come, some of it late or twice.

What belongs here: which file arrives when. `recsys replay` puts each into the inbox, lands it with that moment of
arrival and builds the nights as they close.
"""

from __future__ import annotations

import random
import re
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from recsys_assets.nights import ONE_DAY, close, nights_between
from recsys_assets.profile import PROJECT, ProfileError
from recsys_assets.storage.private import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

MAX_DAYS_LATE = 9
_DAY_IN_NAME = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")


@dataclass(frozen=True, order=True)
class Arrival:
    """One file on its way."""

    night: Night
    """First night that sees it: it arrives between that night's cutoff and its close."""
    path: Path
    """The file as delivered."""
    days_late: int = 0
    """Days after its own; 0: on time."""
    again: bool = False
    """Whether it came before, with the same content."""


def day_files(files: Iterable[Path]) -> dict[Path, date]:
    """Files by the day in their names (``2011-03-09``, ``20110309``), in order of days; others are left out."""
    days = {}
    for file in files:
        if day := _DAY_IN_NAME.search(file.name):
            try:
                days[file] = date(*map(int, day.groups()))
            except ValueError:
                continue
    return dict(sorted(days.items(), key=lambda item: (item[1], item[0].name)))


def arrivals(
    days: dict[Path, date], first: Night, last: Night, late_share: float = 0.0, twice_share: float = 0.0, seed: int = 0
) -> list[Arrival]:
    """When each file of ``first`` to ``last`` (both included) arrives, in order of arrival.

    Parameters
    ----------
    late_share, twice_share
        Share of the files, drawn with ``seed``, that come late by one to nine days, and that come again a day later.
    """
    chance, coming = random.Random(seed), []  # noqa: S311, no secret hangs on it
    mine = [(path, day) for path, day in days.items() if first <= day <= last]
    late = set(chance.sample(range(len(mine)), round(late_share * len(mine))))
    twice = set(chance.sample(range(len(mine)), round(twice_share * len(mine))))
    for place, (path, day) in enumerate(mine):
        n_days = chance.randint(1, MAX_DAYS_LATE) if place in late else 0
        night = day + timedelta(days=n_days)
        coming.append(Arrival(night, path, n_days))
        if place in twice:
            coming.append(Arrival(night + ONE_DAY, path, n_days, again=True))
    return sorted(coming)


def moment(profile: Profile, night: Night) -> datetime:
    """UTC instant at which files that ``night`` is the first to see arrive: half-way from its cutoff to its close."""
    return close(night, profile.grace) - max(profile.grace / 2, timedelta(microseconds=1))


def hand_over(path: Path, inbox: Path) -> Path:
    """Copy a file into the inbox as a careful sender does: under a name that is not looked at, then renamed."""
    private_folder(inbox)
    shutil.copyfile(path, part := inbox / f"{path.name}.part")
    return part.rename(inbox / path.name)


def plan(profile: Profile, folder: Path, first: Night, n_days: int) -> tuple[list[Path], dict[Path, date], list[Night]]:
    """What a replay of ``n_days`` from ``first`` on needs: files of history, day files to come, and nights to build.

    Raises
    ------
    ProfileError
        When the folder has no day files, or none of those days.
    """
    patterns = [delivery.files for delivery in profile.deliveries]
    files = sorted(
        path for path in folder.iterdir() if path.is_file() and any(fnmatch(path.name, each) for each in patterns)
    )
    days = day_files(files)
    last = first + timedelta(days=n_days - 1)
    if profile.last_night is not None:
        last = min(last, profile.last_night)
    if not [day for day in days.values() if first <= day <= last]:
        raise ProfileError(
            f"{folder} holds no file of a day from {first} to {last}. A replay wants one file a day, with the day in "
            "its name (sales-2025-03-07.csv); name the folder with --files."
        )
    history = [file for file in files if file not in days or days[file] < first]
    return history, days, nights_between(first, last)


def folder_of(profile: Profile) -> Path:
    """Folder of the profile's delivered history.

    Raises
    ------
    ProfileError
        When the profile names none.
    """
    for delivery in profile.deliveries:
        if delivery.folder and not delivery.folder.startswith("package:"):
            return PROJECT / Path(delivery.folder).expanduser()
    raise ProfileError(f"Profile {profile.name} names no folder of delivered files. Name one with --files FOLDER.")


def missed(days: dict[Path, date], first: Night, landed: set[str]) -> list[Arrival]:
    """Files of days before ``first`` that never landed (an earlier replay ended before they came): they come now."""
    return [
        Arrival(first, path, (first - day).days)
        for path, day in days.items()
        if day < first and path.name not in landed
    ]
