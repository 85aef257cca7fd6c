"""Unions of lists as arrays are those of the fusion's reference, row by row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_assets.ranking.fusion import fuse
from recsys_assets.ranking.list_arrays import UserLists, unite

N_ITEMS = 12
lists_of_users = st.dictionaries(st.integers(0, 5), st.lists(st.integers(0, N_ITEMS - 1), unique=True, max_size=8))


def packed(lists):
    """Lists by user as arrays."""
    users = sorted(lists)
    items = [item for user in users for item in lists[user]]
    offsets = np.cumsum([0, *(len(lists[user]) for user in users)])
    return UserLists(np.array(users, np.int32), offsets.astype(np.int64), np.array(items, np.int32))


@settings(deadline=None)
@given(
    lists=st.lists(lists_of_users, min_size=1, max_size=4),
    weights=st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=4, max_size=4),
    rrf_k=st.sampled_from([0, 2, 60]),
    n=st.integers(1, 15),
    seed=st.integers(0, 5),
)
def test_a_union_is_the_fusion_row_by_row(lists, weights, rrf_k, n, seed):
    places = np.random.default_rng(seed).permutation(N_ITEMS).astype(np.int32)
    names = [f"algorithm_{number}" for number in range(len(lists))]
    weight_of = dict(zip(names, weights, strict=False))
    got = unite(
        {name: packed(each) for name, each in zip(names, lists, strict=True)}, weight_of, places, rrf_k=rrf_k, n=n
    )
    rows = [
        (user, number, rank, item)
        for number, each in enumerate(lists)
        if weights[number] > 0
        for user, items in each.items()
        for rank, item in enumerate(items, start=1)
    ]
    users, algorithms, ranks, items = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    # The reference breaks ties by the item's own number.
    expected = fuse(users, algorithms, ranks, places[items], np.array(weights[: len(lists)]), rrf_k=rrf_k, n=n)
    starts = np.flatnonzero(got.ranks == 1)
    users_of = np.repeat(got.users, np.diff(np.append(starts, len(got.ranks))))
    np.testing.assert_array_equal(users_of, expected.lists)
    np.testing.assert_array_equal(places[got.items], expected.items)
    np.testing.assert_array_equal(got.ranks, expected.ranks)
    np.testing.assert_array_equal(got.scores, expected.scores)
    for user, item, n_algorithms, best in zip(users_of, got.items, got.n_algorithms, got.best_ranks, strict=True):
        found = [rank for of, _, rank, listed in rows if (of, listed) == (user, item)]
        assert (n_algorithms, best) == (len(found), min(found))


@pytest.mark.parametrize("lists", [{}, {"als": packed({})}])
def test_without_lists_there_is_no_union(lists):
    union = unite(lists, {"als": 1.0}, np.arange(N_ITEMS, dtype=np.int32), rrf_k=60, n=5)
    assert [len(column) for column in union] == [0] * len(union)
