"""A feature that is the label, or another thing when it is served, is found; an honest one is not."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from recsys_assets.evaluation.detectors.feature_separates_labels import (
    TELLS,
    judge_drift,
    judge_separation,
    judge_served,
    separation,
)
from tests.helpers.simulated import clean_examples

N = 4_000


@pytest.fixture
def examples():
    rng = np.random.default_rng(0)
    taken = rng.random(N) < 0.1
    honest = np.where(taken, rng.normal(1.0, 1, N), rng.normal(0, 1, N))
    return rng, taken, honest.astype(np.float32), np.ones(N)


def judged(taken, weights, **columns):
    matrix = np.column_stack(list(columns.values())).astype(np.float32)
    findings = judge_separation("next", list(columns), matrix, taken, weights)
    return {found.subject: found for found in findings}


@pytest.mark.parametrize(("told", "seen"), [(1.0, True), (0.8, True), (0.5, False)])
def test_the_label_as_a_feature_is_found_from_a_share_on(examples, told, seen):
    rng, taken, honest, weights = examples
    found = judged(taken, weights, honest=honest, label=taken & (rng.random(N) < told))
    assert found["label"].is_suspicious == seen
    assert not found["honest"].is_suspicious
    assert found["label"].value == pytest.approx(told, abs=0.08)


def test_nulls_that_only_what_was_taken_lacks_are_found(examples):
    _, taken, _, weights = examples
    assert judged(taken, weights, seen_at=np.where(taken, 1.0, np.nan))["seen_at"].is_suspicious


def test_the_area_is_that_of_scikit_learn(examples):
    rng, taken, honest, _ = examples
    weights = rng.integers(1, 9, N).astype(float)
    rounded = np.round(honest, 1)  # With ties.
    _, auc = separation(["x"], rounded[:, None], taken, weights)
    assert auc[0] == pytest.approx(roc_auc_score(taken, rounded, sample_weight=weights))


@pytest.mark.parametrize("n", [0, 5, 40])
def test_few_examples_are_told_and_not_judged(n):
    taken = np.arange(n) % 2 == 0
    (found,) = judge_separation("next", ["x"], taken.astype(np.float32)[:, None], taken, np.ones(n))
    assert (found.value, found.is_suspicious) == (None, False)


def test_examples_that_hold_other_values_than_were_served_are_found():
    served = np.array([[1, np.nan, 3], [2, 5, 3]], dtype=np.float32)
    learned = np.array([[1, np.nan, 3], [2, 5, 4]], dtype=np.float32)
    assert [found.is_suspicious for found in judge_served(list("abc"), learned, served)] == [False, False, True]
    assert [found.is_suspicious for found in judge_served(list("abc"), served, served)] == [False] * 3


def drifted(before, now, *, telling=False):
    (found,) = judge_drift(
        ["x"],
        np.asarray(before, dtype=np.float32)[:, None],
        np.asarray(now, dtype=np.float32)[:, None],
        np.array([telling]),
        7,
    )
    return found


def test_values_of_another_kind_tonight_are_found(examples):
    rng, _, honest, _ = examples
    assert drifted(honest, honest * 100 + 500).is_suspicious
    assert not drifted(honest, rng.permutation(honest) + 0.2).is_suspicious


def test_what_is_null_tonight_is_found(examples):
    rng, _, honest, _ = examples
    assert drifted(honest, np.where(rng.random(N) < 0.7, np.nan, honest)).is_suspicious
    assert not drifted(np.where(rng.random(N) < 0.7, np.nan, honest), honest).is_suspicious, "a window became full"


def test_what_only_the_outcome_fills_is_found_if_it_tells(examples):
    _, taken, _, _ = examples
    assert drifted(taken, np.zeros(N), telling=True).is_suspicious
    assert not drifted(taken, np.zeros(N), telling=False).is_suspicious, "no promotion runs tonight"


def test_ages_may_grow_by_the_horizon():
    ages = np.arange(N) % 4
    assert not drifted(ages, ages + 7).is_suspicious
    assert drifted(ages, ages + 70).is_suspicious


def test_few_candidates_are_told_and_not_judged():
    assert drifted([1.0, 2.0], [3.0]).value is None


def test_honest_features_raise_no_alarm():
    furthest = 0.0
    for seed in range(40):
        graded, tonight, taken = clean_examples(np.random.default_rng(seed), (1_000, 4_000)[seed % 2])
        names = list(graded)
        before, now = (np.column_stack([rows[name] for name in names]) for rows in (graded, tonight))
        found = judge_separation("next", names, before, taken, np.where(taken, 1.0, 3.0))
        furthest = max(furthest, *(f.value for f in found))
        telling = np.array([f.value >= TELLS for f in found])
        found += judge_drift(names, before, now, telling, 7)
        assert not [f for f in found if f.is_suspicious], seed
    assert furthest > 0.5, "they tell a lot of what is taken"
