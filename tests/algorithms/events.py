"""Small sets of events for hand-checked tests."""

import numpy as np

from recsys_assets.algorithms import Interactions, registry


def events(rows, *, n_users, n_items, **known):
    """Events from rows (user, item, age), (user, item, age, weight) or (user, item, age, weight, basket)."""
    columns = list(zip(*rows, strict=True))
    users, items, ages = columns[:3]
    weights = columns[3] if len(columns) > 3 else np.ones(len(rows))
    baskets = np.array(columns[4], dtype=np.int32) if len(columns) > 4 else None
    return Interactions(
        users=np.array(users, dtype=np.int32),
        items=np.array(items, dtype=np.int32),
        ages=np.array(ages, dtype=np.float64),
        weights=np.array(weights, dtype=np.float64),
        n_users=n_users,
        n_items=n_items,
        **{"baskets": baskets, **known},
    )


def lists_of(name, train, n=10, exclude_seen=False, *, seed=0, **settings):
    """Each user's list of an algorithm as {user: [(item, score), ...]}, best first."""
    algorithm = registry()[name]
    recommender = algorithm(algorithm.Settings(**settings), seed=seed).fit(train)
    lists = recommender.recommend(np.arange(train.n_users, dtype=np.int32), n, exclude_seen)
    by_user = {}
    for user, item, score in zip(lists.users.tolist(), lists.items.tolist(), lists.scores.tolist(), strict=True):
        by_user.setdefault(user, []).append((item, score))
    return by_user
