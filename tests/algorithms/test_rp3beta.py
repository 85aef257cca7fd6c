"""What RP3beta computes, against the walk in dense matrices."""

import numpy as np
import pytest

from recsys_assets.algorithms import Interactions
from recsys_assets.algorithms.rp3beta import RP3beta

COUNTS = np.array([[4, 1, 0, 0, 0], [1, 2, 3, 0, 0], [0, 1, 1, 5, 0], [0, 0, 0, 0, 2]], dtype=np.float64)


def fitted(counts=COUNTS, ages=None, **settings):
    users, items = np.nonzero(counts)
    ages = np.ones(len(users)) if ages is None else ages
    train = Interactions(users.astype(np.int32), items.astype(np.int32), ages, counts[users, items], *counts.shape)
    settings = {"decay_days": 1e12, "self_weight": 0} | settings
    return RP3beta(RP3beta.Settings(**settings), seed=0).fit(train)


def dense(lists, shape):
    scores = np.zeros(shape)
    scores[lists.users, lists.items] = lists.scores
    return scores


def links_of(model):
    n_items = model.history.shape[1]
    return dense(model.similar(np.arange(n_items, dtype=np.int32), n_items), (n_items, n_items))


@pytest.mark.parametrize(("alpha", "beta"), [(1, 0), (1, 0.4), (0.6, 0), (1.5, 0.7)])
def test_three_steps(alpha, beta):
    model = fitted(alpha=alpha, beta=beta)
    to_items = (COUNTS / COUNTS.sum(axis=1, keepdims=True)) ** alpha
    to_users = (COUNTS / COUNTS.sum(axis=0)).T ** alpha
    links = to_users @ to_items / COUNTS.sum(axis=0) ** beta
    np.fill_diagonal(links, 0)
    links /= np.maximum(links.sum(axis=1, keepdims=True), 1e-300)
    np.testing.assert_allclose(links_of(model), links, rtol=1e-12)
    scores = dense(model.recommend(np.arange(4, dtype=np.int32), 5, exclude_seen=False), (4, 5))
    np.testing.assert_allclose(scores, to_items @ links, rtol=1e-12)


def test_own_items_count_as_shares_of_the_first_step():
    without, with_own = (
        dense(fitted(self_weight=w).recommend(np.arange(4, dtype=np.int32), 5, False), (4, 5)) for w in (0, 3)
    )
    np.testing.assert_allclose(with_own - without, 3 * COUNTS / COUNTS.sum(axis=1, keepdims=True), rtol=1e-12)


def test_only_the_strongest_links_stay_and_sum_to_1():
    links, everything = links_of(fitted(n_neighbours=1)), links_of(fitted())
    # Item 1 is not among its own two strongest, so both of them stay.
    assert (links > 0).sum(axis=1).tolist() == [1, 2, 1, 1, 0]
    np.testing.assert_allclose(links.sum(axis=1), [1, 1, 1, 1, 0])
    np.testing.assert_array_equal(everything[np.arange(5), links.argmax(axis=1)], everything.max(axis=1))


@pytest.mark.parametrize("alpha", [1, 0.6])
def test_the_strongest_links_to_each_item_the_walk_back_among_them(alpha):
    to_items = (COUNTS / COUNTS.sum(axis=1, keepdims=True)) ** alpha
    links = (COUNTS / COUNTS.sum(axis=0)).T ** alpha @ to_items / COUNTS.sum(axis=0) ** 0.4
    links[links < -np.sort(-links, axis=0)[2]] = 0
    links /= np.maximum(links.sum(axis=1, keepdims=True), 1e-300)
    np.fill_diagonal(links, 0)
    np.testing.assert_allclose(links_of(fitted(kept="to", n_neighbours=3, alpha=alpha)), links, rtol=1e-12)


def test_links_and_walks_start_from_the_items_of_the_greatest_count():
    cut = COUNTS.copy()
    cut[0, 1] = cut[1, 0] = cut[1, 1] = cut[2, 1] = cut[2, 2] = 0
    np.testing.assert_array_equal(links_of(fitted(profile_items=1)), links_of(fitted(cut)))
    both = fitted(profile_items=2)
    cut = COUNTS.copy()
    cut[1, 0] = cut[2, 2] = 0  # Of equal counts the first item stays.
    np.testing.assert_array_equal(links_of(both), links_of(fitted(cut)))


def test_counts_fade_as_a_hyperbola():
    users, items = np.nonzero(COUNTS)
    ages = np.arange(1.0, len(users) + 1)
    faded = COUNTS.copy()
    faded[users, items] /= 1 + ages / 5
    np.testing.assert_allclose(links_of(fitted(ages=ages, decay_days=5)), links_of(fitted(faded)), rtol=1e-9)
