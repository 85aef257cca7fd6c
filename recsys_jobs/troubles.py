"""Troubles: what is wrong with a deployment now, each as a sentence and a next step.

What belongs here: finding them in Dagster's history and in what readers see. `recsys status` prints them and the sensor
`troubles` (`recsys_jobs.automation`) tells people. A trouble is a state, not an event: it is there until it is well
again, so whoever asks twice hears of the same one by the same key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from recsys_assets.reports.status import N_NIGHTS_OF_SPACE, status
from recsys_jobs.dagster_internals import latest_results
from recsys_jobs.run import CHECK_FAILED, failure_of_step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dagster import AssetCheckKey, DagsterInstance, RunRecord

    from recsys_assets.profile import Profile
    from recsys_assets.reports.status import Status

RUNS_DAYS, MAX_RUNS = 14, 500
"""How far back runs are looked at: days, and runs at most."""
PROFILE_TAG, NIGHT_TAG, RETRY_TAG = "recsys/profile", "dagster/partition", "dagster/will_retry"


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong."""

    key: str
    """What it is the same trouble by, from one look to the next."""
    is_error: bool
    """Whether a night or its release is missing, rather than odd."""
    sentence: str
    next_step: str


@dataclass(frozen=True)
class LastRun:
    """The newest run of a deployment."""

    run_id: str
    job: str
    night: str
    """Empty for a run without one, such as landing."""
    status: str
    """Dagster's word, in lower case: success, failure, started, queued, canceled."""
    began_at: datetime
    """UTC."""


def find_troubles(
    profile: Profile, instance: DagsterInstance, checks: Sequence[AssetCheckKey], found: Status | None = None
) -> list[Trouble]:
    """What is wrong now: failed runs, checks that failed when they last ran, a late release, a disk that is low.

    Parameters
    ----------
    checks
        Those of the profile's definitions.
    found
        The status, where it is known already.
    """
    found = found or status(profile)
    return [*_of_runs(profile, instance), *_of_checks(instance, checks), *_of_status(profile, found)]


def last_run(profile: Profile, instance: DagsterInstance) -> LastRun | None:
    """The newest run of the profile's jobs; None before the first."""
    for record in _runs(profile, instance, limit=1):
        run = record.dagster_run
        began = datetime.fromtimestamp(record.start_time or record.create_timestamp.timestamp(), UTC)
        night = run.tags.get(NIGHT_TAG, "")
        return LastRun(run.run_id, run.job_name, night, run.status.value.lower(), began.replace(tzinfo=None))
    return None


def _runs(profile: Profile, instance: DagsterInstance, limit: int) -> Sequence[RunRecord]:
    from dagster import RunsFilter

    since = datetime.now(UTC) - timedelta(days=RUNS_DAYS)
    wanted = RunsFilter(tags={PROFILE_TAG: profile.name}, created_after=since)
    return instance.get_run_records(wanted, limit=limit)


def _of_runs(profile: Profile, instance: DagsterInstance) -> Iterator[Trouble]:
    """Of each job and night the newest run that ended, where it failed and is not tried again.

    One that a check stopped is left out: the check speaks for itself.
    """
    newest: set[tuple[str, str]] = set()
    for record in _runs(profile, instance, MAX_RUNS):
        run = record.dagster_run
        what = run.job_name, run.tags.get(NIGHT_TAG, "")
        if what in newest or run.status.value not in {"SUCCESS", "FAILURE"}:
            continue
        newest.add(what)
        # Dagster itself tries those again that it launched; one of the command line it only says so of.
        is_tried_again = run.tags.get(RETRY_TAG) == "true" and run.remote_job_origin is not None
        if run.status.value != "FAILURE" or is_tried_again:
            continue
        why, is_check = _why(instance, run.run_id)
        if is_check:
            continue
        job, night = what
        again = f"recsys night {night}" if job == "nightly" and night else f"the job {job} on Dagster's pages"
        yield Trouble(
            key=f"run {job} {night}".strip(),
            is_error=True,
            sentence=f"Night {night} was not built: {why}" if night else f"A run of {job} failed: {why}",
            next_step=f"Mend what it names, then run it again: {again}. Its run is {run.run_id[:8]}.",
        )


def _why(instance: DagsterInstance, run_id: str) -> tuple[str, bool]:
    """The sentence a run failed with, and whether it was a check that stopped it."""
    from dagster import DagsterEventType

    for record in instance.get_records_for_run(run_id, of_type=DagsterEventType.STEP_FAILURE).records:
        event = record.event_log_entry.dagster_event
        if event is not None and event.step_failure_data.error is not None:
            return failure_of_step(event).sentence, event.step_failure_data.error.cls_name == CHECK_FAILED
    return "its process ended before it did (killed, out of memory, or the machine was restarted).", False


def _of_checks(instance: DagsterInstance, checks: Sequence[AssetCheckKey]) -> Iterator[Trouble]:
    """Checks that failed when they last ran."""
    for result in latest_results(instance, checks):
        if result.passed:
            continue
        severity = result.severity.value.lower()
        table = ".".join(result.asset_key.path[-2:])
        night = f" for night {result.partition}" if result.partition else ""
        shown = f" --night {result.partition}" if result.partition else ""
        stopped = ", which stops that night" if severity == "error" else ""
        found = (result.description or "").rstrip(".")
        yield Trouble(
            key=f"check {table} {result.check_name} {severity}",
            is_error=severity == "error",
            sentence=f"Check {result.check_name} of {table} fails{night}{stopped}: {found}.",
            next_step=f"See the rows: recsys check --select {result.check_name}{shown}",
        )


def _of_status(profile: Profile, found: Status) -> Iterator[Trouble]:
    """A release that is late, and a disk that is low."""
    if found.late is not None:
        sees = f"they see night {found.published.night}" if found.published else "they see nothing yet"
        yield Trouble(
            key=f"late {found.published.night if found.published else ''}".strip(),
            is_error=True,
            sentence=f"Night {found.late} should have been published by now, and is not: readers are late, {sees}.",
            next_step=f"See whether Dagster's daemon runs and what became of its last run, or build it: recsys night "
            f"{found.late}",
        )
    if found.is_disk_low:
        yield Trouble(
            key="disk",
            is_error=True,
            sentence=f"The disk of {profile.folder} has {found.bytes_free / 1e9:,.1f} GB left, less than "
            f"{N_NIGHTS_OF_SPACE} nights take.",
            next_step="Make room: recsys prune deletes superseded files and old releases.",
        )
