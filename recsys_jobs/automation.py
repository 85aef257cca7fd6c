"""Schedules and sensors: when things run by themselves."""

import json
import logging
import time
from collections.abc import Iterator, Sequence  # Dagster resolves annotations when it loads.
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any

from dagster import (
    AssetCheckKey,
    AssetKey,
    DagsterInstance,
    DefaultScheduleStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SensorDefinition,
    SensorEvaluationContext,
    SkipReason,
    schedule,
    sensor,
)

from recsys_assets.assets.raw import delivery_of, inbox, is_unfinished
from recsys_assets.nights import last_closed
from recsys_assets.profile import Profile, ProfileError
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.opening import readable
from recsys_jobs.messages import NotTold, channels
from recsys_jobs.troubles import Trouble, find_troubles
from recsys_jobs.warm_up import pilots_before

SETTLED_SECONDS = 5.0
SENSOR_SECONDS = 30
TROUBLE_SECONDS = 60
MAX_ATTEMPTS = 3
RUN_KEY_TAG = "dagster/run_key"
"""Tag of a run that holds the key of the request it was started by."""


def nightly_schedule(
    profile: Profile, job: str, pilot_assets: Sequence[AssetKey], pilot_checks: Sequence[AssetCheckKey]
) -> ScheduleDefinition:
    """Run a job for each night at its close, UTC; a profile with a last night is history and is skipped.

    Before the first night that is published come its pilots (`recsys_jobs.warm_up`); the queue takes one night of a
    profile at a time, in the order in which they were asked for.

    Parameters
    ----------
    job
        Name of the job that builds a night.
    pilot_assets, pilot_checks
        What a run of it makes for a pilot.
    """
    hours, minutes = divmod(round(profile.grace_hours * 60), 60)

    @schedule(
        name="nightly_at_close",
        cron_schedule=f"{minutes} {hours % 24} * * *",
        job_name=job,
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING,
        description="Builds each night as it closes.",
    )
    def nightly_at_close(context: ScheduleEvaluationContext) -> list[RunRequest] | SkipReason:
        night = last_closed(context.scheduled_execution_time.replace(tzinfo=None), profile.grace)
        if profile.last_night is not None and night > profile.last_night:
            return SkipReason(
                f"Profile {profile.name} is history: its last night is {profile.last_night}. Build its nights with a "
                "backfill of the job, or recsys night."
            )
        if night < profile.first_night:
            return SkipReason(f"Night {night} lies before the profile's first night, {profile.first_night}.")
        pilots = [
            RunRequest(
                run_key=f"warm-up {pilot}",
                partition_key=pilot.isoformat(),
                asset_selection=list(pilot_assets),
                asset_check_keys=list(pilot_checks),
            )
            for pilot in pilots_before(profile, night)
        ]
        return [*pilots, RunRequest(run_key=night.isoformat(), partition_key=night.isoformat())]

    return nightly_at_close


def weekly_audit(profile: Profile, job: str) -> ScheduleDefinition:
    """Run a job once a week for the newest built night; a profile with a last night is history and is skipped.

    Parameters
    ----------
    job
        Name of the job that audits a night wholly.
    """

    @schedule(
        name="weekly_audit",
        cron_schedule="0 12 * * 0",
        job_name=job,
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING,
        description="Audits the newest night wholly on Sundays at noon, UTC: every user, and what the lake holds.",
    )
    def weekly(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        if profile.last_night is not None:
            return SkipReason(f"Profile {profile.name} is history. Audit a night with recsys audit future.")
        built = Lake(profile).built_nights()
        if not built:
            return SkipReason(f"No night of profile {profile.name} is built yet.")
        return RunRequest(run_key=f"audit {built[-1]}", partition_key=built[-1].isoformat())

    return weekly


def landing_sensor(profile: Profile, job: str) -> SensorDefinition:
    """Land files put into the inbox: each new or changed file once it has stopped growing, again if its run fails.

    Parameters
    ----------
    job
        Name of the job that lands files.

    Notes
    -----
    The cursor holds, by file name: the version asked for, how often, the run key until that run ends, and whether it
    failed.
    """

    @sensor(
        name="landing_inbox",
        job_name=job,
        minimum_interval_seconds=SENSOR_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description=f"Watches {inbox(profile).name}/ in the profile's data folder; the ledger lands a file once.",
    )
    def landing_inbox(context: SensorEvaluationContext) -> Iterator[RunRequest | SkipReason]:
        files, unknown, no_files = _settled(profile)
        cursor = json.loads(context.cursor or "{}")
        asked = {
            f.name: cursor[f.name] for f, version in files.items() if cursor.get(f.name, {}).get("version") == version
        }
        _note_ends(context.instance, asked)
        given_up = [name for name, entry in asked.items() if entry["failed"] and entry["attempt"] >= MAX_ATTEMPTS]
        new = [f for f in files if f.name not in asked or (asked[f.name]["failed"] and f.name not in given_up)]
        wanted = {
            f.name: {"version": files[f], "attempt": asked.get(f.name, {"attempt": 0})["attempt"] + 1} for f in new
        }
        key = json.dumps(wanted, sort_keys=True)
        asked |= {name: entry | {"run": key, "failed": False} for name, entry in wanted.items()}
        context.update_cursor(json.dumps(asked, sort_keys=True))
        if new:
            config = {"ops": {"landing": {"config": {"files": [str(file) for file in new]}}}}
            yield RunRequest(run_key=key, run_config=config)
            return
        note = f"; no delivery matches {', '.join(unknown)}" if unknown else ""
        note += f"; left alone as links, pipes or devices: {', '.join(no_files)}" if no_files else ""
        if given_up:
            note += (
                f"; {MAX_ATTEMPTS} runs failed that were to land {', '.join(given_up)}: see them, then touch the file"
            )
        yield SkipReason(f"No new file in {inbox(profile)}{note}.")

    return landing_inbox


def trouble_sensor(profile: Profile, checks: Sequence[AssetCheckKey]) -> SensorDefinition:
    """Tell people of each trouble once: in the log, and in the ways that the environment names (Slack, mail).

    Notes
    -----
    The cursor holds, by trouble, the ways it was told in. One that is well again is forgotten, so it is told anew when
    it comes back; a way that fails is tried again at the next look, without repeating the others.
    """

    @sensor(
        name="troubles",
        minimum_interval_seconds=TROUBLE_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description="Tells of failed runs, failed checks and late releases, once each: log, Slack, mail.",
    )
    def troubles(context: SensorEvaluationContext) -> SkipReason:
        found = find_troubles(profile, context.instance, checks)
        before: dict[str, list[str]] = json.loads(context.cursor or "{}")
        told = {trouble.key: _tell(profile, trouble, before.get(trouble.key, []), context.log) for trouble in found}
        for key in before.keys() - told.keys():
            context.log.info(f"Well again: {key}")
        context.update_cursor(json.dumps(told, sort_keys=True))
        return SkipReason(f"{len(found)} trouble(s), {len(told.keys() - before.keys())} of them new.")

    return troubles


def _tell(profile: Profile, trouble: Trouble, told: list[str], log: logging.Logger) -> list[str]:
    """Tell of a trouble in every way it was not told in yet; the ways it is told in now."""
    told, kind = list(told), "error" if trouble.is_error else "warning"
    text = f"{trouble.sentence}\n{trouble.next_step}"
    if not told:
        for where in (log, logging.getLogger(__name__)):  # The tick's page, and what the service writes out.
            where.log(logging.ERROR if trouble.is_error else logging.WARNING, f"{profile.name}: {text}")
        told.append("log")
    for name, send in channels().items():
        if name not in told:
            try:
                send(f"recsys {profile.name}: {kind}", text)
            except NotTold as error:
                log.warning(f"{name} was not told, and is at the next look: {error}")
            else:
                told.append(name)
    return told


def _note_ends(instance: DagsterInstance, asked: dict[str, dict[str, Any]]) -> None:
    """Note on the files asked for which of their runs have ended, and how."""
    ends = {}
    for key in {entry["run"] for entry in asked.values() if entry["run"]}:
        runs = instance.get_runs(RunsFilter(tags={RUN_KEY_TAG: key}), limit=1)
        if runs and runs[0].is_finished:
            ends[key] = runs[0].is_success
    for entry in asked.values():
        if entry["run"] in ends:
            entry["failed"], entry["run"] = not ends[entry["run"]], None


def _settled(profile: Profile) -> tuple[dict[Path, str], list[str], list[str]]:
    """Files of the inbox that have not changed for a while, by version; names that match no delivery; what is no file.

    A link is none: what it leads to may be any file of this machine.
    """
    settled, unknown, no_files = {}, [], []
    folder = inbox(profile)
    for file in sorted(folder.iterdir()) if folder.is_dir() else []:
        found = file.lstat()
        if S_ISDIR(found.st_mode) or is_unfinished(file):
            continue
        try:
            delivery_of(profile, file)
        except ProfileError:
            unknown.append(readable(file).name)
            continue
        if not S_ISREG(found.st_mode):
            no_files.append(readable(file).name)
        elif time.time() - found.st_mtime >= SETTLED_SECONDS:
            settled[file] = f"{found.st_size}-{found.st_mtime_ns}"
    return settled, unknown, no_files
