"""What EASE computes: the best regression of each item on the others."""

import numpy as np
import pytest

from recsys_assets.algorithms import Interactions
from recsys_assets.algorithms.ease import EASE

PLAIN = {"decay_days": 1e12, "damping": 1, "length_penalty": 0, "self_weight": 0}


def counts():
    random = np.random.default_rng(4)
    return random.integers(1, 5, (30, 8)) * (random.random((30, 8)) < 0.5).astype(np.float64)


def fitted(counts, ages=1.0, **settings):
    users, items = np.nonzero(counts)
    ages = np.broadcast_to(np.float64(ages), users.shape)
    train = Interactions(users.astype(np.int32), items.astype(np.int32), ages, counts[users, items], *counts.shape)
    return EASE(EASE.Settings(**(PLAIN | settings)), seed=0).fit(train)


def weights_of(model):
    """What one unit of each item gives: of shape (n_items, n_items)."""
    from scipy.sparse import csr_matrix

    parts = tuple(model.arrays[f"links.{part}"] for part in ("data", "indices", "indptr"))
    return csr_matrix(parts, shape=(model.history.shape[1],) * 2).toarray()


@pytest.mark.parametrize("regularization", [0.1, 2.0])
def test_weights_are_the_least_squares_of_each_item_on_the_others(regularization):
    x = counts()
    weights = weights_of(fitted(x, regularization=regularization))
    ridge = regularization * (x**2).sum(axis=0).mean()
    for item in range(8):
        others = np.delete(np.arange(8), item)
        normal = x[:, others].T @ x[:, others] + ridge * np.eye(7)
        best = np.linalg.solve(normal, x[:, others].T @ x[:, item])
        np.testing.assert_allclose(weights[others, item], best, rtol=1e-4, atol=1e-6)
        assert weights[item, item] == 0
    assert (weights < 0).any()


def test_scores_are_the_regression_and_the_own_items():
    x = counts()
    model = fitted(x, self_weight=2)
    lists = model.recommend(np.arange(30, dtype=np.int32), 8, exclude_seen=False)
    scores = np.zeros(x.shape)
    scores[lists.users, lists.items] = lists.scores
    np.testing.assert_allclose(scores, x @ weights_of(model) + 2 * x, rtol=1e-9)


def test_vectors_are_damped_and_shortened():
    x = counts()
    vectors = np.sqrt(x)
    vectors /= np.sqrt(np.linalg.norm(vectors, axis=1, keepdims=True))
    model = fitted(x, damping=0.5, length_penalty=0.5)
    np.testing.assert_allclose(model.history.toarray(), vectors, rtol=1e-12)
    np.testing.assert_allclose(weights_of(model), weights_of(fitted(vectors)), rtol=1e-4)


def test_only_the_items_of_most_users_are_learned():
    x = counts()
    support = (x > 0).sum(axis=0)
    top = np.sort(np.argsort(-support, kind="stable")[:5])
    weights = weights_of(fitted(x, max_items=5))
    np.testing.assert_allclose(weights[np.ix_(top, top)], weights_of(fitted(x[:, top])), rtol=1e-4)
    rest = np.setdiff1d(np.arange(8), top)
    assert not weights[rest].any()
    assert not weights[:, rest].any()


def test_the_largest_weights_stay_whatever_their_sign():
    x = counts()
    every, few = weights_of(fitted(x)), weights_of(fitted(x, n_neighbours=3))
    for row, kept in zip(every, few, strict=True):
        largest = np.argsort(-np.abs(row))[:3]
        np.testing.assert_array_equal(np.sort(np.flatnonzero(kept)), np.sort(largest))
        np.testing.assert_array_equal(kept[largest], row[largest])


def test_counts_fade_as_a_hyperbola():
    x = counts()
    ages = np.arange(1.0, np.count_nonzero(x) + 1)
    faded = x.copy()
    faded[np.nonzero(x)] /= 1 + ages / 5
    np.testing.assert_allclose(weights_of(fitted(x, ages, decay_days=5)), weights_of(fitted(faded)), rtol=1e-4)
