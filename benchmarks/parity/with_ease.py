"""EASE of RecTools and irspack: the same ridge, on ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix


RIDGE = 3.0  # in units of an item's mean sum of squares


def rectools(matrix: csr_matrix) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    import pandas as pd
    from rectools import Columns
    from rectools.dataset import Dataset
    from rectools.models import EASEModel

    users, items = matrix.nonzero()
    events = pd.DataFrame(
        {Columns.User: users, Columns.Item: items, Columns.Weight: 1.0, Columns.Datetime: "2011-10-24"}
    )
    dataset = Dataset.construct(events)
    model = EASEModel(regularization=_ridge(matrix)).fit(dataset)
    rows, columns = dataset.user_id_map.external_ids, dataset.item_id_map.external_ids
    weights = matrix[:, columns] @ model.weight
    scores = weights.copy()
    scores[:, columns] = weights
    return scores[: len(rows)]


def irspack(matrix: csr_matrix) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    from irspack.recommenders import DenseSLIMRecommender

    model = DenseSLIMRecommender(matrix, reg=_ridge(matrix)).learn()
    return model.get_score_block(0, matrix.shape[0])


def _ridge(matrix: csr_matrix) -> float:
    return RIDGE * matrix.nnz / matrix.shape[1]


def _settings(n_neighbours: int) -> dict[str, object]:
    return {
        "regularization": RIDGE,
        "damping": 1.0,
        "length_penalty": 0.0,
        "max_items": 10_000,
        "n_neighbours": n_neighbours,
        "decay_days": 1e9,
    }


REFERENCES = {
    f"{label}, {n_neighbours} weights an item": (_settings(n_neighbours), scores)
    for label, scores in (
        ("RecTools EASEModel", rectools),
        ("irspack DenseSLIM", irspack),
    )
    for n_neighbours in (10_000, 200)
}
