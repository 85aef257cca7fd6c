"""A step is found by its place and becomes an asset; what several steps share is read once."""

import sys

import numpy as np
import pytest

from recsys_assets.assets import steps
from recsys_assets.assets.training import TrainingData, reads
from recsys_assets.storage.lake.provenance import provenance
from recsys_jobs.run import dagster_instance
from tests.helpers.blocks import blocks
from tests.helpers.committed import PROJECT
from tests.helpers.sample import NIGHTS

FIRST, _, LAST = NIGHTS


@pytest.fixture
def clusters(tmp_path, monkeypatch):
    """The package of the steps with the worked example of CONTRIBUTING.md."""
    (example,) = [block for block in blocks(PROJECT / "CONTRIBUTING.md") if block.label.endswith("user_clusters.py`")]
    (tmp_path / "user_clusters.py").write_text(example.text)
    monkeypatch.setattr(steps, "__path__", [*steps.__path__, str(tmp_path)])
    yield
    sys.modules.pop("recsys_assets.assets.steps.user_clusters", None)


def test_a_step_made_by_python_is_an_asset_by_its_place(built, clusters, tmp_path):
    deployment = built.copy(tmp_path / "data")
    deployment.build(LAST, only=["segments.user_clusters"])
    rows = deployment.rows("segments.user_clusters", LAST)
    assert [user for user, _ in rows] == [user for (user,) in deployment.rows("features.user", LAST, "user_key")]
    assert {cluster for _, cluster in rows} == {0, 1, 2, 3}
    about = provenance(deployment.lake.partition("segments.user_clusters", LAST).path)
    assert about.inputs == {"features.user": {LAST: deployment.lake.partition("features.user", LAST).fingerprint}}
    with deployment.active(), dagster_instance() as instance:
        from dagster import AssetKey

        event = instance.get_latest_materialization_event(AssetKey(["segments", "user_clusters"]))
        page = event.asset_materialization.metadata
    assert page["dagster/row_count"].value == len(rows)
    assert page["Clusters"].value.startswith("| cluster | users |")
    assert [column.name for column in page["columns"].value.columns] == ["user_key", "cluster"]


def test_training_data_is_read_once_as_long_as_the_same_files_are_shown(built):
    data, nothing, baskets = TrainingData(), frozenset[str](), frozenset({"baskets"})
    with built.active():
        with built.lake.as_of(LAST, reads(nothing)) as snapshot:
            first = data.interactions(snapshot)
        with built.lake.as_of(LAST, reads(baskets)) as snapshot:
            again = data.interactions(snapshot, baskets)
        with built.lake.as_of(FIRST, reads(nothing)) as snapshot:
            earlier = data.interactions(snapshot)
    assert again.users is first.users
    assert first.baskets is None
    assert len(again.baskets) == len(first.users)
    assert len(earlier.users) < len(first.users)


def test_indices_are_kept_for_the_lists_of_all_algorithms(built):
    from recsys_assets.assets.training import INDEX_READS

    data = TrainingData()
    with built.active():
        with built.lake.as_of(LAST, INDEX_READS) as snapshot:
            first = data.indices(snapshot)
        with built.lake.as_of(LAST, INDEX_READS) as snapshot:
            assert data.indices(snapshot) is first
        with built.lake.as_of(FIRST, INDEX_READS) as snapshot:
            earlier = data.indices(snapshot)
    assert set(earlier.item_keys) < set(first.item_keys)
    assert np.all(np.sort(first.item_keys) == np.arange(len(first.item_keys)))
