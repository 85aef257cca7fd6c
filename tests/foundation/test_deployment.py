"""The settings of Dagster and the workspace files mean what they say to the installed Dagster."""

import os
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml
from dagster import DagsterInstance

from recsys_jobs.dagster_internals import code_locations
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


def test_every_way_to_start_dagster_loads_one_location(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_CODE_HOST", "127.0.0.1")
    monkeypatch.chdir(PROJECT)
    module, server = code_locations("workspace.yaml"), code_locations("deploy/workspace.yaml")
    bare = code_locations("pyproject.toml")
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
    for name in ("requirements.lock", "requirements-lightfm.lock", "requirements-dev.lock"):
        lines = (PROJECT / name).read_text().replace("\\\n", "").splitlines()
        pins = [line for line in lines if line and not line.lstrip().startswith("#")]
        assert pins
        assert all("==" in pin and "--hash=sha256:" in pin for pin in pins), name
    assert os.access(PROJECT / ".ci" / "run", os.X_OK)
