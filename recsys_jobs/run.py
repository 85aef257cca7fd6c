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
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from recsys_assets.errors import RecsysError, disk_sentence
from recsys_assets.nights import last_closed, utc_now
from recsys_assets.profile import PROJECT, data_folder
from recsys_assets.profile_file import load_profile
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
CHECK_FAILED = "DagsterAssetCheckFailedError"
"""Dagster's error of a step that a check stopped."""
_CLASS = re.compile(r"^([a-z_]\w*\.)+\w+: ")
"""Name of an error's class, which says nothing to people."""


class NightFailed(RecsysError):
    """A night that could not be built; the message is the failed step's own."""


class StepCrashed(Exception):
    """A step that ended in an error that nobody expects: a fault of ours, or of code that was added."""

    def __init__(self, sentence: str, details: str) -> None:
        super().__init__(sentence)
        self.add_note(details)


@dataclass(frozen=True)
class Failure:
    """Why a run failed."""

    sentence: str
    """Its first failed step, and what that or each failed check of it says."""
    crash: str | None = None
    """Traceback of the step where the error is none that people can mend; None: it is an expected one."""


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
        When the night cannot be built, a check stopped it or a step failed as it may; says which and why.
    StepCrashed
        When a step failed as none should.
    """
    from recsys_jobs.executor import execute  # It loads Dagster.

    check_night(profile, night)
    run_id = str(uuid4())
    with (
        building(profile, f"night {night}", lambda text: progress(0, len(job.graph.node_defs), text)),
        _followed(instance, run_id, len(job.graph.node_defs), progress),
    ):
        result = execute(job, night.isoformat(), instance, run_id=run_id, tags=tags, raise_on_error=False)
    if not result.success:
        failure = failure_of(result)
        sentence = f"Night {night} failed in {failure.sentence}"
        if failure.crash:
            raise StepCrashed(sentence, failure.crash)
        raise NightFailed(sentence)
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


def failure_of(result: ExecuteInProcessResult) -> Failure:
    """What the first failed step says, without its traceback where the error is an expected one (the UI has it)."""
    failed = next((event for event in result.all_node_events if event.is_step_failure), None)
    error = failed.step_failure_data.error if failed else None
    if failed is None or error is None:
        return Failure("an unknown step; see its run in the UI (make dev)")
    step = failed.step_key
    if _chain(error)[-1].cls_name == CHECK_FAILED:
        checks = [
            event.asset_check_evaluation_data
            for event in result.all_node_events
            if event.step_key == step and event.event_type_value == "ASSET_CHECK_EVALUATION"
        ]
        failed_checks = [check for check in checks if not check.passed and check.severity.value == "ERROR"]
        said = [
            f"check {check.check_name} of {'.'.join(check.asset_key.path)}: {check.description}"
            for check in failed_checks
        ]
        selected = " ".join(f"--select {check.check_name}" for check in failed_checks)
        return Failure(f"{step}: " + "\n".join([*said, f"The first rows that fail: recsys check {selected}"]))
    return failure_of_step(failed)


def failure_of_step(failed: DagsterEvent) -> Failure:
    """What a failed step says: the sentence of the outermost expected error, or the innermost one and its traceback."""
    error = failed.step_failure_data.error
    assert error is not None
    step, chain = failed.step_key, _chain(error)
    for link in chain:
        message = _CLASS.sub("", link.message.strip()).removeprefix(f"{link.cls_name}: ")
        if link.cls_name in _expected_names():
            return Failure(f"{step}: {message}")
        if sentence := disk_sentence(link.cls_name or "", message):
            return Failure(f"{step}: {sentence}")
    return Failure(f"{step}: {chain[-1].message.strip()}", crash=error.to_string())


def _chain(error: Any) -> list[Any]:
    """An error as Dagster keeps it, and what caused it, outermost first."""
    chain = [error]
    while chain[-1].cause is not None:
        chain.append(chain[-1].cause)
    return chain


def _expected_names() -> set[str]:
    """Names of the classes of expected errors; Dagster keeps a step's error as text."""
    kinds = [RecsysError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return {kind.__name__ for kind in kinds}


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
