"""Events gathered into baskets."""

import numpy as np

from recsys_assets.algorithms.baskets import baskets, days
from tests.algorithms.events import events


def test_baskets_are_ordered_by_user_and_newest_first():
    train = events(
        [(1, 0, 3.5, 1, 40), (0, 2, 9.0, 1, 7), (0, 1, 8.0, 1, 7), (0, 1, 2.0, 1, 9), (0, 1, 2.5, 1, 9)],
        n_users=2,
        n_items=3,
    )
    for order in (np.arange(5), np.arange(5)[::-1]):
        ordered_baskets = baskets(train.where(order))
        assert ordered_baskets.of_events[np.argsort(order)].tolist() == [2, 1, 1, 0, 0]
        assert (ordered_baskets.users.tolist(), ordered_baskets.ages.tolist()) == ([0, 0, 1], [2.0, 8.0, 3.5])
        assert ordered_baskets.places.tolist() == [0, 1, 0]
        assert ordered_baskets.items.toarray().tolist() == [[0, 1, 0], [0, 1, 1], [1, 0, 0]]


def test_a_day_ends_at_the_cutoff():
    train = events([(0, 0, 0.1), (0, 0, 1.0), (0, 0, 1.1), (1, 0, 1.0)], n_users=2, n_items=1)
    first, second, third, other = days(train).tolist()
    assert first == second != third
    assert other not in (first, third)
