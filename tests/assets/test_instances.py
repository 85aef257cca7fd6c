"""One algorithm, several memories: instances of it are fitted, listed, graded and shown under their own names."""

import pytest

from recsys_assets.assets.making import opened, save
from recsys_assets.assets.steps import algorithm_settings, candidates, models
from recsys_assets.selects.files import SQL_FOLDER, TableName, load_select
from recsys_assets.storage.lake.snapshot import Snapshot
from recsys_assets.storage.models import Models
from tests.helpers import sample
from tests.helpers.sample import NIGHTS
from tests.helpers.shop import day, line, night, product, stocked

FIRST, SECOND, _ = NIGHTS
BOTH = {
    "days": {"algorithm": "popularity", "half_life_days": 1},
    "months": {"algorithm": "popularity", "half_life_days": 60},
}


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Six users took p1 ten days before night 20; two of them took p2 on its last noon."""
    shop = stocked(tmp_path, monkeypatch, algorithms=BOTH, tasks=["next"])
    shop.land("products.parquet", [product("p1"), product("p2")], day(1))
    shop.land("transactions_1.csv", [line(f"u{user}", "p1", day(10)) for user in range(6)], day(11))
    shop.land("transactions_2.csv", [line(f"u{user}", "p2", day(20)) for user in range(2)], day(20, 13))
    shop.build(20)
    return shop


def make(shop, steps):
    """Make every step as the night would, without an orchestrator; what models are fitted with first."""
    for step in [*algorithm_settings.steps(shop.profile), *steps]:
        with opened(shop.profile, step, night(20), "run") as snapshot:
            save(snapshot, step, step.make(snapshot), "code")


def lists(shop, name):
    """Each user's items and scores of one instance, ids as delivered."""
    items = shop.ids("item", 20)
    with shop.lake.as_of(night(20), [TableName("candidates", name)]) as snapshot:
        rows = snapshot.table(f"from candidates.{name} order by user_key, rank").to_pylist()
    assert {row["algorithm"] for row in rows} == {name}
    return [(row["user_key"], items[row["item_key"]], row["score"]) for row in rows]


def test_a_short_memory_lists_what_is_new_and_a_long_one_what_many_took(shop):
    make(shop, models.steps(shop.profile))
    make(shop, candidates.steps(shop.profile))
    # Half a day and ten and a half days old: with a half-life of a day that is 2 * 2^-.5 and 6 * 2^-10.5.
    users = sorted(shop.ids("user", 20))
    for name, days, first, second in (("days", 1, "p2", "p1"), ("months", 60, "p1", "p2")):
        score = {"p1": 6 * 0.5 ** (10.5 / days), "p2": 2 * 0.5 ** (0.5 / days)}
        expected = [(user, item, pytest.approx(score[item])) for user in users for item in (first, second)]
        assert lists(shop, name) == expected


def test_models_of_instances_lie_apart_and_are_the_same_each_time(shop):
    make(shop, models.steps(shop.profile))
    fingerprints = {model.algorithm: model.fingerprint for model in Models(shop.profile).all()}
    assert fingerprints.keys() == BOTH.keys()
    assert Models(shop.profile).get("days", night(20)).provenance.settings["half_life_days"] == 1
    turned = shop.profile.model_copy(update={"algorithms": dict(reversed(BOTH.items()))})
    assert turned.fingerprint == shop.profile.fingerprint
    make(shop, models.steps(turned))
    assert {model.algorithm: model.fingerprint for model in Models(shop.profile).all()} == fingerprints


def test_events_are_read_once_for_all_instances(shop, monkeypatch):
    asked, table = [], Snapshot.table
    monkeypatch.setattr(Snapshot, "table", lambda self, query, *rest: asked.append(query) or table(self, query, *rest))
    make(shop, models.steps(shop.profile))
    assert asked.count(load_select(SQL_FOLDER / "training" / "interactions.sql").text) == 1


INSTANCES = """[algorithms.popularity]
[algorithms.hits]
algorithm = "popularity"
title = "Hits of the day"
half_life_days = 1
[algorithms.als_7d]
algorithm = "als"
factors = 16
iterations = 5
decay_days = 7
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_whole_nights_know_instances_by_their_names(tmp_path):
    settings = {"[algorithms.popularity]": INSTANCES, "audit": 'audit = "sample"'}
    deployment = sample.new(tmp_path / "instances", settings=settings)
    deployment.land()
    unaudited = deployment.profile.model_copy(update={"audit": "off"})
    deployment.build(FIRST, profile=unaudited, checks=False)
    deployment.build(SECOND)
    mine = {"hits", "als_7d"}
    graded = deployment.rows("grades.summary", SECOND, "distinct algorithm")
    assert mine <= {name for (name,) in graded}
    weights = deployment.rows("recommendations.fusion_weights", SECOND, "algorithm, title, weight")
    assert {title for name, title, _ in weights if name == "hits"} == {"Hits of the day"}
    assert {title for name, title, _ in weights if name == "als_7d"} == {
        "To your taste (factors 16, iterations 5, decay 7 days)"
    }
    features = deployment.rows("recommendations.examples", SECOND, "hits_rank, hits_score, als_7d_rank, als_7d_score")
    assert {score is not None for _, score, *_ in features} == {True, False}
    reasons = deployment.released("select distinct reason_algorithm, reason_text from serving.recommendations")
    assert ("als_7d", 'proposed by "To your taste (factors 16, iterations 5, decay 7 days)"') in reasons
    for command in ("costs", "status", "check"):
        told = deployment.invoke(command, *(() if command == "status" else ("--night", SECOND)))
        assert told.exit_code == 0, told.output
        assert command == "status" or mine <= {name for name in mine if name in told.output}
    assert [folder.name for folder in deployment.folder.glob("models/hits/*")]
