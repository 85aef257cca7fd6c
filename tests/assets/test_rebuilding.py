"""Nights built again: with other settings, older ones, and without MLflow's records."""

from datetime import timedelta

import duckdb
import pytest

from recsys_assets.assets.clean_log import TABLES
from recsys_assets.nights import cutoff
from recsys_assets.ranking import CONFIGURATIONS
from recsys_assets.storage.lake.partitions import LakeError
from tests.helpers.sample import HORIZON, NIGHTS

FIRST, SECOND, LAST = NIGHTS
ALGORITHMS = {"als", "buy_again", "item_knn", "popularity"}
SETTINGS = "recommendations.algorithm_settings"
CLEAN = [f"clean.{table}" for table in (*TABLES, "promotions")]
GRADES = ["grades.judged_published", "grades.published", "grades.beyond_accuracy", "grades.summary"]


def files(deployment):
    """Every file of lake, models and releases."""
    return {
        str(path.relative_to(deployment.folder))
        for stage in ("lake", "models", "releases")
        for path in (deployment.folder / stage).rglob("*")
        if path.suffix != ".lock"
    }


def status(deployment, night):
    return {(algorithm, status) for algorithm, status in deployment.rows("grades.summary", night, "algorithm, status")}


def test_a_night_built_again_without_mlflows_records_writes_nothing(built, tmp_path):
    """The same inputs give the same tables, and MLflow is never asked."""
    again = built.copy(tmp_path / "again")
    (again.folder / "mlflow.db").unlink()
    again.build(LAST, checks=False)
    assert again.content() == built.content()
    assert files(again) == files(built)
    assert (again.folder / "mlflow.db").exists()


def test_a_backfilled_night_is_graded_as_rebuilt_and_never_published(built, tmp_path):
    deployment = built.copy(tmp_path / "rebuilt")
    release = (deployment.folder / "recsys.duckdb").readlink()
    shorter = deployment.profile.model_copy(update={"list_length": 15})
    deployment.build(SECOND, profile=shorter, only=["recommendations.lists", "releases.published"])
    assert deployment.lake.partition("recommendations.lists", SECOND).sequence == 2
    assert (deployment.folder / "recsys.duckdb").readlink() == release
    assert len(list((deployment.folder / "releases").glob(f"{SECOND}-*"))) == 2

    before = deployment.content()
    deployment.build(LAST, only=GRADES)
    assert status(deployment, LAST) == {(name, "rebuilt") for name in {"published", *ALGORITHMS, *CONFIGURATIONS}}
    changed = {name for name, content in deployment.content().items() if before[name] != content}
    assert {f"grades.published {LAST}", f"grades.summary {LAST}"} <= changed
    assert all(name.startswith("grades.") for name in changed)


def test_other_candidates_under_the_published_lists_are_graded_as_rebuilt(built, tmp_path):
    deployment = built.copy(tmp_path / "rebuilt")
    settings = deployment.profile.algorithms | {"popularity": {"n_candidates": 30}}
    fewer = deployment.profile.model_copy(update={"algorithms": settings})
    deployment.build(SECOND, profile=fewer, only=[SETTINGS, "models.popularity", "candidates.popularity"])
    deployment.build(LAST, only=["grades.summary"])
    kept = {"published", *ALGORITHMS, *CONFIGURATIONS} - {"popularity"}
    assert status(deployment, LAST) == {("popularity", "rebuilt")} | {(name, "published") for name in kept}


def test_a_night_whose_catalogue_was_restated_is_built_again_though_its_models_are_the_same(built, tmp_path):
    deployment, products = built.copy(tmp_path / "restated"), tmp_path / "products.parquet"
    with duckdb.connect() as con:
        con.execute(
            "copy (select * replace ('new ' || product_type as product_type) "
            f"from '{built.files}/products.parquet' order by all) to '{products}'"
        )
    assert deployment.invoke("land", "--history", "--restate", products).exit_code == 0
    assert deployment.lake.built_nights() == []
    deployment.build(FIRST, only=[*CLEAN, SETTINGS, "models.popularity", "candidates.popularity"])
    titles = {title[:4] for (title,) in deployment.rows("clean.item_versions", FIRST, "title") if title}
    assert titles == {"new "}
    for name in (f"candidates.popularity {FIRST}", f"models/popularity/night={FIRST}"):
        assert deployment.content()[name] == built.content()[name]


def test_a_night_whose_past_is_lost_says_so(built, tmp_path):
    deployment = built.copy(tmp_path / "lost")
    lost = deployment.lake.partition("clean.item_keys", FIRST).path
    lost.unlink()
    with pytest.raises(LakeError, match=f"clean.item_keys {FIRST} was built and used by an earlier night"):
        deployment.build(LAST + timedelta(days=1), only=CLEAN)


def test_mlflow_holds_a_run_per_model_and_night_with_the_grades_of_its_lists(built):
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{built.folder / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("sample")
    runs = {
        (run.data.tags["algorithm"], run.data.tags["night"]): run
        for run in client.search_runs([experiment.experiment_id])
    }
    rerankers = {f"reranker_{task}" for task in built.profile.tasks}
    assert set(runs) == {(name, str(night)) for name in ALGORITHMS | rerankers for night in NIGHTS}
    for (name, night), run in runs.items():
        assert run.data.params["cutoff"] == str(cutoff(NIGHTS[[str(n) for n in NIGHTS].index(night)]))
        assert run.data.params["watermark"] < run.data.params["cutoff"]
        inputs = "input.recommendations.examples" if name in rerankers else "input.clean.events"
        assert f"newest {night} " in run.data.tags[inputs]
    for grading in (SECOND, LAST):
        rows = built.rows("grades.summary", grading, "algorithm, task, metric, k, mean, users")
        for algorithm, task, metric, k, mean, users in rows:
            reranked = algorithm.startswith("reranker")
            if users == "known" and (reranked or algorithm in ALGORITHMS):
                run = runs[f"reranker_{task}" if reranked else algorithm, str(grading - timedelta(days=HORIZON))]
                name = f"{algorithm if reranked else task}.{metric}_at_{k}"
                assert run.data.metrics[name] == mean
    assert not [name for name in runs["als", str(LAST)].data.metrics if name.startswith("next.")]
