"""Running nights from a program: the same job that the schedule and the UI run, in this process.

What belongs here: the Dagster instance of a deployment, and a run of ``nightly`` that tells its progress.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import threading
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from recsys_assets.errors import RecsysError
from recsys_assets.nights import last_closed, utc_now
from recsys_assets.profile import PROJECT, data_folder, load_profile
from recsys_assets.storage.night_lock import building
from recsys_assets.storage.private import keep_closed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dagster import DagsterEvent, DagsterInstance, ExecuteInProcessResult, JobDefinition

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.storage.landing.database import Landed

    Progress = Callable[[int, int, str], object]
    """Called with (steps done, steps in all, the step just begun)."""

POLL_SECONDS = 0.25
_CLASS = re.compile(r"^([a-z_]\w*\.)+\w+: ")
"""Name of an error's class, which says nothing to people."""


class NightFailed(RecsysError):
    """A night that could not be built; the message is the failed step's own."""


@contextmanager
def dagster_instance() -> Iterator[DagsterInstance]:
    """Dagster's instance in ``DAGSTER_HOME`` (default: inside the profile's folder), made when absent."""
    from dagster import DagsterInstance

    home = Path(os.environ.setdefault("DAGSTER_HOME", str(load_profile().folder / ".dagster")))
    shared = data_folder() / ".dagster"
    if not home.exists() and shared.exists():  # It was the default of earlier versions.
        logging.getLogger(__name__).warning(
            "Each profile has a history of its own in Dagster now, in %s. To go on with the one of all: mv %s %s",
            home,
            shared,
            home,
        )
    keep_closed(home, has_releases=False)
    if not (home / "dagster.yaml").exists():
        shutil.copyfile(PROJECT / "deploy" / "dagster.yaml", home / "dagster.yaml")
    with DagsterInstance.get() as instance:
        yield instance


def report_landing(landed: list[Landed]) -> None:
    """Let the UI know what landed outside of a run."""
    from dagster import AssetMaterialization

    from recsys_assets.assets.keys import asset_key  # These load Dagster.
    from recsys_assets.assets.landed import landing_metadata

    tables = sorted({file.raw_table for file in landed if file.status == "landed"})
    if not tables:
        return
    profile = load_profile()
    with dagster_instance() as instance:
        for table in tables:
            metadata = landing_metadata(profile, table, [file for file in landed if file.raw_table == table])
            instance.report_runless_asset_event(
                AssetMaterialization(asset_key(profile, f"raw.{table}"), metadata=metadata)
            )


@contextmanager
def imported_meanwhile(*modules: str) -> Iterator[None]:
    """Import modules that are needed later while the block waits for something else, such as DuckDB."""

    def bring() -> None:
        for module in modules:
            with suppress(ImportError):  # Whoever needs it says so better.
                import_module(module)

    thread = threading.Thread(target=bring)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def run_night(
    profile: Profile,
    job: JobDefinition,
    night: Night,
    instance: DagsterInstance,
    progress: Progress,
    tags: dict[str, str] | None = None,
) -> None:
    """Run ``nightly`` (`definitions.nightly_job`) for one night; the run is on the UI's pages like any other.

    Raises
    ------
    NightFailed
        When the night cannot be built or a step failed; says which and why.
    """
    check_night(profile, night)
    run_id = str(uuid4())
    with (
        building(profile, f"night {night}", lambda text: progress(0, len(job.graph.node_defs), text)),
        _followed(instance, run_id, len(job.graph.node_defs), progress),
    ):
        result = job.execute_in_process(
            partition_key=night.isoformat(),
            instance=instance,
            run_id=run_id,
            tags=tags,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
    if not result.success:
        raise NightFailed(f"Night {night} failed in {failure_of(result)}")
    progress(len(job.graph.node_defs), len(job.graph.node_defs), "done")


def newest_night(profile: Profile) -> Night:
    """Newest night of a profile that has closed."""
    closed = last_closed(utc_now(), profile.grace)
    return closed if profile.last_night is None else min(closed, profile.last_night)


def check_night(profile: Profile, night: Night) -> None:
    """Refuse a night that cannot be built, before anything is.

    Raises
    ------
    NightFailed
        When the profile has no such night, or it has not closed yet.
    """
    if profile.last_night is not None and night > profile.last_night:
        raise NightFailed(
            f"Night {night} cannot be built: last_night of profile {profile.name} is {profile.last_night}. A shop "
            "whose files keep arriving has none: delete that line of the profile, and set first_night near today."
        )
    newest = newest_night(profile)
    if not profile.first_night <= night <= newest:
        raise NightFailed(
            f"Night {night} cannot be built: the nights of profile {profile.name} that have closed run from "
            f"{profile.first_night} to {newest}."
        )


def failure_of(result: ExecuteInProcessResult) -> str:
    """Step and sentence of the first failure, without the traceback (the UI has it)."""
    for event in result.all_node_events:
        if event.is_step_failure and event.step_failure_data.error is not None:
            return sentence_of(event)
    return "an unknown step; see its run in the UI (make dev)"


def sentence_of(failure: DagsterEvent) -> str:
    """Step and sentence of a step's failure."""
    error = failure.step_failure_data.error
    assert error is not None
    while error.cause is not None:
        error = error.cause
    return f"{failure.step_key}: {_CLASS.sub('', error.message.strip())}"


@contextmanager
def _followed(instance: DagsterInstance, run_id: str, n_steps: int, progress: Progress) -> Iterator[None]:
    """Tell the progress of a run out of its event log while the block runs."""
    finished = threading.Event()

    def follow() -> None:
        cursor, done = None, 0
        while not finished.wait(POLL_SECONDS):
            records = instance.get_records_for_run(run_id, cursor=cursor)
            cursor = records.cursor
            for record in records.records:
                entry, event = record.event_log_entry, record.event_log_entry.dagster_event
                if event is None and entry.step_key and entry.level == logging.INFO:
                    progress(done, n_steps, f"{entry.step_key.replace('__', '.')}: {entry.user_message}")
                if event is None or event.step_key is None:
                    continue
                done += event.is_step_success
                if event.is_step_start or event.is_step_success:
                    progress(done, n_steps, event.step_key.replace("__", "."))

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
