"""What user-kNN computes, by hand."""

import numpy as np
import pytest

from recsys_assets.algorithms import Interactions
from recsys_assets.algorithms.user_knn import UserKNN

LONG = 1e12  # With so many days nothing fades.


def recommend(rows, *, exclude_seen=True, n_users=4, **settings):
    """Lists of (user, item): score, from rows of user, item, age, weight."""
    users, items, ages, weights = np.array(rows, dtype=np.float64).T
    train = Interactions(users.astype(np.int32), items.astype(np.int32), ages, weights, n_users, n_items=6)
    lists = (
        UserKNN(UserKNN.Settings(**settings), seed=0)
        .fit(train)
        .recommend(np.arange(n_users, dtype=np.int32), 6, exclude_seen)
    )
    pairs = zip(lists.users.tolist(), lists.items.tolist(), strict=True)
    return dict(zip(pairs, lists.scores.tolist(), strict=True))


# User 0 has items 0 and 1, user 1 items 0 and 2, user 2 items 0, 1 and 3, user 3 item 4.
ROWS = [(0, 0, 1, 1), (0, 1, 1, 1), (1, 0, 1, 1), (1, 2, 1, 1), (2, 0, 1, 1), (2, 1, 1, 1), (2, 3, 1, 1), (3, 4, 1, 1)]


def test_neighbours_count_by_cosine():
    scores = recommend(ROWS, taste_days=LONG, half_life_days=LONG, damping=1)
    with_1, with_2 = 1 / 2, 2 / np.sqrt(6)
    assert scores[0, 2] == pytest.approx(with_1 / (with_1 + with_2))
    assert scores[0, 3] == pytest.approx(with_2 / (with_1 + with_2))
    assert (0, 4) not in scores
    assert not any(user == 3 for user, _ in scores), "nobody is like user 3"


def test_only_the_closest_count():
    scores = recommend(ROWS, taste_days=LONG, half_life_days=LONG, damping=1, n_neighbours=1)
    of_user_0 = {item: score for (user, item), score in scores.items() if user == 0}
    assert of_user_0 == {3: pytest.approx(1.0)}


def test_what_neighbours_took_fades_by_half_lives_and_is_forgotten_after_five():
    old = [(0, 0, 1, 1), (1, 0, 1, 1), (1, 2, 14, 1), (1, 3, 35, 4), (1, 4, 35.5, 100)]
    scores = recommend(old, taste_days=LONG, half_life_days=7, damping=1, n_users=2)
    assert scores == {(0, 2): pytest.approx(1 / 4), (0, 3): pytest.approx(4 / 32)}


def test_taste_fades_as_a_hyperbola():
    # Users 1 and 2 both share item 0 with user 0 and have one item more; that of user 2 is older, so it weighs less
    # in user 2's vector and the cosine is greater.
    rows = [(0, 0, 10, 1), (1, 0, 10, 1), (1, 2, 10, 1), (2, 0, 10, 1), (2, 3, 30, 1)]
    scores = recommend(rows, taste_days=10, half_life_days=LONG, damping=1, n_users=3)
    with_1, with_2 = 1 / np.sqrt(2), 0.5 / np.hypot(0.5, 0.25)
    assert scores[0, 2] == pytest.approx(with_1 / (with_1 + with_2))
    assert scores[0, 3] == pytest.approx(with_2 / (with_1 + with_2))


def test_counts_are_damped():
    rows = [(0, 0, 1, 1), (1, 0, 1, 1), (1, 2, 1, 9)]
    scores = recommend(rows, taste_days=LONG, half_life_days=LONG, damping=0.5, n_users=2)
    assert scores[0, 2] == pytest.approx(3)


def test_the_own_items_count_beside_the_neighbours():
    without = recommend(ROWS, exclude_seen=False, self_weight=0, taste_days=LONG, half_life_days=LONG, damping=1)
    with_own = recommend(ROWS, exclude_seen=False, self_weight=2, taste_days=LONG, half_life_days=LONG, damping=1)
    assert with_own[0, 1] == pytest.approx(without[0, 1] + 2)
    assert with_own[0, 2] == pytest.approx(without[0, 2])
    assert with_own[3, 4] == pytest.approx(2)
