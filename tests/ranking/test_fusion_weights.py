"""Weights by name: learned from judged proposals, and as given before there are any."""

import pyarrow as pa
import pytest

from recsys_assets.ranking.fusion_weights import weights_by_name

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
    assert weights_by_name(NOTHING, {"als": 3.0, "knn": 1.0}, rrf_k=2) == ({"als": 0.75, "knn": 0.25}, 0)


def test_if_all_given_are_zero_they_are_alike():
    assert weights_by_name(NOTHING, {"als": 0.0, "knn": 0.0}, rrf_k=2) == ({"als": 0.5, "knn": 0.5}, 0)


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
    weights, n_lists = weights_by_name(
        pa.Table.from_pylist(rows, schema=pa.schema(COLUMNS.items())), {"als": 1.0, "knn": 1.0, "silent": 1.0}, rrf_k=2
    )
    assert n_lists == 40
    assert list(weights) == ["als", "knn", "silent"]
    assert sum(weights.values()) == pytest.approx(1)
    assert weights["knn"] > weights["als"]
