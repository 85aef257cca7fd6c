"""LightFM; what is said where it is not installed."""

import sys

import numpy as np
import pytest

from recsys_assets.algorithms import registry
from recsys_assets.algorithms.lightfm import _features
from recsys_assets.profile import PROJECT, ProfileError
from recsys_assets.profile_file import load_profile
from tests.algorithms.events import events, lists_of

# Users 0..3 take fruit (items 0..3), users 4..7 tools (4..7); items 8 and 9, a fruit and a tool, are taken once.
ROWS = [(user, 4 * (user // 4) + item, 1) for user in range(8) for item in range(4) if item != user % 4]
KINDS = np.array([0] * 4 + [1] * 4 + [0, 1], dtype=np.int32)


def test_features_are_the_row_itself_and_its_values():
    codes = {"size": np.array([1, -1], dtype=np.int32), "fine": np.array([5, 9], dtype=np.int32)}
    assert _features(codes, 2, 9).toarray().tolist() == [[0.5, 0, 0, 0.5], [0, 1, 0, 0]]
    assert _features({}, 2, 9).toarray().tolist() == [[1, 0], [0, 1]]


def test_attributes_tell_of_items_that_few_took():
    train = events([*ROWS, (8, 8, 1), (8, 9, 1)], n_users=9, n_items=10, item_attributes={"kind": KINDS})
    lists = lists_of("lightfm", train, exclude_seen=True, epochs=30)
    for user in range(8):
        order = [item for item, _ in lists[user]]
        assert order.index(8 + user // 4) < order.index(9 - user // 4)


def test_fewer_items_are_learned_and_listed():
    train = events([*ROWS, (0, 8, 1)], n_users=8, n_items=10)
    assert {item for rows in lists_of("lightfm", train, n_items=8).values() for item, _ in rows} == set(range(8))


def test_a_profile_without_the_library_is_refused_when_it_is_read(monkeypatch, tmp_path):
    profile = tmp_path / "shop.toml"
    profile.write_text((PROJECT / "data" / "profiles" / "movielens.toml").read_text())
    monkeypatch.setitem(sys.modules, "lightfm", None)
    assert "lightfm" in registry()
    with pytest.raises(ProfileError, match=r"shop\.toml.* LightFM is not installed\. .*apt install gcc.* make venv"):
        load_profile(str(profile))
