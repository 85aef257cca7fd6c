"""Words by hand."""

import math

import numpy as np
import pytest

from tests.algorithms.events import events, lists_of

TEXTS = ["red apple", "green apple", "red nail", "", "hammer apple"]


def train(rows=((0, 0, 10), (1, 2, 10)), texts=TEXTS):
    return events(list(rows), n_users=3, n_items=5, item_texts=texts)


def test_cosine_of_words_by_hand():
    # A word weighs log((1 + items) / (1 + items with it)) + 1, smoothed. Apple is in 3 of 5, red in 2, the others in 1.
    apple, red, rare = (math.log(6 / (1 + n)) + 1 for n in (3, 2, 1))

    def unit(*weights):
        return np.array(weights) / np.linalg.norm(weights)

    lists = lists_of("tfidf_content", train(), popularity=0, decay_days=10)
    own = unit(red, apple) / 2  # The event counts a half.
    expected = {
        0: 1 / 2,
        1: own[1] * unit(rare, apple)[1],
        2: own[0] * unit(red, rare)[0],
        4: own[1] * unit(rare, apple)[1],
    }
    assert dict(lists[0]) == pytest.approx(expected)
    assert [item for item, _ in lists[0]] == [0, 2, 1, 4], "items nobody took, too; of equals the lower index"
    assert 2 not in lists


def test_popular_items_go_first_among_alike():
    rows = [(0, 0, 10), (1, 4, 10), (2, 4, 10)]
    plain = dict(lists_of("tfidf_content", train(rows), popularity=0, decay_days=10)[0])
    lists = lists_of("tfidf_content", train(rows), popularity=0.5, decay_days=10)
    assert dict(lists[0])[4] == pytest.approx(plain[4] * (1 + 0.5 * math.log1p(1)))
    assert dict(lists[0])[1] == pytest.approx(plain[1])


def test_few_strongest_words_make_the_profile():
    items = [item for item, _ in lists_of("tfidf_content", train(), profile_words=1)[0]]
    assert sorted(items) == [0, 2], "red is rarer than apple"


def test_words_of_too_many_items_say_nothing():
    texts = ["red common"] + [f"word{item} common" for item in range(150)]
    many = events([(0, 0, 1)], n_users=1, n_items=151, item_texts=texts)
    assert [item for item, _ in lists_of("tfidf_content", many, 200)[0]] == [0]
    assert len(lists_of("tfidf_content", many, 200, max_share=1)[0]) == 151


@pytest.mark.parametrize("texts", [(), ("",) * 5, ("a !",) * 5])
def test_without_words_it_lists_nothing(texts):
    if any(texts):
        texts = ["", "", "", "", "one"]  # Nobody took the item that has a word.
    assert lists_of("tfidf_content", train(texts=texts)) == {}
