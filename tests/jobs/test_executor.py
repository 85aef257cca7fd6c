"""Steps in threads: which run beside one another, which wait, and how a run ends that fails or is interrupted."""

import signal
import subprocess
import sys
import threading
import time

import pytest
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetDep,
    DagsterInstance,
    DailyPartitionsDefinition,
    Definitions,
    MaterializeResult,
    RetryRequested,
    asset,
    asset_check,
    define_asset_job,
)

from recsys_assets.assets.night_partitions import graded_partition
from recsys_assets.nights import Night, graded_night
from recsys_assets.profile import PROJECT
from recsys_assets.profile_file import load_profile
from recsys_assets.storage.lake.partitions import Partitions
from recsys_jobs.executor import execute, step_threads

PARTITION = "2020-01-01"
partitions = DailyPartitionsDefinition("2019-12-01")


@pytest.fixture(autouse=True)
def profile(monkeypatch, tmp_path):
    monkeypatch.setenv("RECSYS_DATA", str(tmp_path))
    monkeypatch.setenv("RECSYS_PROFILE", "complete_journey")
    return load_profile()


def run(*assets, checks=(), raise_on_error=True, instance=None):
    definitions = Definitions(
        assets=list(assets),
        asset_checks=list(checks),
        jobs=[define_asset_job("all")],
        executor=step_threads(load_profile()),
    )
    with instance or DagsterInstance.ephemeral() as opened:
        job = definitions.resolve_job_def("all")
        return execute(job, PARTITION, opened, raise_on_error=raise_on_error)


def made(result):
    return {event.asset_key.to_user_string() for event in result.get_asset_materialization_events()}


def step(name, work, deps=(), schema=()):
    @asset(name=name, key_prefix=list(schema), deps=list(deps), partitions_def=partitions)
    def build(context) -> MaterializeResult:
        work()
        return MaterializeResult()

    return build


def test_steps_that_do_not_need_one_another_run_at_the_same_time(monkeypatch):
    monkeypatch.setenv("RECSYS_STEPS", "2")
    both = threading.Barrier(2, timeout=30)
    result = run(step("one", both.wait), step("other", both.wait))
    assert result.success
    assert made(result) == {"one", "other"}


def test_no_more_run_at_once_than_asked_for(monkeypatch):
    running, most, lock = 0, 0, threading.Lock()

    def work():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with lock:
            running -= 1

    for wanted in (1, 3):
        monkeypatch.setenv("RECSYS_STEPS", str(wanted))
        most = 0
        assert run(*(step(f"step_{place}", work) for place in range(6))).success
        assert most == wanted


def test_a_step_begins_when_what_it_needs_has_ended(monkeypatch):
    monkeypatch.setenv("RECSYS_STEPS", "4")
    ended = []

    def work(name, seconds):
        time.sleep(seconds)
        ended.append(name)

    slow = step("slow", lambda: work("slow", 0.3))
    quick = step("quick", lambda: work("quick", 0))
    needs_both = step("needs_both", lambda: ended.append(f"after {sorted(ended)}"), [slow, quick])
    run(slow, quick, needs_both)
    assert ended == ["quick", "slow", "after ['quick', 'slow']"]


def test_what_needs_a_failed_step_is_left_out_and_all_else_is_made():
    def fail():
        raise ValueError("no")

    bad, good = step("bad", fail), step("good", lambda: time.sleep(0.2))
    result = run(
        bad, good, step("below", lambda: None, [bad]), step("beside", lambda: None, [good]), raise_on_error=False
    )
    assert not result.success
    assert made(result) == {"good", "beside"}
    with pytest.raises(ValueError, match="no"):
        run(bad, good)
    with pytest.raises(ValueError, match="no"):  # Its failure completes the plan.
        run(bad)


def test_a_check_that_fails_stops_what_lies_below():
    first = step("first", lambda: None)

    @asset_check(asset=first, blocking=True)
    def check() -> AssetCheckResult:
        return AssetCheckResult(passed=False, severity=AssetCheckSeverity.ERROR)

    result = run(first, step("below", lambda: None, [first]), checks=[check], raise_on_error=False)
    assert not result.success
    assert made(result) == {"first"}


def of_graded_night(needed):
    return AssetDep(needed, partition_mapping=graded_partition(7))


def was_made(profile, table):
    night = graded_night(Night.fromisoformat(PARTITION), profile.horizon)
    folder = Partitions(profile).folder(table, night)
    folder.mkdir(parents=True)
    (folder / "000001-fingerprint-checksum.parquet").touch()


def fail():
    raise ValueError("no")


def test_what_another_run_made_is_not_waited_for(profile):
    was_made(profile, "candidates.lists")
    lists, relevant = step("lists", fail, schema=["candidates"]), step("relevant", lambda: time.sleep(0.2))
    grades = step("grades", lambda: None, [of_graded_night(lists), relevant])
    below = step("below", lambda: None, [of_graded_night(relevant), lists])
    assert made(run(lists, relevant, grades, below, raise_on_error=False)) == {"relevant", "grades"}
    relevant = step("relevant", fail)
    grades = step("grades", lambda: None, [of_graded_night(lists), relevant])
    assert not made(run(lists, relevant, grades, raise_on_error=False))


def test_what_the_graded_night_never_made_is_waited_for_as_its_columns_are_tonights(profile):
    lists = step("lists", fail, schema=["candidates"])
    assert not made(run(lists, step("grades", lambda: None, [of_graded_night(lists)]), raise_on_error=False))


def test_checks_of_what_another_run_made_are_not_waited_for(profile, monkeypatch):
    monkeypatch.setenv("RECSYS_STEPS", "3")
    was_made(profile, "candidates.lists")
    order = []
    lists, relevant = step("lists", lambda: None, schema=["candidates"]), step("relevant", lambda: None)

    @asset_check(asset=lists, blocking=True)
    def check_lists() -> AssetCheckResult:
        time.sleep(0.3)
        order.append("lists checked")
        return AssetCheckResult(passed=True)

    @asset_check(asset=relevant, blocking=True)
    def check_relevant() -> AssetCheckResult:
        time.sleep(0.1)
        order.append("relevant checked")
        return AssetCheckResult(passed=True)

    grades = step("grades", lambda: order.append("grades"), [of_graded_night(lists), relevant])
    assert run(lists, relevant, grades, checks=[check_lists, check_relevant]).success
    assert order == ["relevant checked", "grades", "lists checked"]


def test_the_log_is_waited_for_whichever_night_is_read(profile):
    was_made(profile, "clean.events")
    log = step("events", fail, schema=["clean"])
    assert not made(run(log, step("grades", lambda: None, [of_graded_night(log)]), raise_on_error=False))


def test_a_step_that_asks_for_it_is_tried_again():
    times = []

    def work():
        times.append(time.perf_counter())
        if len(times) < 3:
            raise RetryRequested(max_retries=5, seconds_to_wait=0.1)

    assert run(step("again", work)).success
    assert len(times) == 3
    assert times[1] - times[0] >= 0.1


def test_a_run_is_on_record_as_any_other_with_what_it_printed(tmp_path):
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        result = run(step("talks", lambda: print("hello from a step")), instance=instance)
        record = instance.get_run_by_id(result.run_id)
        assert (record.status.value, record.job_name) == ("SUCCESS", "all")
        assert record.tags["dagster/partition"] == PARTITION
        captured = [e for e in instance.all_logs(result.run_id) if "LOGS_CAPTURED" in str(e.dagster_event)]
        assert len(captured) == 1
    assert "hello from a step" in "".join(path.read_text() for path in tmp_path.rglob("*.out"))


INTERRUPTED = """
import pathlib, sys, time
sys.path.insert(0, "tests/jobs")
from tests.jobs.test_executor import run, step

def work():
    pathlib.Path(sys.argv[1], "begun").touch()
    try:
        for _ in range(6_000):
            time.sleep(0.01)
    finally:
        time.sleep(0.3)
        pathlib.Path(sys.argv[1], "ended").touch()

if __name__ == "__main__":
    run(step("long", work), step("after", lambda: pathlib.Path(sys.argv[1], "after").touch(), ["long"]))
"""


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_what_runs_and_waits_for_it(tmp_path, told):
    process = subprocess.Popen([sys.executable, "-c", INTERRUPTED, str(tmp_path)], cwd=PROJECT, stderr=subprocess.PIPE)
    wait_for(tmp_path / "begun")
    process.send_signal(told)
    process.communicate(timeout=30)
    assert process.returncode != 0
    assert (tmp_path / "ended").exists(), "the process went before its step had ended"
    assert not (tmp_path / "after").exists()


def wait_for(path):
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} never came")
