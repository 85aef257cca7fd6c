"""MLflow's registered models: who is champion and challenger of a task, told by each night's decision."""

from datetime import date
from types import SimpleNamespace

import pytest

from recsys_assets.assets.registered import contenders, register

OLDER, NEWER = date(2017, 10, 31), date(2017, 11, 7)


def row(configuration, difference=None, champion=False, incumbent="blend"):
    figures = {
        "low": None,
        "high": None,
        "p_corrected": None,
        "n_user_nights": 5,
        "reason": "leads" if champion else None,
    }
    return {
        "configuration": configuration,
        "incumbent": incumbent,
        "is_champion": champion,
        "difference": difference,
        **figures,
    }


def names(rows):
    return {alias: each["configuration"] for alias, each in contenders(rows).items()}


def test_the_challenger_is_the_best_of_the_others():
    rows = [row("als", -0.1), row("blend", champion=True), row("fusion", -0.01), row("reranker", -0.002)]
    assert names(rows) == {"champion": "blend", "challenger": "reranker"}


def test_the_champion_so_far_may_be_the_challenger():
    rows = [row("als", -0.1), row("blend"), row("fusion", -0.01), row("reranker", 0.004, champion=True)]
    assert names(rows) == {"champion": "reranker", "challenger": "blend"}


def test_what_was_never_graded_challenges_nobody():
    assert names([row("als"), row("blend", champion=True)]) == {"champion": "blend"}
    assert names([]) == {}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}")


def test_aliases_follow_the_newest_night_and_telling_twice_changes_nothing(client, tmp_path):
    profile = SimpleNamespace(name="shop", folder=tmp_path)

    def tell(night, *rows):
        return register(client, profile, night, "next", list(rows), lambda configuration: None)

    def aliases():
        found = client.get_registered_model("shop_next").aliases
        tags = {alias: client.get_model_version("shop_next", version).tags for alias, version in found.items()}
        return {alias: (each["configuration"], each["night"]) for alias, each in tags.items()}

    first = (row("blend", champion=True), row("als", -0.1))
    for _ in range(2):
        assert tell(OLDER, *first) == {"champion": "blend", "challenger": "als"}
    assert len(client.search_model_versions("name = 'shop_next'")) == 2
    tell(NEWER, row("blend"), row("reranker", 0.01, champion=True))
    now = {"champion": ("reranker", str(NEWER)), "challenger": ("blend", str(NEWER))}
    assert aliases() == now
    assert tell(OLDER, *first) == {}, "a backfilled night moves no alias back"
    assert aliases() == now
    tell(NEWER, row("reranker", champion=True, incumbent="reranker"))
    assert aliases() == {"champion": ("reranker", str(NEWER))}
