"""From tables of candidates to matrices, examples and rankings."""

import numpy as np
import pyarrow as pa
import pytest

from recsys_assets.ranking.candidate_tables import examples_from, feature_matrix, feature_names


@pytest.fixture
def rows():
    return pa.table(
        {
            "task": ["next"] * 5,
            "night": [1, 1, 1, 2, 2],
            "user_key": pa.array([4, 4, 9, 9, 9], pa.int32()),
            "item_key": pa.array([1, 2, 1, 2, 3], pa.int32()),
            "score": [0.1, 0.9, 0.5, 0.5, 0.7],
            "tie": [2, 1, 2, 1, 3],
            "user_n_events": pa.array([3.0, 3.0, None, 8.0, 8.0], pa.float32()),
            "taken": [True, False, False, True, False],
            "weight": pa.array([1, 3, 3, 1, 3], pa.int32()),
        }
    )


def test_features_are_all_columns_but_keys_outcomes_and_what_breaks_ties(rows):
    assert feature_names(rows.column_names) == ["score", "user_n_events"]


def test_what_is_unknown_is_nan_in_the_matrix(rows):
    matrix = feature_matrix(rows, ["user_n_events", "of_a_newer_night", "score"], np.array([3, 2]))
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix, np.array([[8, np.nan, 0.5], [np.nan, np.nan, 0.5]], dtype=np.float32))


def test_the_matrix_of_many_rows_and_columns_is_the_table():
    values = np.random.default_rng(3).random((40_000, 40)).astype(np.float32)
    names = [f"f{place}" for place in range(40)]
    table = pa.table(dict(zip(names, values.T, strict=True)))
    np.testing.assert_array_equal(feature_matrix(table, names), values)


def test_rows_of_one_night_and_user_are_one_list_of_examples(rows):
    examples = examples_from(rows)
    assert examples.names == ["score", "user_n_events"]
    assert examples.lists.tolist() == [1, 1, 2, 3, 3]
    assert examples.taken.tolist() == [True, False, False, True, False]
    assert examples.weights.tolist() == [1, 3, 3, 1, 3]
    assert examples_from(rows, ["user_n_events"]).features.shape == (5, 1)
