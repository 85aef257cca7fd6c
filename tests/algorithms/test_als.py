"""What ALS solves, against the equations in dense matrices."""

import numpy as np
import pytest

from recsys_assets.algorithms import Interactions
from recsys_assets.algorithms.als import ALS

COUNTS = np.random.default_rng(1).poisson(0.7, size=(12, 9)).astype(np.float64)
COUNTS[3] = 0


def fitted(**settings):
    users, items = np.nonzero(COUNTS)
    ones = np.ones(len(users))
    train = Interactions(users.astype(np.int32), items.astype(np.int32), ones, COUNTS[users, items], *COUNTS.shape)
    settings = {"decay_days": 1e12, "factors": 3, "iterations": 500} | settings
    return ALS(ALS.Settings(**settings), seed=1).fit(train)


@pytest.mark.parametrize(("power", "unobserved"), [(0, 0.1), (0.5, 0.1), (1, 1)])
def test_factors_solve_the_equations_of_every_user_and_item(power, unobserved):
    model = fitted(frequency_power=power, unobserved=unobserved, regularization=0.3)
    users, items = (model.arrays[name].astype(np.float64) for name in ("user_factors", "item_factors"))
    confidence, taken = np.log1p(COUNTS), COUNTS > 0
    n_users, n_items = taken.any(axis=1).sum(), taken.any(axis=0).sum()
    by_user = (taken.sum(axis=1) + unobserved * n_items) ** power
    by_item = (taken.sum(axis=0) + unobserved * n_users) ** power
    strength = confidence.sum() / np.sqrt(n_users * n_items)
    pull = 0.3 * strength / np.concatenate([by_user[taken.any(axis=1)], by_item[taken.any(axis=0)]]).mean()
    for mine, others, values, frequency in (
        (users, items, confidence, by_user),
        (items, users, confidence.T, by_item),
    ):
        for row in np.flatnonzero(values.any(axis=1)):
            weights = np.where(values[row] > 0, values[row], 1.0)
            left = others.T @ (weights[:, None] * others) + pull * frequency[row] * np.eye(3)
            np.testing.assert_allclose(mine[row], np.linalg.solve(left, others.T @ values[row]), rtol=1e-3, atol=1e-5)


def test_who_took_nothing_has_no_taste():
    model = fitted()
    assert not model.arrays["user_factors"][3].any()
