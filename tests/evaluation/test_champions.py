"""A champion stays until a challenger was better on the same user-nights."""

import numpy as np
import pyarrow as pa
import pytest

from recsys_assets.evaluation.champions import Challenge, decide, decide_by_task


def challenge(mean, n_users=400, spread=0.1, seed=1):
    differences = np.random.default_rng(seed).normal(0, spread, n_users)
    return Challenge(differences - differences.mean() + mean, np.ones(n_users, dtype=np.int64))


def champion(rows):
    (name,) = [row["configuration"] for row in rows if row["is_champion"]]
    return name


def test_the_champion_stays_without_evidence():
    none = Challenge(np.empty(0), np.empty(0, dtype=np.int64))
    rows = decide("fusion", {"reranker": none}, seed=0)
    assert champion(rows) == "fusion"
    assert [row["configuration"] for row in rows] == ["fusion", "reranker"]
    assert all(row["difference"] is None and row["n_user_nights"] == 0 for row in rows)


@pytest.mark.parametrize(("mean", "winner"), [(0.02, "reranker"), (-0.02, "fusion"), (0.002, "fusion")])
def test_a_challenger_wins_if_it_is_better_beyond_chance(mean, winner):
    rows = decide("fusion", {"reranker": challenge(mean)}, seed=0)
    assert champion(rows) == winner
    assert rows[1]["difference"] == pytest.approx(mean)
    assert rows[1]["low"] < mean < rows[1]["high"]


def test_of_several_the_one_that_gains_most_wins():
    rows = decide("fusion", {"a": challenge(0.03), "b": challenge(0.05, seed=2), "c": challenge(-0.1)}, seed=0)
    assert champion(rows) == "b"


def test_more_challengers_need_stronger_evidence():
    one = challenge(0.0108)
    alone = decide("fusion", {"a": one}, seed=0)
    among_many = decide("fusion", {"a": one} | {f"x{i}": challenge(0, seed=9 + i) for i in range(9)}, seed=0)
    (p,) = [row["p"] for row in alone if row["configuration"] == "a"]
    assert 0.05 / 10 < p <= 0.05
    assert (champion(alone), champion(among_many)) == ("a", "fusion")


def test_the_mean_is_over_user_nights():
    twice = Challenge(np.array([0.3, 0.1]), np.array([2, 1]))
    (_, row) = decide("fusion", {"reranker": twice}, seed=0)
    assert row["difference"] == pytest.approx(0.4 / 3)
    assert (row["n_users"], row["n_user_nights"]) == (2, 3)


def test_each_task_has_a_champion_of_its_own():
    """In `next` the reranker was better for every user; in `discovery` it was never graded."""
    better = [
        {"task": "next", "configuration": "reranker", "incumbent": "fusion", "user_key": user}
        | {"difference": 0.05 + user / 1e4, "n_nights": 1}
        for user in range(200)
    ]
    untested = [
        {
            "task": task,
            "configuration": name,
            "incumbent": "fusion",
            "user_key": None,
            "difference": None,
            "n_nights": None,
        }
        for task, name in (("discovery", "fusion"), ("discovery", "reranker"), ("next", "fusion"))
    ]
    rows = decide_by_task(pa.Table.from_pylist(better + untested), seed=0)
    assert [(row["task"], row["configuration"]) for row in rows if row["is_champion"]] == [
        ("discovery", "fusion"),
        ("next", "reranker"),
    ]
    assert [row["n_users"] for row in rows] == [0, 0, 0, 200]
