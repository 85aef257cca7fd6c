"""What BPR draws and what its scores are."""

import numpy as np
from scipy.sparse import csr_matrix

from recsys_assets.algorithms import Interactions
from recsys_assets.algorithms.bpr import BPR, _repeated


def clusters(n_groups=3, n_users=40, n_items=30):
    """Users and items of one group out of three; a pair is taken once, with a chance of one in two."""
    random = np.random.default_rng(3)
    same_group = np.arange(n_users)[:, None] % n_groups == np.arange(n_items) % n_groups
    return same_group & (random.random((n_users, n_items)) < 0.5), same_group


def fitted(taken, **settings):
    users, items = np.nonzero(taken)
    ones = np.ones(len(users))
    train = Interactions(users.astype(np.int32), items.astype(np.int32), ones, ones, *taken.shape)
    return BPR(BPR.Settings(**settings), seed=0).fit(train)


def test_pairs_are_drawn_by_their_share_of_the_greatest_count():
    counts = csr_matrix(np.array([[4.0, 1.0, 0, 2.0], [0, 0, 0, 0], [0, 0.5, 0, 0.1]]))
    repeated = _repeated(counts, 4)
    assert repeated.indptr.tolist() == [0, 7, 7, 12]
    assert repeated.indices.tolist() == [0, 0, 0, 0, 1, 3, 3, 1, 1, 1, 1, 3]


def test_what_the_user_may_like_stands_above_the_rest():
    taken, same_group = clusters()
    model = fitted(taken, iterations=200)
    lists = model.recommend(np.arange(40, dtype=np.int32), 30, exclude_seen=True)
    scores = np.full(taken.shape, np.nan)
    scores[lists.users, lists.items] = lists.scores
    unseen = ~taken
    assert np.nanmin(scores[unseen & same_group]) > np.nanmedian(scores[unseen & ~same_group])
    assert np.nanmean(scores[unseen & same_group]) > np.nanmax(scores[unseen & ~same_group])


def test_scores_are_products_of_factors_and_the_item_bias():
    taken, _ = clusters()
    model = fitted(taken, max_items=20, factors=5)
    user_factors, item_factors = (model.arrays[f"{name}_factors"].astype(np.float64) for name in ("user", "item"))
    assert user_factors.shape == (40, 6)
    assert (user_factors[:, 5] == 1).all(), "the last factor of an item is its bias"
    lists = model.recommend(np.arange(40, dtype=np.int32), 30, exclude_seen=False)
    assert set(lists.items.tolist()) == set(model.arrays["items"].tolist())
    places = np.searchsorted(model.arrays["items"], lists.items)
    np.testing.assert_array_equal(lists.scores, (user_factors[lists.users] * item_factors[places]).sum(axis=1))
