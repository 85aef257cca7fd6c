"""The code location: everything Dagster loads, put together from one profile.

What belongs here: which assets, jobs, schedules and sensors exist. Loading it stays light: no numpy, no DuckDB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster import (
    AssetCheckKey,
    AssetSelection,
    Definitions,
    JobDefinition,
    define_asset_job,
    definitions,
)

from recsys_assets.assets.keys import asset_key, name_of
from recsys_assets.assets.night_assets import all_assets
from recsys_assets.checks.asset_checks import declared_checks, key_of
from recsys_assets.checks.declared import load_checks
from recsys_assets.profile import Profile
from recsys_assets.profile_file import load_profile
from recsys_jobs.audit.asset import AUDIT, OP, SamplesAhead, audit_asset, audit_check_key
from recsys_jobs.automation import landing_sensor, nightly_schedule, trouble_sensor, weekly_audit
from recsys_jobs.executor import step_threads
from recsys_jobs.graph import made_from
from recsys_jobs.tuning.asset import GROUP, TUNE, tuning_asset, tuning_schedules
from recsys_jobs.warm_up import NO_PILOT_HAS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from recsys_assets.checks.declared import Check

NIGHTLY, LAND = "nightly", "land"


def build_definitions(profile: Profile | None = None) -> Definitions:
    """Definitions of one profile (default: the one ``RECSYS_PROFILE`` names).

    Raises
    ------
    ProfileError, SqlError, SourceError
        When a setting or a SQL file is wrong; the message names it.
    """
    profile = profile or load_profile()
    ahead, checks = SamplesAhead(profile), load_checks(profile)
    assets = all_assets(profile, ahead.begin)
    keys = {key: name_of(profile, key).partition(".")[0] for each in assets for key in each.keys}
    audited = [key for key, schema in keys.items() if schema not in {"raw", "releases", "tracking"}]
    raw, audits, tuning = (AssetSelection.groups(group) for group in ("raw", "audits", GROUP))
    nightly = AssetSelection.all() - raw - tuning - (audits if profile.audit == "off" else AssetSelection.assets())
    pilot = {key for key, schema in keys.items() if schema != "raw" and name_of(profile, key) not in NO_PILOT_HAS}
    raw_keys = [key for key, schema in keys.items() if schema == "raw"]
    tags = {"recsys/profile": profile.name}
    return Definitions(
        assets=[*assets, audit_asset(profile, sorted(audited), ahead), tuning_asset(profile)],
        asset_checks=declared_checks(profile, checks),
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
                description="Prove that a built night saw nothing that came after it: all of it. Three times its cost.",
                config={"ops": {OP: {"config": {"wholly": True}}}},
                tags=tags,
            ),
            # Without the tag: a night waits for no study.
            define_asset_job(TUNE, tuning, description="Look for better settings, for nights after the one it is of."),
        ],
        schedules=[
            nightly_schedule(profile, NIGHTLY, sorted(pilot), _pilot_checks(profile, checks)),
            weekly_audit(profile, AUDIT),
            *tuning_schedules(profile, TUNE),
        ],
        sensors=[landing_sensor(profile, LAND), trouble_sensor(profile, check_keys(profile, checks))],
        executor=step_threads(profile),
    )


def check_keys(profile: Profile, checks: Sequence[Check]) -> list[AssetCheckKey]:
    """Key of every check of the profile's nights: of the declared ones given, and of the audit's."""
    return [*(key_of(profile, check) for check in checks), audit_check_key(profile)]


def nightly_job(profile: Profile, names: Collection[str] | None = None) -> JobDefinition:
    """The job that builds a night of the profile.

    Parameters
    ----------
    names
        Assets (``schema.table``) that are to be made again, with all that is made from them; None: all of a night.
        What these are made from is checked again, too: a run may have ended before it was.
    """
    definitions = build_definitions(profile)
    job = definitions.resolve_job_def(NIGHTLY)
    if names is None:
        return job
    again, needed = made_from(profile, names)
    if profile.audit != "off":
        again.add("audits.future")  # It looks at all of them.
    assets, checked = ({asset_key(profile, name) for name in some} for some in (again, again | needed))
    checks = definitions.resolve_asset_graph().get_check_keys_for_assets(checked)
    return job.get_subset(asset_selection=assets, asset_check_selection=checks)


def pilot_of(profile: Profile, job: JobDefinition) -> JobDefinition:
    """The job of a night without what only a published one needs; see `recsys_jobs.warm_up`."""
    assets = {key for key in job.asset_layer.executable_asset_keys if name_of(profile, key) not in NO_PILOT_HAS}
    checks = _pilot_checks(profile, load_checks(profile))
    return job.get_subset(asset_selection=assets, asset_check_selection=set(checks))


def _pilot_checks(profile: Profile, checks: Sequence[Check]) -> list[AssetCheckKey]:
    return [check for check in check_keys(profile, checks) if name_of(profile, check.asset_key) not in NO_PILOT_HAS]


@definitions
def defs() -> Definitions:
    """Definitions of the profile that ``RECSYS_PROFILE`` names, made when Dagster asks."""
    return build_definitions()
