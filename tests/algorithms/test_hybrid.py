"""Neighbours by behaviour and by content in one blend."""

import pytest

from tests.algorithms.events import events, lists_of

# Users 0 and 1 take items 0 and 1 together; item 2 is described like item 0, and nobody took it.
ROWS = [(0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 1, 1), (2, 0, 1)]
TEXTS = ["red apple", "nail", "red apple", "", "hammer"]


def train(texts=TEXTS):
    return events(ROWS, n_users=4, n_items=5, item_texts=texts)


def listed(alpha, texts=TEXTS):
    lists = lists_of("hybrid", train(texts), exclude_seen=True, alpha=alpha)
    return dict(lists.get(2, []))


def test_behaviour_alone_is_item_knn_and_content_alone_what_is_described_alike():
    knn = lists_of("item_knn", train(), n_neighbours=100, profile_items=100)
    for user, rows in lists_of("hybrid", train(), alpha=0).items():
        assert dict(rows) == pytest.approx(dict(knn[user]))
    assert list(listed(0)) == [1]
    assert list(listed(1)) == [2]


def test_shares_add_up_by_alpha():
    behaviour, content = listed(0)[1], listed(1)[2]
    assert listed(0.25) == pytest.approx({1: 0.75 * behaviour, 2: 0.25 * content})


@pytest.mark.parametrize("texts", [[""] * 5, ["a"] * 5])
def test_without_a_word_that_tells_behaviour_is_left(texts):
    assert list(listed(0.5, texts)) == [1]
