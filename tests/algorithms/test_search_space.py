"""Search spaces: what each algorithm lets a study look for."""

import pytest

from recsys_assets.algorithms import registry
from recsys_assets.algorithms.search_space import Between, Choice, is_whole, search_space

ALGORITHMS = [algorithm for name, algorithm in registry().items() if name not in {"lightfm", "embedding_content"}]
"""Those whose libraries are always there: settings of the others are refused without."""


@pytest.mark.parametrize("algorithm", ALGORITHMS, ids=lambda algorithm: algorithm.name)
def test_defaults_lie_inside_and_every_edge_is_a_setting(algorithm):
    space, defaults = search_space(algorithm.Settings, {}), algorithm.Settings()
    for name, where in space.items():
        assert where.holds(getattr(defaults, name)), f"{algorithm.name}.{name}"
        kind = int if is_whole(algorithm.Settings, name) else float
        edges = where.values if isinstance(where, Choice) else (kind(where.low), kind(where.high))
        for edge in edges:
            assert getattr(algorithm.Settings(**{name: edge}), name) == edge
    assert not {"weight", "n_candidates", "max_items"} & space.keys(), "how much is listed is no matter of taste"


def test_what_is_written_by_hand_is_not_looked_for():
    als = registry()["als"]
    space = search_space(als.Settings, {"factors": 16})
    assert "factors" not in space
    assert space["decay_days"] == Between(3, 180, log=True)
    assert search_space(registry()["random"].Settings, {}) == {}


def test_choices_are_the_values_of_the_type():
    assert search_space(registry()["item_knn"].Settings, {})["weighting"] == Choice(("walk", "cosine", "tfidf", "bm25"))


@pytest.mark.parametrize(("value", "inside"), [(3, True), (180, True), (2.9, False), (None, False), ("30", False)])
def test_between_holds_its_edges_and_numbers_alone(value, inside):
    assert Between(3, 180).holds(value) is inside
