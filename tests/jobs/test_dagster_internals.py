"""Dagster's private API still does what it did in the version that each use was read against, 1.13.27."""

import shutil
import time
from contextlib import suppress
from datetime import date
from pathlib import Path

import dagster
import pytest
from dagster import DagsterEvent, DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus, EventLogEntry

from recsys_assets.profile import PROJECT
from recsys_jobs.dagster_internals import (
    CHECKED_WITH,
    DagsterSqliteStorage,
    SqliteEventLogStorage,
    SqliteRunStorage,
    cancel_backfill,
    code_locations,
    end_lost_runs,
    event_logs_directory,
    recorded_backfill,
    runs_directory,
)
from tests.helpers.committed import committed

NIGHTS = [date(2017, 10, 25), date(2017, 10, 28)]


@pytest.fixture
def instance(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    shutil.copy(PROJECT / "deploy" / "dagster.yaml", tmp_path)
    with DagsterInstance.from_config(str(tmp_path)) as opened:
        yield opened


def test_the_installed_dagster_is_the_one_that_was_looked_at():
    assert dagster.__version__ == CHECKED_WITH, "read recsys_jobs/dagster_internals.py again, then set CHECKED_WITH"


def test_what_is_private_stands_in_one_module():
    using = {str(path.relative_to(PROJECT)) for path in committed("*.py") if "dagster._" in path.read_text()}
    assert using - {"tests/jobs/test_dagster_internals.py"} == {"recsys_jobs/dagster_internals.py"}


def test_the_stores_classes_open_their_files_where_ours_looks_for_them_in_dagster_1_13_27(tmp_path):
    store = DagsterSqliteStorage.from_local(str(tmp_path))
    assert isinstance(store.run_storage, SqliteRunStorage)
    assert isinstance(store.event_log_storage, SqliteEventLogStorage)
    store.dispose()
    assert Path(runs_directory(str(tmp_path)), "runs.db").exists()
    assert Path(event_logs_directory(str(tmp_path)), "index.db").exists()


@pytest.mark.parametrize(("fails", "status"), [(False, "COMPLETED_SUCCESS"), (True, "COMPLETED_FAILED")])
def test_a_backfill_that_ends_is_on_record_in_dagster_1_13_27(instance, fails, status):
    with suppress(ValueError), recorded_backfill(instance, "nightly", "a title", NIGHTS) as (tags, is_cancelled):
        (record,) = instance.get_backfills()
        assert record.status.value == "REQUESTED"
        assert tags == {"dagster/backfill": record.backfill_id}
        assert not is_cancelled()
        if fails:
            raise ValueError
    (record,) = instance.get_backfills()
    assert (record.status.value, record.title) == (status, "a title")
    assert record.partition_names == [str(night) for night in NIGHTS]
    assert record.backfill_end_timestamp >= record.backfill_timestamp


def test_a_backfill_that_was_cancelled_says_so_in_dagster_1_13_27(instance):
    with (
        suppress(KeyboardInterrupt),
        recorded_backfill(instance, "nightly", "a title", NIGHTS) as (tags, is_cancelled),
    ):
        cancel_backfill(instance, tags["dagster/backfill"])
        assert is_cancelled()
        raise KeyboardInterrupt
    (record,) = instance.get_backfills()
    assert record.status.value == "CANCELED"


def test_a_run_lost_in_a_power_cut_gives_its_turn_back_in_dagster_1_13_27(instance):
    """The monitor, on runs without a process: one that started just now, one that did seven hours ago."""
    runs = {hours: DagsterRun(job_name="nightly", status=DagsterRunStatus.STARTING) for hours in (0, 7)}
    started = DagsterEvent(event_type_value=DagsterEventType.PIPELINE_START.value, job_name="nightly")
    for hours, run in runs.items():
        instance.add_run(run)
        entry = EventLogEntry(
            error_info=None,
            level="debug",
            user_message="",
            run_id=run.run_id,
            timestamp=time.time() - hours * 3600,
            job_name="nightly",
            dagster_event=started,
        )
        instance.handle_new_event(entry)
    assert end_lost_runs(instance) == []
    statuses = {hours: instance.get_run_by_id(run.run_id).status for hours, run in runs.items()}
    assert statuses == {0: DagsterRunStatus.STARTED, 7: DagsterRunStatus.FAILURE}


def test_code_locations_are_read_from_both_kinds_of_file_in_dagster_1_13_27(tmp_path):
    workspace, project = tmp_path / "workspace.yaml", tmp_path / "pyproject.toml"
    workspace.write_text("load_from:\n  - python_module: {module_name: shop.graph, location_name: shop}\n")
    project.write_text('[tool.dagster]\nmodule_name = "shop.graph"\ncode_location_name = "shop"\n')
    for file in (workspace, project):
        (origin,) = code_locations(str(file))
        assert (origin.location_name, origin.loadable_target_origin.module_name) == ("shop", "shop.graph")
