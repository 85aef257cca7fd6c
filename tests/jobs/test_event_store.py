"""The store keeps its files open while it works, and they are Dagster's own."""

import shutil
import sys
from pathlib import Path

import pytest
from dagster import AssetKey, AssetMaterialization, DagsterInstance, asset, materialize

from recsys_assets.profile import PROJECT
from recsys_jobs.event_store import N_OPEN, Events


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return tmp_path


@asset
def made() -> None: ...


def ours(home: Path) -> DagsterInstance:
    shutil.copy(PROJECT / "deploy" / "dagster.yaml", home)
    return DagsterInstance.from_config(str(home))


def dagsters_own(home: Path) -> DagsterInstance:
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    return DagsterInstance.from_config(str(home))


def open_files(home: Path) -> set[str]:
    open_paths = (path.resolve() for path in Path("/proc/self/fd").iterdir())
    return {path.name for path in open_paths if path.is_relative_to(home) and path.suffix == ".db"}


@pytest.mark.parametrize(("first", "then"), [(ours, dagsters_own), (dagsters_own, ours)])
def test_dagsters_own_store_reads_and_writes_the_same_files(home: Path, first, then) -> None:
    with first(home) as instance:
        run_id = materialize([made], instance=instance).run_id
        events = len(instance.all_logs(run_id))
    with then(home) as instance:
        assert isinstance(instance.event_log_storage, Events) == (then is ours)
        assert len(instance.all_logs(run_id)) == events
        instance.report_runless_asset_event(AssetMaterialization("made", metadata={"again": True}))
    with first(home) as instance:
        assert [run.run_id for run in instance.get_runs()] == [run_id]
        assert "again" in instance.get_latest_materialization_event(AssetKey("made")).asset_materialization.metadata


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_files_stay_open_but_not_too_many_and_none_at_the_end(home: Path) -> None:
    with ours(home) as instance:
        runs = [materialize([made], instance=instance).run_id for _ in range(N_OPEN + 2)]
        assert {"runs.db", "index.db", f"{runs[-1]}.db"} <= open_files(home)
        assert f"{runs[0]}.db" not in open_files(home)
        assert len(open_files(home)) <= N_OPEN + 2
        assert instance.all_logs(runs[0])
    assert not open_files(home)
    assert not list((home / "history").rglob("*.db-wal")), "everything is in the files themselves"


def test_wiped_events_are_gone(home: Path) -> None:
    with ours(home) as instance:
        run_id = materialize([made], instance=instance).run_id
        instance.wipe()
        assert not instance.all_logs(run_id)
        assert materialize([made], instance=instance).success
