"""Who is due, by hand."""

import numpy as np
import pytest

from tests.algorithms.events import events, lists_of

# User 0 takes item 0 on days 3, 8, 13 and (twice) 15 before the cutoff, with gaps of 5, 5 and 2, and item 1 once, 20
# days before. User 1 takes item 0 on days 2 and 12. Item 1 is never taken again.
ROWS = [(0, 0, 2.5), (0, 0, 8), (0, 0, 13), (0, 0, 14.2), (0, 0, 14.9), (0, 1, 20), (1, 0, 2), (1, 0, 12)]
EVENTS = events(ROWS, n_users=3, n_items=2)


def test_score_is_habit_times_return_times_due():
    lists = lists_of("repeat_purchase", EVENTS, decay_days=10, prior_gaps=3, early_power=0.5, late_power=1)
    usual = 5.0  # This is the median of 2, 5, 5, 10, also that of item 0.
    # Two of three pairs came back, and one is added to both numbers; items blend in ten users of that rate.
    rate = 3 / 4
    share = np.array([(2 + 10 * rate) / 12, (0 + 10 * rate) / 11])
    habit = sum(1 / (1 + age / 10) for _, item, age in ROWS[:6] if item == 0)
    own = (3 * 5 + 3 * usual) / 6
    assert dict(lists[0]) == pytest.approx(
        {
            0: habit * share[0] ** 0.5 * (2.5 / own) ** 0.5,
            1: 1 / 3 * share[1] ** 0.5 * (usual / 20),
        }
    )
    other = (1 * 10 + 3 * usual) / 4
    assert lists[1] == [(0, pytest.approx((1 / 1.2 + 1 / 2.2) * share[0] ** 0.5 * (2 / other) ** 0.5))]
    assert 2 not in lists


def test_who_is_due_comes_before_who_just_took_it():
    # Both items were taken twice, ten days apart, and their decayed counts are alike; item 1 is due, after ten days.
    train = events([(0, 0, 1), (0, 0, 11), (0, 1, 10), (0, 1, 20)], n_users=1, n_items=2)
    order = [item for item, _ in lists_of("repeat_purchase", train, decay_days=1e9, early_power=1)[0]]
    assert order == [1, 0]


def test_late_counts_less_and_less():
    train = events([(0, 0, 10), (0, 0, 20), (0, 1, 50), (0, 1, 60)], n_users=1, n_items=2)
    lists = lists_of("repeat_purchase", train, decay_days=1e9, late_power=1)
    assert dict(lists[0])[1] == pytest.approx(dict(lists[0])[0] / 5, rel=1e-6)
