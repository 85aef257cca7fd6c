"""How a deployment stands: its nights, what readers see, what could not land, when the next night is due, and disk.

What Dagster knows besides, runs and the results of checks, is in `recsys_jobs.troubles`.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from recsys_assets.nights import ONE_DAY, close, last_closed, utc_now
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing
from recsys_assets.storage.release.releases import Releases
from recsys_assets.storage.space import bytes_of

if TYPE_CHECKING:
    from datetime import datetime

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.storage.release.releases import ReleaseInfo

QUARANTINED_DAYS = 7
"""Days that a file in quarantine is spoken of."""
N_NIGHTS_OF_SPACE = 3
"""Nights that must fit on the disk; where fewer do, it is low."""


@dataclass(frozen=True)
class Quarantined:
    """A file that could not be read at all, and has not come again since."""

    name: str
    arrived_at: datetime
    reason: str


@dataclass(frozen=True)
class Status:
    """How a deployment stands at a moment."""

    now: datetime
    """UTC."""
    n_nights: int
    """Nights that are built."""
    first_built: Night | None
    last_built: Night | None
    published: ReleaseInfo | None
    """What readers see."""
    late: Night | None
    """Night that should have been published by now and is not; None where none is late."""
    next_night: Night | None
    """Night that closes next; None where the profile is history."""
    next_close: datetime | None
    """When it closes and is built, UTC."""
    quarantined: list[Quarantined]
    """Of the last `QUARANTINED_DAYS` days, oldest first."""
    bytes_used: int
    """Everything in the deployment's folder."""
    bytes_of_night: int
    """What the newest built night takes: tables, models and release."""
    bytes_free: int
    """Left on the disk."""

    @property
    def is_disk_low(self) -> bool:
        """Whether fewer than `N_NIGHTS_OF_SPACE` more nights fit."""
        return self.bytes_free < N_NIGHTS_OF_SPACE * self.bytes_of_night


def status(profile: Profile, now: datetime | None = None) -> Status:
    """How a deployment stands ``now`` (UTC; default: at this moment). Waits for whoever has landing open."""
    now = now or utc_now()
    built, published = Lake(profile).built_nights(), Releases(profile.folder).current()
    upcoming = max(last_closed(now, profile.grace) + ONE_DAY, profile.first_night)
    is_history = profile.last_night is not None and upcoming > profile.last_night
    return Status(
        now=now,
        n_nights=len(built),
        first_built=built[0] if built else None,
        last_built=built[-1] if built else None,
        published=published,
        late=late_night(profile, now),
        next_night=None if is_history else upcoming,
        next_close=None if is_history else close(upcoming, profile.grace),
        quarantined=_quarantined(profile, now),
        bytes_used=sum(p.lstat().st_size for p in profile.folder.rglob("*") if not p.is_dir()),
        bytes_of_night=bytes_of(profile, built[-1]) if built else 0,
        bytes_free=shutil.disk_usage(next(p for p in (profile.folder, *profile.folder.parents) if p.exists())).free,
    )


def late_night(profile: Profile, now: datetime) -> Night | None:
    """Night that should be published by ``now`` (UTC), ``late_after_hours`` past its close, where it is not.

    Nothing is late in a profile with a last night, which is history, nor before the first night is built.
    """
    due = last_closed(now - timedelta(hours=profile.late_after_hours), profile.grace)
    if profile.last_night is not None or due < profile.first_night or not Landing(profile).path.exists():
        return None
    published = Releases(profile.folder).current()
    return due if published is None or published.night < due else None


def _quarantined(profile: Profile, now: datetime) -> list[Quarantined]:
    landing = Landing(profile)
    if not landing.path.exists():
        return []
    waiting: dict[str, Quarantined] = {}
    for row in landing.files().to_pylist():  # In order of landing.
        waiting.pop(row["name"], None)
        if row["status"] == "quarantined":
            waiting[row["name"]] = Quarantined(row["name"], row["arrived_at"], row["message"])
    since = now - timedelta(days=QUARANTINED_DAYS)
    return [file for file in waiting.values() if file.arrived_at.replace(tzinfo=None) >= since]
