"""Personal frequency by hand, then neighbours'."""

import numpy as np
import pytest

from tests.algorithms.events import events, lists_of


def test_own_frequency_decays_by_basket_and_group():
    # User 0's baskets are, newest first, {0}, {1}, {0, 2}. In groups of 2 they count 1, .5 and .1. User 1 has none.
    train = events([(0, 0, 1, 1.0, 7), (0, 1, 5, 1.0, 3), (0, 0, 8, 1.0, 1), (0, 2, 9, 1.0, 1)], n_users=2, n_items=3)
    lists = lists_of("tifu_knn", train, group_size=2, within_decay=0.5, across_decay=0.1, own_share=1)
    vector = np.array([1.1, 0.5, 0.1]) / np.sqrt(1.1**2 + 0.5**2 + 0.1**2)
    assert [item for item, _ in lists[0]] == [0, 1, 2]
    assert [score for _, score in lists[0]] == pytest.approx(vector)
    assert list(lists) == [0]


def test_age_decays_beside_places_if_asked():
    # Baskets at 1 and 3 days; with a half at a day they count 1/2 and 1/4 beside 1 and 0.5 by their places.
    train = events([(0, 0, 1, 1.0, 1), (0, 1, 3, 1.0, 0)], n_users=1, n_items=2)
    by_both = lists_of("tifu_knn", train, group_size=2, within_decay=0.5, own_share=1, decay_days=1)
    assert [score for _, score in by_both[0]] == pytest.approx(np.array([4, 1]) / np.sqrt(17))
    by_place = lists_of("tifu_knn", train, group_size=2, within_decay=0.5, own_share=1)
    assert [score for _, score in by_place[0]] == pytest.approx(np.array([2, 1]) / np.sqrt(5))


def test_a_day_is_a_basket_where_none_are_known():
    train = events([(0, 0, 0.5), (0, 1, 0.9), (0, 2, 1.1)], n_users=1, n_items=3)
    lists = lists_of("tifu_knn", train, group_size=9, within_decay=0.5, own_share=1)
    assert [score for _, score in lists[0]] == pytest.approx(np.array([1, 1, 0.5]) / 1.5)


def test_neighbours_bring_their_frequencies_by_nearness():
    # User 0 is (1, 0, 0, 0); user 1 (1, 1, 0, 0) / sqrt 2 is near by sqrt 1/2, user 2 by sqrt 1/3.
    rows = [(0, 0), (1, 0), (1, 1), (2, 0), (2, 2), (2, 3)]
    train = events([(user, item, 1) for user, item in rows], n_users=3, n_items=4)
    near, far = np.sqrt(1 / 2), np.sqrt(1 / 3)
    both = dict(lists_of("tifu_knn", train, own_share=0.6)[0])
    assert both[1] == pytest.approx(0.4 * near * near / (near + far))
    assert both[2] == both[3] == pytest.approx(0.4 * far * far / (near + far))
    assert both[0] == pytest.approx(0.6 + 0.4 * (near * near + far * far) / (near + far))
    assert dict(lists_of("tifu_knn", train, n_neighbours=1, own_share=0.6)[0]) == pytest.approx(
        {0: 0.6 + 0.4 * near, 1: 0.4 * near}
    )
