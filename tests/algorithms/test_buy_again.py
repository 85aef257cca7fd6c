"""Own items by decayed frequency, then the trend."""

from tests.algorithms.events import events, lists_of

EVENTS = events(
    [(0, 0, 10, 1.0), (0, 0, 30, 1.0), (0, 1, 10, 2.0), (1, 0, 20, 1.0), (1, 2, 10, 0.5), (1, 3, 20, 1.0)],
    n_users=3,
    n_items=5,
)
# For user 0 item 0 counts 1/2 + 1/4, item 1 counts 2 / 2. For user 1 items 0 and 3 count 1/3 each, item 2 1/4.
OWN = {0: [(1, 1.0), (0, 0.75)], 1: [(0, 1 / 3), (3, 1 / 3), (2, 0.25)]}


def test_own_items_by_hand():
    assert lists_of("buy_again", EVENTS, decay_days=10, fill_with_trend=False) == OWN
    assert lists_of("buy_again", EVENTS, exclude_seen=True, fill_with_trend=False) == {}


def test_short_lists_are_filled_with_the_trend():
    # In the trend item 1 counts 1 (2 at 10 days), item 0 1/2 (user 0's newest event) + 1/4 (user 1's), 2 and 3 1/4.
    settings = {"decay_days": 10, "trend_half_life_days": 10}
    assert lists_of("buy_again", EVENTS, **settings) == {
        0: [*OWN[0], (2, -0.75), (3, -0.75)],
        1: [*OWN[1], (1, 0.0)],
        2: [(1, 0.0), (0, -0.25), (2, -0.75), (3, -0.75)],
    }
    assert lists_of("buy_again", EVENTS, 3, **settings) == {
        0: [*OWN[0], (2, -0.75)],
        1: OWN[1],
        2: [(1, 0.0), (0, -0.25), (2, -0.75)],
    }
    assert lists_of("buy_again", EVENTS, 1, exclude_seen=True, **settings) == {
        0: [(2, -0.75)],
        1: [(1, 0.0)],
        2: [(1, 0.0)],
    }
