"""Pilots: nights built before the first that is published, so that nobody's first lists are made blind.

What belongs here: which nights those are. A pilot is a night without a release: its lists are graded, and learned from,
by the nights after it, and no reader ever sees them. A job leaves them out by `definitions.pilot_of`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from recsys_assets.storage.lake.partitions import Partitions
from recsys_assets.storage.release.releases import Releases

if TYPE_CHECKING:
    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

NO_PILOT_HAS = frozenset({"releases.published", "tracking.mlflow", "audits.future", "recommendations.sentences"})
"""Assets that only a published night needs: what readers see, the proof before it, what MLflow is told, and sentences
that a model is paid for."""


def pilots_before(profile: Profile, night: Night) -> list[Night]:
    """The nights to build before a night, oldest first: none once anything was published.

    They lie one horizon apart, so that each grades the one before it and the night grades the last. There are
    ``warm_up`` of them at most, fewer where the profile's first night comes first; those that are built are left out.
    """
    if Releases(profile.folder).list():
        return []
    apart = timedelta(days=profile.horizon)
    earlier = [night - n * apart for n in range(profile.warm_up, 0, -1)]
    built = set(Partitions(profile).built_nights())
    return [pilot for pilot in earlier if pilot >= profile.first_night and pilot not in built]
