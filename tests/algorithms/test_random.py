"""Draws by lot."""

import numpy as np

from tests.algorithms.events import events, lists_of

# Items 0..199 are taken, and nobody takes items 200..299.
EVENTS = events([(0, item, 1) for item in range(200)], n_users=400, n_items=300)


def test_every_item_that_anybody_took_is_drawn_alike():
    lists = lists_of("random", EVENTS, 10)
    items = np.array([[item for item, _ in rows] for rows in lists.values()])
    assert items.shape == (400, 10)
    drawn = np.bincount(items.ravel(), minlength=300)
    assert drawn[200:].sum() == 0
    assert 5 <= drawn[:200].min() <= drawn[:200].max() <= 45, "20 on average"


def test_draws_differ_by_user_and_seed_and_by_nothing_else():
    first, second = lists_of("random", EVENTS, 10), lists_of("random", EVENTS, 10, seed=1)
    assert first == lists_of("random", EVENTS, 10)
    assert first[3] != first[4]
    assert first[3] != second[3]
