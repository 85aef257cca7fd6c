"""The code location: everything Dagster loads, put together from one profile.

What belongs here: which assets, jobs, schedules and sensors exist. Loading it stays light: no numpy, no DuckDB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster import AssetKey, AssetSelection, Definitions, define_asset_job, definitions, in_process_executor

from recsys_assets.assets.night_assets import all_assets
from recsys_assets.checks.asset_checks import declared_checks
from recsys_assets.profile import Profile, load_profile
from recsys_jobs.audit.asset import AUDITS, audit_asset, audit_job
from recsys_jobs.automation import landing_sensor, nightly_schedule

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

__all__ = ["all_assets", "build_definitions", "defs"]

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
    land, nightly = _jobs(profile, [key for each in assets for key in each.keys if key.path[0] == "raw"])
    audited = [key for each in assets for key in each.keys if key.path[0] not in {"raw", "releases", "tracking"}]
    return Definitions(
        assets=[*assets, audit_asset(profile, sorted(audited))],
        asset_checks=declared_checks(profile),
        jobs=[land, nightly, audit_job()],
        schedules=[nightly_schedule(profile, nightly)],
        sensors=[landing_sensor(profile, land)],
        executor=in_process_executor,
    )


def _jobs(
    profile: Profile, raw_keys: list[AssetKey]
) -> tuple[UnresolvedAssetJobDefinition, UnresolvedAssetJobDefinition]:
    tags = {"recsys/profile": profile.name}
    raw = AssetSelection.groups("raw")
    land = define_asset_job(
        LAND, raw, description="Take delivered files in: each wholly, once, or not at all.", tags=tags
    )
    tables = AssetSelection.all() - raw
    nightly = define_asset_job(
        NIGHTLY,
        (tables if profile.audit else tables - AUDITS) | AssetSelection.checks_for_assets(*raw_keys),
        description="Build one night, from the clean log to the release. A backfill of this job is a backtest.",
        tags=tags,
    )
    return land, nightly


@definitions
def defs() -> Definitions:
    """Definitions of the profile that ``RECSYS_PROFILE`` names, made when Dagster asks."""
    return build_definitions()
