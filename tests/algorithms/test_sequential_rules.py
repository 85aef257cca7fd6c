"""What follows what, by hand."""

import pytest

from recsys_assets.algorithms import registry
from recsys_assets.algorithms.sparse import unpack
from tests.algorithms.events import events, lists_of

# User 0 took {0} 30 days ago, {1, 2} 20 days ago, {3} 10 days ago. User 1 took {0} 20 days ago, {1} 10 days ago.
ROWS = [(0, 0, 30), (0, 1, 20), (0, 2, 20), (0, 3, 10), (1, 0, 20), (1, 1, 10)]
PLAIN = {"rule_decay_days": 10, "popularity_penalty": 0, "prior": 1, "min_support": 0}


def rules(rows=ROWS, **settings):
    algorithm = registry()["sequential_rules"]
    model = algorithm(algorithm.Settings(**settings), seed=0).fit(events(rows, n_users=2, n_items=4))
    matrix = unpack(model.arrays, "rules", 4).tocoo()
    return {(int(a), int(b)): value for a, b, value in zip(matrix.row, matrix.col, matrix.data, strict=True)}


def test_rules_by_hand():
    # A follower 20 days old counts 1/3, one 10 days old 1/2; in the second basket after, it counts half of that.
    cases = {0: 1 / 3 + 1 / 4 + 1 / 2, 1: 1 / 2, 2: 1 / 2}
    expected = {
        (0, 1): (1 / 3 + 1 / 2) / (1 + cases[0]),
        (0, 2): 1 / 3 / (1 + cases[0]),
        (0, 3): 1 / 4 / (1 + cases[0]),
        (1, 3): 1 / 2 / (1 + cases[1]),
        (2, 3): 1 / 2 / (1 + cases[2]),
    }
    assert rules(**PLAIN) == pytest.approx(expected)
    common = {1: 1 / 3 + 1 / 2, 2: 1 / 3, 3: 1 / 4 + 1 / 2}
    lifted = {(a, b): value / common[b] ** 0.5 for (a, b), value in expected.items()}
    assert rules(**PLAIN | {"popularity_penalty": 0.5}) == pytest.approx(lifted)


def test_bounds():
    assert set(rules(**PLAIN | {"n_following": 1})) == {(0, 1), (0, 2), (1, 3), (2, 3)}
    assert rules(**PLAIN | {"max_days": 9}) == {}
    assert (0, 3) not in rules(**PLAIN | {"max_days": 15})
    assert set(rules(**PLAIN | {"min_support": 0.8})) == {(0, 1)}
    assert set(rules(**PLAIN | {"n_rules": 1})) == {(0, 1), (1, 3), (2, 3)}


def test_users_go_on_from_their_late_items():
    made = rules(**PLAIN)
    train = events(ROWS, n_users=2, n_items=4)
    listed = lists_of("sequential_rules", train, exclude_seen=True, decay_days=10, **PLAIN)
    assert 0 not in listed, "nothing follows but what user 0 had"
    assert dict(listed[1]) == pytest.approx({3: made[0, 3] / 3 + made[1, 3] / 2, 2: made[0, 2] / 3})
