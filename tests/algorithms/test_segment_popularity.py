"""Trends of segments, by hand."""

import numpy as np
import pytest

from tests.algorithms.events import events, lists_of

# Users 0 and 1 shop in store 0 (user 1 twice, once in store 1), user 2 in store 1, user 3 nowhere that is known.
ROWS = [(0, 0, 1), (1, 0, 1), (1, 1, 1), (1, 2, 1), (2, 2, 1), (3, 3, 1)]
STORES = np.array([0, 0, 0, 1, 1, -1], dtype=np.int32)
AGES = np.array([0, 0, -1, 1, 1], dtype=np.int32)
SETTINGS = {"half_life_days": 1, "prior": 1}


def test_scores_are_shares_of_the_segment_shrunk_to_all():
    train = events(ROWS, n_users=5, n_items=5, contexts={"store": STORES})
    lists = lists_of("segment_popularity", train, **SETTINGS)
    # Each event counts 1/2. All sum to 3, with shares of 1/3, 1/6, 1/3, 1/6. Store 0 has 1, 1/2, 1/2 of items 0..2.
    store_0 = [(0, (1 + 1 / 3) / 3), (2, (1 / 2 + 1 / 3) / 3), (1, (1 / 2 + 1 / 6) / 3), (3, 1 / 6 / 3)]
    assert lists[0] == lists[1] == [(item, pytest.approx(share)) for item, share in store_0]
    store_1 = [(2, (1 / 2 + 1 / 3) / 1.5), (0, 1 / 3 / 1.5), (1, 1 / 6 / 1.5), (3, 1 / 6 / 1.5)]
    assert lists[2] == [(item, pytest.approx(share)) for item, share in store_1]
    everyone = [(0, 1 / 3), (2, 1 / 3), (1, 1 / 6), (3, 1 / 6)]
    assert lists[3] == lists[4] == [(item, pytest.approx(share)) for item, share in everyone]


def test_the_first_segment_that_is_known_decides():
    train = events(ROWS, n_users=5, n_items=5, contexts={"store": STORES}, user_attributes={"age": AGES})
    stores = lists_of("segment_popularity", train, segments=("store",), **SETTINGS)
    ages = lists_of("segment_popularity", train, segments=("age",), **SETTINGS)
    both = lists_of("segment_popularity", train, segments=("none", "store", "age"), **SETTINGS)
    assert [both[user] for user in range(3)] == [stores[user] for user in range(3)]
    assert [both[user] for user in (3, 4)] == [ages[user] for user in (3, 4)]
    assert both[3][0][0] == 3
    turned = lists_of("segment_popularity", train, segments=("age", "store"), **SETTINGS)
    assert [turned[user] for user in (0, 1, 3, 4)] == [ages[user] for user in (0, 1, 3, 4)]
    assert turned[2] == stores[2]


def test_usual_is_where_most_lately_happened():
    stores = np.array([0, 0, 1, 1, 1], dtype=np.int32)
    train = events(
        [(0, 0, 1), (0, 0, 2), (0, 1, 9), (0, 1, 8), (1, 2, 1)], n_users=2, n_items=3, contexts={"store": stores}
    )
    lists = lists_of("segment_popularity", train, usual_days=1, **SETTINGS)
    long = lists_of("segment_popularity", train, usual_days=1e9, **SETTINGS)
    assert lists[0] != lists[1]
    assert lists[0] == long[0], "of equals the lower code"
    older = events([(0, 0, 1), (0, 1, 9), (0, 1, 8), (1, 2, 1)], n_users=2, n_items=3, contexts={"store": stores[1:]})
    assert (
        lists_of("segment_popularity", older, usual_days=1e9, **SETTINGS)[0]
        != lists_of("segment_popularity", older, usual_days=1, **SETTINGS)[0]
    )
