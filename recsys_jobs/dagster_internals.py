"""The uses of Dagster's private API, each with the reason why Dagster 1.13 has no public way.

What belongs here: everything imported from a module of Dagster whose name begins with an underscore. What only tests
need is imported inside its function, for that takes a second. `tests/jobs/test_dagster_internals.py` has a test for
each use; when Dagster is brought up to another version, read this page and those tests again, and set `CHECKED_WITH`.

What runs the steps of a run is handed on for `recsys_jobs.executor`. Why no public way: Dagster publishes `Executor`,
but its own ones run steps one after the other, or each in a process or container; what another would be made of (the
state of a plan, the events of a step) it keeps to itself, and `execute_in_process` takes no executor.

The classes of Dagster's own store are handed on for `recsys_jobs.event_store`. Why no public way: ``dagster.yaml`` lets
a deployment name a store of its own, but Dagster publishes no class to make one from, and one written anew would have
to keep up with every table that Dagster adds.
"""

from __future__ import annotations

import logging
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from dagster import DagsterEvent, DagsterRun, TimeWindowPartitionMapping
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.events import EngineEventData
from dagster._core.execution.api import ExecuteRunWithPlanIterable
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.execution.compute_logs import create_compute_log_file_key
from dagster._core.execution.context_creation_job import PlanExecutionContextManager
from dagster._core.execution.execute_in_process import core_execute_in_process, merge_run_tags
from dagster._core.execution.plan.execute_plan import dagster_event_sequence_for_step as events_of_step
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from dagster._core.execution.retries import RetryMode
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemotePartitionSetOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.storage.asset_check_execution_record import COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._core.storage.sqlite_storage import _event_logs_directory as event_logs_directory
from dagster._core.storage.sqlite_storage import _runs_directory as runs_directory
from dagster._utils.error import serializable_error_info_from_exc_info
from dagster._utils.interrupts import check_captured_interrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dagster import (
        AssetCheckEvaluation,
        AssetCheckKey,
        AssetKey,
        AssetsDefinition,
        DagsterInstance,
        ExecuteInProcessResult,
        JobDefinition,
    )
    from dagster._core.remote_origin import CodeLocationOrigin

    from recsys_assets.nights import Night

__all__ = [
    "CHECKED_WITH",
    "DagsterSqliteStorage",
    "RetryMode",
    "SqliteEventLogStorage",
    "SqliteRunStorage",
    "cancel_backfill",
    "code_locations",
    "end_lost_runs",
    "engine_event",
    "event_logs_directory",
    "events_of_step",
    "execute_with_own_executor",
    "latest_results",
    "raise_when_interrupted",
    "recorded_backfill",
    "run_events",
    "runs_directory",
    "wait_only_for_this_run",
]

CHECKED_WITH = "1.13.27"
"""Version of Dagster that all of this was last read against."""
LOCATION = "recsys"
"""Name of the code location of a profile alone, as `pyproject.toml` and `workspace.yaml` give it."""


def engine_event(context: Any, message: str, error: Any = None) -> DagsterEvent:
    """A line of the run's log that is of no step."""
    return DagsterEvent.engine_event(context, message, event_specific_data=EngineEventData(error=error))


def run_events(context: Any, steps: Callable[[Any, Any], Iterator[DagsterEvent]]) -> Iterator[DagsterEvent]:
    """Events of a run whose steps another executes, with its resources opened and what it prints kept.

    Parameters
    ----------
    context
        What an executor is given (``PlanOrchestrationContext``).
    steps
        Given the run (``PlanExecutionContext``) and the state of its plan (``ActiveExecution``), runs the steps.
    """

    def iterate(job_context: Any, execution_plan: Any) -> Iterator[DagsterEvent]:
        with (
            InstanceConcurrencyContext(job_context.instance, job_context.dagster_run) as limits,
            execution_plan.start(job_context.retry_mode, instance_concurrency_context=limits) as active,
            ExitStack() as printed,
        ):
            logs = job_context.instance.compute_log_manager
            key = logs.build_log_key_for_run(job_context.run_id, create_compute_log_file_key())  # type: ignore[no-untyped-call]
            try:
                kept = printed.enter_context(logs.capture_logs(key))
                keys = [step.key for step in execution_plan.get_steps_to_execute_in_topo_order()]
                yield DagsterEvent.capture_logs(job_context, keys, key, kept)
            except Exception:  # As in Dagster's own executors: what a run prints is not worth the run.
                error = serializable_error_info_from_exc_info(sys.exc_info())
                yield engine_event(job_context, "What this run prints cannot be kept", error)
            yield from steps(job_context, active)

    manager = PlanExecutionContextManager(
        job=context.job,
        retry_mode=context.retry_mode,
        execution_plan=context.execution_plan,
        run_config=context.run_config,
        dagster_run=context.dagster_run,
        instance=context.instance,
        raise_on_error=context.raise_on_error,
        output_capture=context.output_capture,
    )
    yield from iter(ExecuteRunWithPlanIterable(context.execution_plan, iterate, manager))


def wait_only_for_this_run(context: Any, active: Any, is_made: Callable[[AssetKey], bool]) -> None:
    """Let no step wait for a partition that another run made: an asset read as of an earlier night.

    Dagster orders the steps of a run by their assets alone, whichever partitions a mapping names: grades of the lists
    of N-h would wait for tonight's lists.

    Parameters
    ----------
    context, active
        The run (``PlanExecutionContext``) and the state of its plan (``ActiveExecution``), before a step has begun.
    is_made
        Whether the partition of an asset that the mapping names is there.
    """
    definitions = {str(part.node_handle): part.assets_def for part in context.job_def.asset_layer.data}
    steps: dict[AssetKey, set[str]] = {}
    for step, definition in definitions.items():
        checks = definition.node_check_specs_by_output_name.values()
        for key in (*definition.keys, *(check.asset_key for check in checks)):
            steps.setdefault(key, set()).add(step)
    for step, definition in definitions.items():
        needed = set(definition.keys_by_input_name.values())
        made = {key for key in needed if _is_of_earlier_night(definition, key) and is_made(key)}
        if made and step in active._pending:
            waits_for = {step for key in needed - made for step in steps.get(key, ())}
            active._pending[step] = active._pending[step] & waits_for


def _is_of_earlier_night(definition: AssetsDefinition, key: AssetKey) -> bool:
    mapping = definition.get_partition_mapping(key)
    return isinstance(mapping, TimeWindowPartitionMapping) and mapping.start_offset < 0


def raise_when_interrupted() -> None:
    """Raise when the run has been told to stop, which Dagster notes rather than raises while steps run."""
    if check_captured_interrupt():
        raise DagsterExecutionInterruptedError


def execute_with_own_executor(
    job: JobDefinition,
    partition_key: str,
    instance: DagsterInstance,
    run_id: str | None = None,
    tags: dict[str, str] | None = None,
    *,
    raise_on_error: bool = True,
) -> ExecuteInProcessResult:
    """Run a partition of a job in this process; see `recsys_jobs.executor.execute`."""
    config = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return core_execute_in_process(
        run_config=config,
        job=InMemoryJob(job),
        instance=instance,
        output_capturing_enabled=False,
        raise_on_error=raise_on_error,
        run_tags=merge_run_tags(job, partition_key, tags, None, instance, config),
        run_id=run_id,
    )


@contextmanager
def recorded_backfill(
    instance: DagsterInstance, job: str, title: str, nights: Sequence[Night], location: str = LOCATION
) -> Iterator[tuple[dict[str, str], Callable[[], bool]]]:
    """Record a backfill of a job whose runs this process makes itself, while the block runs.

    Yields the tags that make a run one of the backfill's, and a function that says whether it was cancelled.

    Why no public way: a backfill is public only as a request to a running daemon, over GraphQL or
    ``dagster job backfill``, which then starts a process a night; a Python API was proposed and not merged (pull
    request 26731 of dagster-io/dagster). Ours runs in this process, without a daemon, and is to stand on the UI's page
    of backfills all the same. So it is recorded as one whose runs have all been submitted: a daemon that is up starts
    none of them, and closes the record if this process is killed.
    """
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(location), "__repository__")
    record = PartitionBackfill(
        backfill_id=uuid4().hex[:8],
        status=BulkActionStatus.REQUESTED,
        from_failure=False,
        tags={},
        backfill_timestamp=time.time(),
        title=title,
        partition_set_origin=RemotePartitionSetOrigin(
            repository_origin=repository, partition_set_name=f"{job}_partition_set"
        ),
        partition_names=[str(night) for night in nights],
        last_submitted_partition_name=str(nights[-1]),
    )

    def is_cancelled() -> bool:
        now = instance.get_backfill(record.backfill_id)
        return now is not None and now.status in {BulkActionStatus.CANCELING, BulkActionStatus.CANCELED}

    def end(status: BulkActionStatus) -> None:
        instance.update_backfill(record._replace(status=status, backfill_end_timestamp=time.time()))

    instance.add_backfill(record)
    try:
        yield dict(DagsterRun.tags_for_backfill_id(record.backfill_id)), is_cancelled
    except BaseException:
        end(BulkActionStatus.CANCELED if is_cancelled() else BulkActionStatus.COMPLETED_FAILED)
        raise
    end(BulkActionStatus.COMPLETED_SUCCESS)


def cancel_backfill(instance: DagsterInstance, backfill_id: str) -> None:
    """Ask for a backfill to stop, as the button on the UI's page does. For tests.

    Why no public way: it is public only over GraphQL, through a webserver that has loaded the code location.
    """
    record = instance.get_backfill(backfill_id)
    assert record is not None, f"there is no backfill {backfill_id}"
    instance.update_backfill(record._replace(status=BulkActionStatus.CANCELING))


def latest_results(instance: DagsterInstance, checks: Sequence[AssetCheckKey]) -> list[AssetCheckEvaluation]:
    """What each check said when it last ran; of those that never did, nothing.

    Why no public way: the instance hands out the latest record of one check at a time, and while a run is under way
    that is the plan to run it, which has no result.
    """
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(checks)
    ended: list[AssetCheckEvaluation] = []
    for key in checks:
        record = latest.get(key)
        if record is not None and record.status not in COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES:
            earlier = instance.event_log_storage.get_asset_check_execution_history(
                key, limit=1, status=COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES
            )
            record = earlier[0] if earlier else None
        if record is not None and record.evaluation is not None:
            ended.append(record.evaluation)
    return ended


def end_lost_runs(instance: DagsterInstance) -> list[str]:
    """Let Dagster's monitor look once for runs that no process is left of; returns its errors. For tests.

    Why no public way: the monitor is a thread of ``dagster-daemon run``, which starts all others with it and looks
    every two minutes.
    """
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import EmptyWorkspaceTarget
    from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration

    with WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as workspace:
        errors = list(execute_run_monitoring_iteration(workspace, logging.getLogger(__name__)))
    return [str(error) for error in errors if error]


def code_locations(file: str) -> list[CodeLocationOrigin]:
    """The code locations that Dagster reads out of a ``workspace.yaml`` or a ``pyproject.toml``. For tests.

    Why no public way: the commands that take ``-w`` load the locations, and so start a server for each.
    """
    from dagster._core.workspace.load import location_origins_from_yaml_paths
    from dagster._core.workspace.load_target import get_origins_from_toml

    return list(get_origins_from_toml(file) if file.endswith(".toml") else location_origins_from_yaml_paths([file]))
