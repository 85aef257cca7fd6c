"""The settings of Dagster and the workspace files mean what they say to the installed Dagster."""

import logging
import os
import shutil
import time
import tomllib
from pathlib import Path

import pytest
import yaml
from dagster import (
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    EventLogEntry,
)
from dagster._core.utils import make_new_run_id
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster._core.workspace.load_target import EmptyWorkspaceTarget, get_origins_from_toml
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration

from tests.helpers.committed import PROJECT


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DagsterInstance:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    shutil.copy(PROJECT / "deploy" / "dagster.yaml", tmp_path)
    with DagsterInstance.from_config(str(tmp_path)) as opened:
        yield opened


def test_one_night_at_a_time_for_each_profile(instance: DagsterInstance) -> None:
    limits = instance.get_concurrency_config().run_queue_config
    assert limits.max_concurrent_runs == 4
    assert limits.tag_concurrency_limits == [
        {"key": "recsys/profile", "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
    ]


def test_runs_stay_under_dagster_home_and_are_not_reported(instance: DagsterInstance, tmp_path: Path) -> None:
    instance.get_runs_count()
    assert list(tmp_path.rglob("*.db"))
    assert instance.telemetry_enabled is False


def test_a_run_lost_in_a_power_cut_gives_its_turn_back(instance: DagsterInstance) -> None:
    """Dagster's own monitor, on a run that started seven hours ago and of which no process is left."""
    run = DagsterRun(job_name="nightly", run_id=make_new_run_id(), status=DagsterRunStatus.STARTING)
    instance.add_run(run)
    started = DagsterEvent(event_type_value=DagsterEventType.PIPELINE_START.value, job_name="nightly")
    entry = EventLogEntry(
        error_info=None,
        level="debug",
        user_message="",
        run_id=run.run_id,
        timestamp=time.time() - 7 * 3600,
        job_name="nightly",
        dagster_event=started,
    )
    instance.handle_new_event(entry)
    with WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as workspace:
        errors = [error for error in execute_run_monitoring_iteration(workspace, logging.getLogger()) if error]
    assert errors == []
    assert instance.get_run_by_id(run.run_id).status is DagsterRunStatus.FAILURE


def test_every_way_to_start_dagster_loads_one_location(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_CODE_HOST", "127.0.0.1")
    monkeypatch.chdir(PROJECT)
    module = location_origins_from_yaml_paths(["workspace.yaml"])
    server = location_origins_from_yaml_paths(["deploy/workspace.yaml"])
    bare = get_origins_from_toml("pyproject.toml")
    assert [o.location_name for o in (*module, *server, *bare)] == ["recsys"] * 3
    assert {o.loadable_target_origin.module_name for o in (*module, *bare)} == {"recsys_jobs.definitions"}


def test_a_bare_dagster_dev_heeds_workspace_yaml() -> None:
    """With a [tool.dg] table it would be passed over."""
    assert "dg" not in tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]


def test_containers_are_reached_from_this_machine_only() -> None:
    services = yaml.safe_load((PROJECT / "deploy" / "compose.yaml").read_text())["services"]
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_lock_pins_every_package_with_its_hash() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        lines = (PROJECT / name).read_text().replace("\\\n", "").splitlines()
        pins = [line for line in lines if line and not line.lstrip().startswith("#")]
        assert pins
        assert all("==" in pin and "--hash=sha256:" in pin for pin in pins), name
    assert os.access(PROJECT / ".ci" / "run", os.X_OK)
