"""Weights by name: learned from judged proposals, and as given before there are any."""

import pyarrow as pa
import pytest

from recsys_assets.ranking.fusion_weights import MEMORY, averaged, leaders, weights_by_name

COLUMNS = {
    "user_key": pa.int32(),
    "algorithm": pa.string(),
    "rank": pa.int32(),
    "item_index": pa.int32(),
    "is_relevant": pa.bool_(),
    "n_relevant": pa.int32(),
}
NOTHING = pa.schema(COLUMNS.items()).empty_table()


def test_before_the_first_grades_they_are_those_given():
    assert weights_by_name(NOTHING, {"als": 3.0, "knn": 1.0}, rrf_k=2) == ({"als": 0.75, "knn": 0.25}, {}, 0)


def test_if_all_given_are_zero_they_are_alike():
    assert weights_by_name(NOTHING, {"als": 0.0, "knn": 0.0}, rrf_k=2) == ({"als": 0.5, "knn": 0.5}, {}, 0)


def test_an_algorithm_that_finds_what_is_taken_counts_more():
    rows = [
        {
            "user_key": user,
            "algorithm": algorithm,
            "rank": rank,
            "item_index": 10 * rank + (algorithm == "knn"),
            "is_relevant": algorithm == "knn" and rank == 1,
            "n_relevant": 1,
        }
        for user in range(40)
        for algorithm in ("als", "knn")
        for rank in (1, 2, 3)
    ]
    weights, ndcg, n_lists = weights_by_name(
        pa.Table.from_pylist(rows, schema=pa.schema(COLUMNS.items())), {"als": 1.0, "knn": 1.0, "silent": 1.0}, rrf_k=2
    )
    assert n_lists == 40
    assert list(weights) == ["als", "knn", "silent"]
    assert sum(weights.values()) == pytest.approx(1)
    assert weights["knn"] > weights["als"]
    assert ndcg == {"als": 0.0, "knn": 1.0, "silent": 0.0}


def test_nights_are_averaged_by_their_lists_and_the_older_the_less():
    assert averaged([("als", 0.75, 10, 0.0), ("knn", 0.25, 10, 0.0)]) == {"als": 0.75, "knn": 0.25}
    tonight = [("als", 1.0, 100, 0.0), ("knn", 0.0, 100, 0.0)]
    before = [("als", 0.0, 100, 2.0), ("knn", 1.0, 100, 2.0)]
    old = MEMORY**2 / (1 + MEMORY**2)
    assert averaged(tonight + before) == pytest.approx({"als": 1 - old, "knn": old})


def test_a_night_with_few_users_hardly_moves_the_weights():
    few = [("als", 1.0, 3, 0.0), ("knn", 0.0, 3, 0.0)]
    many = [("als", 0.2, 1_000, 1.0), ("knn", 0.8, 1_000, 1.0)]
    assert averaged(few + many)["als"] == pytest.approx(0.2, abs=0.01)


def test_an_algorithm_is_averaged_over_the_nights_that_had_it():
    nights = [("als", 0.5, 10, 0.0), ("new", 0.5, 10, 0.0), ("als", 1.0, 10, 0.0)]
    assert averaged(nights) == pytest.approx({"als": 0.6, "new": 0.4})


def test_who_was_ahead_most_leads_also_where_nights_are_not_alike():
    easy = [("als", 0.50, 100, 0.0), ("knn", 0.49, 100, 0.0)]
    hard = [("als", 0.10, 100, 1.0), ("knn", 0.15, 100, 1.0)]
    assert leaders(easy) == ["als", "knn"]
    assert leaders(easy + hard) == ["knn", "als"]
    few = [("als", 0.10, 2, 1.0), ("knn", 0.15, 2, 1.0)]
    assert leaders(easy + few) == ["als", "knn"]
    joined = [("als", 0.20, 100, 0.0), ("new", 0.25, 100, 0.0), ("als", 0.60, 100, 1.0), ("knn", 0.50, 100, 1.0)]
    assert leaders(joined)[0] == "new", "it is not judged by a harder night"


def test_of_equals_the_first_by_name_lead_and_of_nobody_none():
    assert leaders([(name, 0.5, 10, 0.0) for name in "dbac"]) == ["a", "b", "c"]
    assert leaders([]) == []
