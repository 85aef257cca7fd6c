"""The code location: everything Dagster loads, put together from one profile.

What belongs here: which assets, jobs, schedules and sensors exist. Loading it stays light: no numpy, no DuckDB.
"""

from __future__ import annotations

from dagster import (
    AssetSelection,
    Definitions,
    JobDefinition,
    define_asset_job,
    definitions,
    in_process_executor,
)

from recsys_assets.assets.night_assets import all_assets
from recsys_assets.checks.asset_checks import declared_checks
from recsys_assets.profile import Profile, load_profile
from recsys_jobs.audit.asset import AUDIT, audit_asset
from recsys_jobs.automation import landing_sensor, nightly_schedule

NIGHTLY, LAND = "nightly", "land"


def build_definitions(profile: Profile | None = None) -> Definitions:
    """Definitions of one profile (default: the one ``RECSYS_PROFILE`` names).

    Raises
    ------
    ProfileError, SqlError, SourceError
        When a setting or a SQL file is wrong; the message names it.
    """
    profile = profile or load_profile()
    assets = all_assets(profile)
    audited = [key for each in assets for key in each.keys if key.path[0] not in {"raw", "releases", "tracking"}]
    raw, audits = AssetSelection.groups("raw"), AssetSelection.groups("audits")
    nightly = AssetSelection.all() - raw if profile.audit else AssetSelection.all() - raw - audits
    raw_keys = [key for each in assets for key in each.keys if key.path[0] == "raw"]
    tags = {"recsys/profile": profile.name}
    return Definitions(
        assets=[*assets, audit_asset(profile, sorted(audited))],
        asset_checks=declared_checks(profile),
        jobs=[
            define_asset_job(
                LAND, raw, description="Take delivered files in: each wholly, once, or not at all.", tags=tags
            ),
            define_asset_job(
                NIGHTLY,
                nightly | AssetSelection.checks_for_assets(*raw_keys),
                description="Build one night, from the clean log to the release. A backfill of this job is a backtest.",
                tags=tags,
            ),
            define_asset_job(
                AUDIT,
                audits,
                description="Prove that a built night saw nothing that came after it. Three times its cost.",
            ),
        ],
        schedules=[nightly_schedule(profile, NIGHTLY)],
        sensors=[landing_sensor(profile, LAND)],
        executor=in_process_executor,
    )


def nightly_job(profile: Profile) -> JobDefinition:
    """The job that builds a night of the profile."""
    return build_definitions(profile).resolve_job_def(NIGHTLY)


@definitions
def defs() -> Definitions:
    """Definitions of the profile that ``RECSYS_PROFILE`` names, made when Dagster asks."""
    return build_definitions()
