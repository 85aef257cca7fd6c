"""Grades per user out of judged lists, and their means."""

import pyarrow as pa
import pytest

from recsys_assets.evaluation.metrics import METRICS
from recsys_assets.evaluation.user_grades import CUTS, USER_GRADE, grades_by_user, mean_grades

LISTS = pa.table({"task": ["next", "next"], "algorithm": ["als", "knn"]})
HITS = pa.table(
    {"task": ["next"] * 2, "algorithm": ["als"] * 2, "user_key": pa.array([3, 3], pa.int32()), "rank": [1, 5]}
)
USERS = pa.table(
    {
        "task": ["next", "next", "discovery"],
        "user_key": pa.array([3, 7, 3], pa.int32()),
        "n_relevant": pa.array([2, 1, 1], pa.int32()),
        "is_cold_user": [False, True, False],
    }
)


@pytest.fixture(scope="module")
def grades():
    return grades_by_user(LISTS, HITS, USERS)


def test_every_list_grades_every_user_of_its_task_at_every_cut(grades):
    assert grades.column_names == ["task", "algorithm", "user_key", "k", "n_relevant", "is_cold_user", *METRICS]
    keys = {tuple(row[name] for name in USER_GRADE) for row in grades.to_pylist()}
    assert keys == {("next", name, user, k) for name in ("als", "knn") for user in (3, 7) for k in CUTS}
    assert grades.num_rows == len(keys)


def test_hits_count_from_their_rank_on_and_a_user_without_a_list_counts_with_zeros(grades):
    recall = {(row["algorithm"], row["user_key"], row["k"]): row["recall"] for row in grades.to_pylist()}
    assert [recall["als", 3, k] for k in CUTS] == [0.5, 1, 1, 1]
    assert {value for (name, user, _), value in recall.items() if (name, user) != ("als", 3)} == {0}


def test_what_is_known_of_the_user_stands_beside(grades):
    assert {(row["user_key"], row["n_relevant"], row["is_cold_user"]) for row in grades.to_pylist()} == {
        (3, 2, False),
        (7, 1, True),
    }


def test_without_lists_there_are_no_grades():
    nothing = grades_by_user(LISTS.slice(0, 0), HITS, USERS)
    assert nothing.num_rows == 0
    assert mean_grades(nothing, seed=1) == []


def test_means_are_over_users_with_their_interval(grades):
    users = USERS.set_column(3, "is_cold_user", [[False] * 3])
    rows = mean_grades(grades_by_user(LISTS, HITS, users), seed=1)
    assert len(rows) == 2 * len(CUTS) * len(METRICS)
    (row,) = [row for row in rows if (row["algorithm"], row["k"], row["metric"]) == ("als", 1, "precision")]
    assert row["mean"] == 0.5
    assert (row["low"], row["high"]) == (0, 1)


def test_known_and_unknown_users_have_means_of_their_own(grades):
    """User 3 was known and took what als listed first; user 7 was not. A stranger more changes nothing of the known."""
    rows = mean_grades(grades, seed=1)
    assert len(rows) == 2 * 2 * len(CUTS) * len(METRICS)
    precision = {
        (row["users"], row["algorithm"]): row["mean"] for row in rows if (row["k"], row["metric"]) == (1, "precision")
    }
    assert precision == {("known", "als"): 1, ("known", "knn"): 0, ("unknown", "als"): 0, ("unknown", "knn"): 0}
    stranger = USERS.slice(1, 1).set_column(1, "user_key", [pa.array([9], pa.int32())])
    more = grades_by_user(LISTS, HITS, pa.concat_tables([USERS, stranger]).sort_by("user_key"))
    headline = [row for row in rows if row["users"] == "known"]
    assert [row for row in mean_grades(more, seed=1) if row["users"] == "known"] == headline
