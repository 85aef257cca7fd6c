"""EASE of RecTools and irspack: the same ridge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.parity.reference import Reference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.parity.data import Split


RIDGE = 3.0  # It counts in units of an item's mean sum of squares.
SETTINGS = {"regularization": RIDGE, "damping": 1.0, "length_penalty": 0.0, "max_items": 10_000}


def rectools(split: Split, seed: int) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    from rectools.models import EASEModel

    from benchmarks.parity.for_rectools import dataset, in_order

    model = EASEModel(regularization=_ridge(split)).fit(events := dataset(split))
    return in_order(events, (events.get_user_item_matrix() @ model.weight))


def irspack(split: Split, seed: int) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    from irspack.recommenders import DenseSLIMRecommender

    model = DenseSLIMRecommender(split.matrix, reg=_ridge(split)).learn()
    return model.get_score_block(0, split.matrix.shape[0])


def _ridge(split: Split) -> float:
    return RIDGE * split.matrix.nnz / split.matrix.shape[1]


REFERENCES = {
    f"{label}, {n_neighbours} weights an item": Reference(scores, SETTINGS | {"n_neighbours": n_neighbours})
    for label, scores in (("RecTools EASEModel", rectools), ("irspack DenseSLIM", irspack))
    for n_neighbours in (10_000, 200)
}
