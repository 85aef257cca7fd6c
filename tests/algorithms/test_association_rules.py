"""Frequent itemsets against counting them all; rules by hand."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from recsys_assets.algorithms import registry
from recsys_assets.algorithms.association_rules import fp_growth
from tests.algorithms.events import events, lists_of

BASKETS = [(0, 1), (0, 1), (0, 1, 2), (0, 3), (2, 4)]


def train(baskets=BASKETS, n_users=None):
    """Basket i is of user i, a day old."""
    rows = [(user, item, 1, 1.0, user) for user, basket in enumerate(baskets) for item in basket]
    return events(rows, n_users=n_users or len(baskets), n_items=6)


@given(
    baskets=st.lists(st.lists(st.booleans(), min_size=7, max_size=7), max_size=20),
    least=st.integers(1, 6),
    max_length=st.integers(2, 4),
)
def test_fp_growth_finds_what_counting_finds(baskets, least, max_length):
    held = np.array(baskets, dtype=bool).reshape(-1, 7)
    expected = [
        (items, held[:, items].all(axis=1).sum())
        for length in range(1, max_length + 1)
        for items in itertools.combinations(range(7), length)
        if held[:, items].all(axis=1).sum() >= least
    ]
    itemsets, counts = fp_growth(csr_matrix(held.astype(float)), least, max_length, 99)
    unpadded_itemsets = [tuple(item for item in items if item >= 0) for items in itemsets.tolist()]
    assert list(zip(unpadded_itemsets, counts.tolist(), strict=True)) == expected


def test_only_the_most_frequent_items_of_a_basket_are_looked_at():
    held = csr_matrix(np.array([[1, 1, 1], [0, 1, 1], [0, 0, 1]], dtype=float))
    itemsets, counts = fp_growth(held, 1, 3, 2)
    assert itemsets.tolist() == [[1, -1, -1], [2, -1, -1], [1, 2, -1]]
    assert counts.tolist() == [2, 3, 2]


def test_support_confidence_and_lift_by_hand():
    algorithm = registry()["association_rules"]
    model = algorithm(algorithm.Settings(min_baskets=1), seed=0).fit(train())
    arrays = model.arrays
    shares = zip(arrays["itemsets"].tolist(), arrays["support"].tolist(), strict=True)
    support = {tuple(item for item in items if item >= 0): share for items, share in shares}
    assert support == {
        **{(0,): 0.8, (1,): 0.6, (2,): 0.4, (3,): 0.2, (4,): 0.2},
        **{(0, 1): 0.6, (0, 2): 0.2, (0, 3): 0.2, (1, 2): 0.2, (2, 4): 0.2, (0, 1, 2): 0.2},
    }
    names = ("antecedents", "consequents", "confidence", "lift")
    rules = {
        (tuple(i for i in given if i >= 0), item): (confidence, lift)
        for given, item, confidence, lift in zip(*(arrays[name].tolist() for name in names), strict=True)
    }
    assert rules[(0,), 1] == pytest.approx((3 / 4, 3 / 4 / 0.6))
    assert rules[(1,), 0] == pytest.approx((1, 1 / 0.8))
    assert rules[(0, 1), 2] == pytest.approx((1 / 3, 1 / 3 / 0.4))
    assert rules[(1, 2), 0] == pytest.approx((1, 1 / 0.8))
    assert len(rules) == 5 * 2 + 3
    assert model.settings.min_support == 0.0005


def test_scores_sum_the_rules_a_user_fulfils():
    # User 3 had 0 and 3, a day ago each: with a half-life of a day they count a half.
    listed = dict(lists_of("association_rules", train(), decay_days=1, lift_power=0, min_baskets=1)[3])
    assert listed == pytest.approx({1: 3 / 8, 2: 1 / 8, 3: 1 / 8, 0: 1 / 2})
    # User 0 had 0 and 1, so the rules from each count, and those from both together.
    listed = dict(lists_of("association_rules", train(), decay_days=1, lift_power=0, min_baskets=1)[0])
    assert listed[2] == pytest.approx(1 / 2 * (1 / 4 + 1 / 3 + 1 / 3))
    longer = dict(lists_of("association_rules", train(), decay_days=1, lift_power=1, min_baskets=1)[0])
    assert longer[2] == pytest.approx(1 / 2 * (1 / 16 + 1 / 9 + 1 / 9) / 0.4)
    short = dict(lists_of("association_rules", train(), decay_days=1, lift_power=0, min_baskets=1, max_length=2)[0])
    assert short[2] == pytest.approx(1 / 2 * (1 / 4 + 1 / 3))


def test_rules_of_late_baskets_alone():
    # Of baskets of the last two days there is user 1's, where 2 follows from 0; what 0 and 1 led to is longer ago.
    rows = [(0, 0, 9, 1.0, 0), (0, 1, 9, 1.0, 0), (1, 0, 1, 1.0, 1), (1, 2, 1, 1.0, 1)]
    late = events(rows, n_users=2, n_items=3)
    assert {item for item, _ in lists_of("association_rules", late, min_baskets=1)[0]} == {0, 1, 2}
    assert {item for item, _ in lists_of("association_rules", late, min_baskets=1, rule_days=2)[0]} == {2}
    assert lists_of("association_rules", late, min_baskets=1, rule_days=0.5) == {}
    assert lists_of("association_rules", late, rule_days=9) == lists_of("association_rules", late)


def test_rare_itemsets_and_weak_rules_are_left_out():
    assert {item for item, _ in lists_of("association_rules", train(), min_support=0.5, min_baskets=1)[0]} == {0, 1}
    assert 2 not in dict(lists_of("association_rules", train(), min_confidence=0.4, min_baskets=1)[0])
    assert lists_of("association_rules", train([(0,), (1,)])) == {}
