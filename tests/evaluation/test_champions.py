"""Of the rankings the one that leads is served, and an algorithm by itself where it is better beyond chance."""

import numpy as np
import pyarrow as pa
import pytest

from recsys_assets.evaluation.champions import Challenges, decide, decide_by_task

RANKINGS = ("fusion", "reranker")


def challenges(n_users=400, nights=2, **means):
    """Lists with such mean differences to the champion so far, of users that were graded on every night."""
    rng, names = np.random.default_rng(1), sorted(means)
    noise = rng.normal(0, 0.1, (n_users, len(names)))
    differences = noise - noise.mean(axis=0) + [means[name] for name in names]
    n = np.full(differences.shape, nights)
    return Challenges(names, differences * nights, n, dict.fromkeys(names, nights))


def served(incumbent, beside):
    rows = decide(incumbent, beside.names, beside, RANKINGS, seed=0)
    (champion,) = [row for row in rows if row["is_champion"]]
    assert champion["reason"]
    assert all(row["reason"] is None for row in rows if not row["is_champion"])
    return champion["configuration"]


def test_the_champion_stays_where_nothing_was_graded():
    none = Challenges([], np.empty((0, 0)), np.empty((0, 0), dtype=np.int64), {})
    rows = decide("fusion", ["reranker", "als"], none, RANKINGS, seed=0)
    assert [(row["configuration"], row["is_champion"]) for row in rows] == [
        ("als", False),
        ("fusion", True),
        ("reranker", False),
    ]
    assert all(row["difference"] is None and row["n_user_nights"] == 0 for row in rows)


@pytest.mark.parametrize(("mean", "winner"), [(0.02, "reranker"), (0.0001, "reranker"), (-0.0001, "fusion")])
def test_of_the_rankings_the_one_with_the_best_mean_is_served(mean, winner):
    assert served("fusion", challenges(reranker=mean)) == winner


def few(n_users, **means):
    """Lists that so many users graded once, each exactly so far from the champion so far."""
    names = sorted(means)
    ones = np.ones((n_users, len(names)))
    return Challenges(names, ones * [means[name] for name in names], ones.astype(int), dict.fromkeys(names, 1))


@pytest.mark.parametrize(("n_users", "winner"), [(20, "blend"), (99, "blend"), (101, "reranker"), (2_000, "reranker")])
def test_the_blend_is_served_until_as_many_users_say_otherwise(n_users, winner):
    """100 users at a head start of .01 weigh as much as 100 at .01."""
    rankings = (*RANKINGS, "blend")
    for incumbent, beside in (
        ("fusion", few(n_users, reranker=0.03, blend=0.02)),
        ("blend", few(n_users, reranker=0.01, fusion=-0.02)),
        ("reranker", few(n_users, blend=-0.01, fusion=-0.03)),
    ):
        rows = decide(incumbent, beside.names, beside, rankings, seed=0)
        (champion,) = [row for row in rows if row["is_champion"]]
        assert champion["configuration"] == winner
        assert ("its head start" in champion["reason"]) is (winner == "blend")


def test_an_algorithm_must_be_better_than_the_leading_ranking_beyond_chance():
    assert served("fusion", challenges(reranker=0.02, als=0.06)) == "als"
    assert served("fusion", challenges(reranker=0.02, als=0.021)) == "reranker", "by luck"
    assert served("fusion", challenges(reranker=0.02, als=-0.06)) == "reranker"
    assert served("fusion", challenges(als=0.06, knn=0.09)) == "knn", "of several the best"


def test_one_night_is_not_enough_for_an_algorithm():
    assert served("fusion", challenges(nights=1, als=0.06)) == "fusion"


def test_more_algorithms_need_stronger_evidence():
    few, many = {"als": 0.0125}, {"als": 0.0125} | {f"x{i}": -0.001 * i for i in range(30)}
    assert served("fusion", challenges(**few)) == "als"
    assert served("fusion", challenges(**many)) == "fusion"


def test_an_algorithm_stays_only_as_long_as_it_is_better_than_every_ranking():
    assert served("als", challenges(fusion=-0.05, reranker=-0.04)) == "als"
    assert served("als", challenges(fusion=-0.05, reranker=-0.0001)) == "reranker"


def test_an_algorithm_is_held_against_the_ranking_on_the_nights_that_graded_both():
    """Nobody was graded under both, so nothing speaks for it."""
    beside = challenges(reranker=0.01, als=0.5)
    apart = beside._replace(n=beside.n.copy())
    apart.n[:200, 0] = 0  # als
    apart.n[200:, 1] = 0  # the reranker
    assert served("fusion", apart) == "reranker"


def test_the_mean_is_over_user_nights():
    beside = Challenges(["reranker"], np.array([[0.3], [0.1]]), np.array([[2], [1]]), {"reranker": 2})
    (_, row) = decide("fusion", ["reranker"], beside, RANKINGS, seed=0)
    assert row["difference"] == pytest.approx(0.4 / 3)
    assert (row["n_users"], row["n_user_nights"]) == (2, 3)
    assert row["low"] <= row["difference"] <= row["high"]


def test_each_task_has_a_champion_of_its_own():
    """In `next` the reranker was better for every user; in `discovery` it was never graded."""
    better = [
        {"task": "next", "configuration": "reranker", "incumbent": "fusion", "user_key": user}
        | {"difference": 0.05 + user / 1e4, "n_nights": 1, "n_graded_nights": 1}
        for user in range(200)
    ]
    nothing = dict.fromkeys(("user_key", "difference", "n_nights", "n_graded_nights"))
    untested = [
        {"task": task, "configuration": name, "incumbent": "fusion", **nothing}
        for task, name in (("discovery", "fusion"), ("discovery", "reranker"), ("next", "fusion"))
    ]
    rows = decide_by_task(pa.Table.from_pylist(better + untested), RANKINGS, seed=0)
    assert [(row["task"], row["configuration"]) for row in rows if row["is_champion"]] == [
        ("discovery", "fusion"),
        ("next", "reranker"),
    ]
    assert [row["n_users"] for row in rows] == [0, 0, 0, 200]
