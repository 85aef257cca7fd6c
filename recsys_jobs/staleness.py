"""Which nights have to be built again: the one answer to whether a night is there as it would be made now.

What belongs here: holding a night's files against today's code, settings and inputs. Importing it loads Dagster,
which knows the code of each asset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.lake.provenance import provenance
from recsys_assets.storage.release.releases import Releases
from recsys_jobs.graph import code_versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

STAGES = ("clean", "features", "candidates", "grades", "recommendations")
"""Stages whose tables are looked at; a release is only missed where readers would see it."""


def unfinished_nights(profile: Profile, nights: Sequence[Night]) -> list[Night]:
    """Those of the nights that are not built; the newest built one, too, where it was not published or is gone.

    The run of such a one was cut short after its lists. Of an older night readers would miss nothing.
    """
    lake, released = Lake(profile), {release.night for release in Releases(profile.folder).list()}
    built = lake.built_nights()
    published = built[-1:] if built and lake.partition("releases.published", built[-1]) else []
    return [
        night
        for night in nights
        if night not in built or (night == built[-1] and not (night in released and night in published))
    ]


def nights_to_build(profile: Profile, nights: Sequence[Night]) -> list[Night]:
    """The nights, oldest first, from the first one on that is unfinished or not up to date.

    What a night writes, later ones may read; so those after it are built again, too.
    """
    lake, nights = Lake(profile), sorted(nights)
    unfinished = unfinished_nights(profile, nights)
    if not nights or nights[0] in unfinished:
        return nights  # The code of now, which takes a second to read, would change nothing.
    versions = {name: code for name, code in code_versions(profile).items() if name.partition(".")[0] in STAGES}
    for place, night in enumerate(nights):
        if night in unfinished or not _is_up_to_date(lake, night, versions):
            return nights[place:]
    return []


def _is_up_to_date(lake: Lake, night: Night, versions: Mapping[str, str | None]) -> bool:
    """Whether every table of a night is there, made by the settings and SQL of now from the partitions of now.

    Each table's file names what it was made from. The pooled grades rest on all nights up to it: a night that was
    built between others since is missing there. The settings are a table of their own, so other ones are another file.
    """
    for table, version in versions.items():
        partition = lake.partition(table, night)
        if partition is None:
            return False
        about = provenance(partition.path)
        if version and about.code_version and version != about.code_version:
            return False
        for name, days in about.inputs.items():
            for day, fingerprint in days.items():
                current = lake.partition(name, day)
                if current is None or current.fingerprint != fingerprint:
                    return False
        if table == "recommendations.settings" and about.profile != lake.profile.fingerprint:
            return False
        if table == "grades.pooled" and len(about.inputs["grades.summary"]) < len(
            lake.partitions("grades.summary", night)
        ):
            return False
    return True
