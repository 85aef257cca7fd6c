"""The code location: light to load, complete, and as it was meant."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from dagster import AssetKey, DefaultScheduleStatus, DefaultSensorStatus, FreshnessPolicy

from recsys_assets.assets.step import STAGES
from recsys_assets.profile import PROJECT
from recsys_assets.profile_file import load_profile
from recsys_jobs.definitions import build_definitions
from tests.jobs import graph

HEAVY = ("duckdb", "implicit", "matplotlib", "mlflow", "numpy", "pandas", "pyarrow", "scipy", "sklearn")


@pytest.fixture(scope="module")
def definitions():
    return build_definitions(load_profile("complete_journey"))


def test_loading_the_definitions_stays_light():
    code = (
        "import sys, recsys_jobs.definitions; "
        f"print(*sorted(set({HEAVY}) & {{name.partition('.')[0] for name in sys.modules}}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=100, check=True
    )
    assert done.stdout.split() == []


def test_the_asset_graph_is_as_it_was_meant():
    actual, meant = graph.graph(), json.loads(graph.SNAPSHOT.read_text())
    assert actual == meant, f"if this change is wanted, renew the snapshot: {graph.__doc__}"
    assert graph.text() == graph.SNAPSHOT.read_text()


def test_every_asset_tells_people_what_it_is():
    for asset, spec in graph.specs().items():
        assert spec.group_name in STAGES, asset
        assert spec.kinds, asset
        assert spec.owners, asset
        assert spec.description, asset
        assert len(spec.description) > 30, asset


def test_the_graph_reads_from_left_to_right():
    """Within a night no stage needs a later one, so Dagster can draw the groups in the order of the stages."""
    assets = graph.graph()
    for asset, entry in assets.items():
        same_night = [dep for dep in entry["deps"] if "@" not in dep]
        earlier = {STAGES.index(assets[dep]["group"]) for dep in same_night}
        assert max(earlier, default=0) <= STAGES.index(entry["group"]), asset


def test_only_landing_is_without_partitions():
    whole = {asset for asset, spec in graph.specs().items() if spec.partitions_def is None}
    assert whole == {"raw.demographics", "raw.products", "raw.promotions", "raw.transactions"}


def test_what_is_learned_comes_before_what_uses_it():
    """Order within a night: grades, then what learns from them, then recommendations, then the release."""
    deps = {asset: set(entry["deps"]) for asset, entry in graph.graph().items()}
    assert "recommendations.lists @N-7" in deps["grades.judged_published"]
    assert "candidates.als @N-7" in deps["grades.judged_candidates"]
    assert {"grades.relevant", "candidates.als @N-7"} <= deps["recommendations.fusion_weights"]
    assert "recommendations.fusion_weights" in deps["recommendations.candidates"]
    assert {"recommendations.candidates @N-7", "features.item @N-7", "grades.relevant"} <= deps[
        "recommendations.examples"
    ]
    assert "recommendations.examples" in deps["models.reranker_next"]
    assert {"models.reranker_next", "recommendations.candidates"} <= deps["recommendations.rankings"]
    assert {"recommendations.rankings", "grades.candidates"} <= deps["recommendations.champions"]
    assert {"recommendations.rankings", "recommendations.champions"} <= deps["recommendations.lists"]
    assert {"recommendations.lists", "grades.summary"} <= deps["releases.published"]
    readers = {asset for asset, read in deps.items() if any(dep.startswith("tracking.") for dep in read)}
    assert readers == set(), "a night asks MLflow"


def test_the_jobs_cover_every_asset_once(definitions):
    nightly = definitions.resolve_job_def("nightly")
    land = definitions.resolve_job_def("land")
    nightly_assets = {graph.name(key) for key in nightly.asset_layer.executable_asset_keys}
    landed = {graph.name(key) for key in land.asset_layer.executable_asset_keys}
    tuned = {"models.tuned_settings", "models.trials"}
    assert nightly_assets | landed | tuned == set(graph.specs())
    assert landed == {"raw.demographics", "raw.products", "raw.promotions", "raw.transactions"}
    assert not nightly_assets & landed
    assert not nightly_assets & tuned, "a night would be tuned by what it is"
    assert {graph.name(key) for key in definitions.resolve_job_def("tune").asset_layer.executable_asset_keys} == tuned


def test_runs_of_a_profile_take_turns_by_a_tag(definitions):
    for job in ("land", "nightly"):
        assert definitions.resolve_job_def(job).tags["recsys/profile"] == "complete_journey"


def test_the_partitions_of_nightly_are_the_profiles_nights(definitions):
    partitions = definitions.resolve_job_def("nightly").partitions_def
    profile = load_profile("complete_journey")
    keys = partitions.get_partition_keys()
    assert (keys[0], keys[-1]) == (str(profile.first_night), str(profile.last_night))
    assert partitions.timezone == "UTC"


def test_the_release_of_a_live_shop_is_overdue_some_hours_after_the_next_close(definitions):
    live = load_profile("complete_journey").model_copy(update={"last_night": None, "late_after_hours": 3.0})
    policies = {}
    for name, defs in (("history", definitions), ("live", build_definitions(live))):
        node = defs.resolve_asset_graph().get(AssetKey(["releases", "published"]))
        policies[name] = node.freshness_policy_or_from_metadata
    assert policies["history"] is None
    assert policies["live"] == FreshnessPolicy.time_window(fail_window=timedelta(hours=27))


def test_schedules_and_sensors_run_without_being_switched_on(definitions):
    assert definitions.resolve_schedule_def("nightly_at_close").default_status == DefaultScheduleStatus.RUNNING
    for name in ("landing_inbox", "troubles"):
        assert definitions.resolve_sensor_def(name).default_status == DefaultSensorStatus.RUNNING
