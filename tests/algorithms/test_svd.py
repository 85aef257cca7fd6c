"""What SVD computes, against a full decomposition."""

import numpy as np

from recsys_assets.algorithms import Interactions
from recsys_assets.algorithms.svd import SVD

PLAIN = {"decay_days": 1e12, "damping": 1, "length_penalty": 0}


def counts(n_users=24, n_items=16):
    random = np.random.default_rng(4)
    return random.integers(1, 5, (n_users, n_items)) * (random.random((n_users, n_items)) < 0.4).astype(np.float64)


def fitted(counts, ages=1.0, seed=0, **settings):
    users, items = np.nonzero(counts)
    ages = np.broadcast_to(np.float64(ages), users.shape)
    train = Interactions(users.astype(np.int32), items.astype(np.int32), ages, counts[users, items], *counts.shape)
    return SVD(SVD.Settings(**(PLAIN | settings)), seed=seed).fit(train)


def scores_of(model):
    n_users, n_items = model.history.shape
    lists = model.recommend(np.arange(n_users, dtype=np.int32), n_items, exclude_seen=False)
    scores = np.full((n_users, n_items), np.nan)
    scores[lists.users, lists.items] = lists.scores
    return scores


def best(x, k):
    """Biases as the least squares have them, and the first k singular vectors of the rest."""
    biases = x.mean(axis=1, keepdims=True) + x.mean(axis=0) - x.mean()
    left, sizes, right = np.linalg.svd(x - biases)
    return biases + left[:, :k] * sizes[:k] @ right[:k]


def test_scores_are_biases_and_the_strongest_directions():
    x = counts()
    np.testing.assert_allclose(scores_of(fitted(x, factors=3)), best(x, 3), atol=1e-5)
    np.testing.assert_allclose(scores_of(fitted(x, factors=4)), best(x, 4), atol=1e-5)


def test_no_more_directions_than_a_quarter_of_users_or_items():
    x = counts()
    np.testing.assert_allclose(scores_of(fitted(x, factors=50)), best(x, 4), atol=1e-5)
    few = np.array([[1.0, 2.0], [0.0, 3.0]])
    np.testing.assert_allclose(scores_of(fitted(few)), best(few, 0), atol=1e-5)


def test_vectors_are_damped_shortened_and_fade():
    x = counts()
    ages = np.arange(1.0, np.count_nonzero(x) + 1)
    vectors = x.copy()
    vectors[np.nonzero(x)] /= 1 + ages / 5
    vectors = np.sqrt(vectors)
    vectors /= np.sqrt(np.linalg.norm(vectors, axis=1, keepdims=True))
    model = fitted(x, ages, factors=3, decay_days=5, damping=0.5, length_penalty=0.5)
    np.testing.assert_allclose(scores_of(model), best(vectors, 3), atol=1e-5)


def test_factors_have_a_sign_whatever_the_seed():
    x = counts()
    some, other = fitted(x, factors=3, seed=1), fitted(x, factors=3, seed=2)
    for name in ("user_factors", "item_factors"):
        np.testing.assert_allclose(some.arrays[name], other.arrays[name], atol=1e-5)
    directions = some.arrays["item_factors"][:, :3]
    assert (directions[np.abs(directions).argmax(axis=0), range(3)] > 0).all()


def test_only_the_items_of_most_users_are_learned_and_listed():
    x = counts()
    top = np.sort(np.argsort(-(x > 0).sum(axis=0), kind="stable")[:8])
    scores = scores_of(fitted(x, factors=2, max_items=8))
    np.testing.assert_allclose(scores[:, top], best(x[:, top], 2), atol=1e-5)
    assert np.isnan(np.delete(scores, top, axis=1)).all()
