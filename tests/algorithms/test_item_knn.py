"""What item-kNN computes in each weighting, against dense matrices."""

import numpy as np
import pytest

from recsys_assets.algorithms import Interactions
from recsys_assets.algorithms.item_knn import ItemKNN

COUNTS = np.array(
    [[4, 1, 0, 0, 0, 0], [1, 2, 3, 0, 0, 0], [0, 1, 1, 5, 0, 0], [0, 0, 2, 0, 2, 0], [3, 0, 1, 0, 0, 0]],
    dtype=np.float64,
)


def fitted(counts=COUNTS, **settings):
    users, items = np.nonzero(counts)
    values = counts[users, items]
    train = Interactions(users.astype(np.int32), items.astype(np.int32), np.ones(len(users)), values, *counts.shape)
    return ItemKNN(ItemKNN.Settings(**({"decay_days": 1e12} | settings)), seed=0).fit(train)


def links_of(model):
    n_items = model.history.shape[1]
    lists = model.similar(np.arange(n_items, dtype=np.int32), n_items)
    links = np.zeros((n_items, n_items))
    links[lists.users, lists.items] = lists.scores
    return links


def as_shares(links):
    np.fill_diagonal(links, 0)
    return links / np.maximum(links.sum(axis=1, keepdims=True), 1e-300)


def cosine(vectors):
    return vectors / np.maximum(np.linalg.norm(vectors, axis=0), 1e-300)


def rarity(counts):
    return np.log(6 / (1 + (counts > 0).sum(axis=1, keepdims=True)))


def bm25(counts):
    lengths = counts.sum(axis=0)
    norms = 1.2 * (0.25 + 0.75 * lengths / lengths.mean())
    return counts * 2.2 / (norms + counts) * rarity(counts)


def walk(counts):
    by_user = counts / np.linalg.norm(counts, axis=1, keepdims=True)
    return by_user / np.maximum((by_user**2).sum(axis=0), 1e-300) ** 0.4


WEIGHTINGS = {
    "walk": walk,
    "cosine": cosine,
    "tfidf": lambda counts: cosine(np.sqrt(counts) * rarity(counts)),
    "bm25": bm25,
}


@pytest.mark.parametrize("weighting", WEIGHTINGS)
@pytest.mark.parametrize("shrinkage", [0, 2])
def test_weightings(weighting, shrinkage):
    vectors = WEIGHTINGS[weighting](COUNTS)
    n_users = (COUNTS > 0).sum(axis=0)
    expected = as_shares(vectors.T @ vectors * n_users / np.maximum(n_users + shrinkage, 1))
    np.testing.assert_allclose(links_of(fitted(weighting=weighting, shrinkage=shrinkage)), expected, rtol=1e-9)


@pytest.mark.parametrize("weighting", ["tfidf", "bm25"])
def test_weightings_are_those_of_implicit(weighting):
    from implicit import nearest_neighbours

    if weighting == "tfidf":
        theirs = nearest_neighbours.normalize(nearest_neighbours.tfidf_weight(COUNTS.T[:5])).tocsr().toarray()
        ours = cosine(np.sqrt(COUNTS[:, :5]) * np.log(5 / (1 + (COUNTS > 0).sum(axis=1, keepdims=True))))
        np.testing.assert_allclose(theirs.T, ours, rtol=1e-9)
    else:
        theirs = nearest_neighbours.bm25_weight(COUNTS.T, K1=1.2, B=0.75).toarray()
        np.testing.assert_allclose(theirs.T, bm25(COUNTS), rtol=1e-9)


def test_links_and_scores_start_from_the_items_of_the_greatest_count():
    cut = COUNTS.copy()
    cut[1, 0] = cut[2, 2] = 0  # Of equal counts the first item stays.
    model, expected = fitted(profile_items=2), fitted(cut)
    np.testing.assert_array_equal(links_of(model), links_of(expected))
    lists = model.recommend(np.arange(5, dtype=np.int32), 6, exclude_seen=False)
    scores = np.zeros(COUNTS.shape)
    scores[lists.users, lists.items] = lists.scores
    np.testing.assert_allclose(scores, cut @ links_of(expected) + COUNTS, rtol=1e-9)
