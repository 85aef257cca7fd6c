"""The executor of a night: steps that wait for nothing of one another run beside one another, in threads of a process.

What belongs here: which steps run when, and how a run ends. One process, since a step in a process of its own takes
seconds before it begins; threads, since what takes long (DuckDB, compiled kernels, trees) lets other threads go on.
What Dagster has no public way for is in `recsys_jobs.dagster_internals`.
"""

from __future__ import annotations

import ctypes
import gc
import os
import queue
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

from dagster import AssetKey, Executor, ExecutorDefinition, InitExecutorContext, executor

from recsys_assets.assets.keys import name_of
from recsys_assets.nights import Night, graded_night
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.threads import at_once
from recsys_jobs.dagster_internals import (
    RetryMode,
    engine_event,
    events_of_step,
    execute_with_own_executor,
    raise_when_interrupted,
    run_events,
    wait_only_for_this_run,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from dagster import DagsterEvent, DagsterInstance, ExecuteInProcessResult, JobDefinition

    from recsys_assets.profile import Profile

    Told = queue.SimpleQueue[tuple[str, DagsterEvent | None, BaseException | None]]
    """Of each step: its events, then None, with the error that ended it."""

POLL_SECONDS = 0.2
"""How often a run that waits for its steps looks whether it is to stop."""


def steps_at_once() -> int:
    """Steps that run beside one another: ``RECSYS_STEPS``, else one a processor, four at most."""
    return int(os.environ.get("RECSYS_STEPS") or at_once())


def step_threads(profile: Profile) -> ExecutorDefinition:
    """The executor of a profile's runs, for its definitions."""

    @executor(name="threads")
    def threads(context: InitExecutorContext) -> StepThreads:
        """Run steps in threads of one process, those that wait for nothing of one another at once."""
        return StepThreads(profile)

    return threads


class StepThreads(Executor):
    """Steps in threads of this process; each begins when what it needs has succeeded.

    Parameters
    ----------
    profile
        Its lake tells what earlier nights made, which no step waits for.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile

    @property
    def retries(self) -> RetryMode:
        """A step is tried again where it asks for it."""
        return RetryMode.ENABLED

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[DagsterEvent]:
        """Run the plan and yield what happens, in the order in which it does."""
        n = steps_at_once()
        yield engine_event(plan_context, f"Executing steps in {n} thread(s) of process {os.getpid()}")
        gc.freeze()  # Else each of hundreds of collections goes through all definitions of Dagster again.
        try:
            yield from run_events(
                plan_context, lambda context, active: _steps(context, active, n, self._is_made(context))
            )
        finally:
            gc.unfreeze()
        yield engine_event(plan_context, f"Finished steps in process {os.getpid()}")

    def _is_made(self, job_context: Any) -> Callable[[AssetKey], bool]:
        """Whether the graded night of a run has an asset's partition; of the log never, as a run makes that of many."""
        partition = job_context.dagster_run.tags.get("dagster/partition")
        lake = Lake(self.profile)

        @cache
        def is_made(key: AssetKey) -> bool:
            table = name_of(self.profile, key)
            if partition is None or table.startswith("clean."):
                return False
            return lake.partition(table, graded_night(Night.fromisoformat(partition), self.profile.horizon)) is not None

        return is_made


def _steps(
    job_context: Any, active: Any, n_at_once: int, is_made: Callable[[AssetKey], bool]
) -> Iterator[DagsterEvent]:
    """Begin steps as they become ready until all have ended."""
    told: Told = queue.SimpleQueue()
    running: dict[str, threading.Thread] = {}
    wait_only_for_this_run(job_context, active, is_made)
    try:
        # What a step tells last, such as its error, comes when the plan may be complete.
        while running or not active.is_complete:
            while len(running) < n_at_once and not active.is_complete and (step := active.get_next_step()):
                context = job_context.for_step(step, active.get_known_state())
                if n_at_once == 1:  # Nothing runs beside it, so it needs no thread.
                    for event in events_of_step(context):
                        yield event
                        active.handle_event(event)
                    active.verify_complete(job_context, step.key)
                    break
                thread = threading.Thread(target=_run_step, args=(step.key, context, told), name=step.key)
                running[step.key] = thread
                thread.start()
            yield from active.concurrency_event_iterator(job_context)
            if n_at_once > 1 and running:
                yield from _next_event(told, running, active, job_context)
            else:
                active.sleep_til_ready()
            yield from active.plan_events_iterator(job_context)
    except BaseException:
        _end(running.values())
        raise


def _run_step(key: str, context: Any, told: Told) -> None:
    try:
        for event in events_of_step(context):
            told.put((key, event, None))
    except BaseException as error:  # The thread that runs the night raises it.
        told.put((key, None, error))
    else:
        told.put((key, None, None))


def _next_event(told: Told, running: dict[str, threading.Thread], active: Any, context: Any) -> Iterator[DagsterEvent]:
    """Wait for what the running steps tell next, and hand it on."""
    while True:
        try:
            key, event, error = told.get(timeout=POLL_SECONDS)
            break
        except queue.Empty:
            raise_when_interrupted()
    if event is not None:
        yield event
        active.handle_event(event)
        return
    running.pop(key).join()
    if error is not None:
        raise error
    active.verify_complete(context, key)


def _end(threads: Collection[threading.Thread]) -> None:
    """Interrupt what still runs, and wait for it: nothing may be written when the night's lock is gone."""
    for thread in threads:
        if thread.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident), ctypes.py_object(KeyboardInterrupt)
            )
    for thread in threads:
        thread.join()


def execute(
    job: JobDefinition, partition_key: str, instance: DagsterInstance, **options: Any
) -> ExecuteInProcessResult:
    """Run a job for a night in this process, with the executor that it names; on the UI's pages it is as any other.

    Parameters
    ----------
    **options
        ``run_id``, ``tags`` and ``raise_on_error`` (default: true) as of `dagster.JobDefinition.execute_in_process`.
    """
    return execute_with_own_executor(job, partition_key, instance, **options)
