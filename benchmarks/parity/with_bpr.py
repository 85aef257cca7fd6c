"""BPR of implicit, on ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix


SETTINGS = {"factors": 32, "iterations": 30, "learning_rate": 0.02, "regularization": 0.01}


def implicit(matrix: csr_matrix) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    model = BayesianPersonalizedRanking(random_state=1, num_threads=1, **SETTINGS)
    model.fit(matrix.astype("float32"), show_progress=False)
    return model.user_factors @ model.item_factors.T


REFERENCES = {
    "implicit BayesianPersonalizedRanking": (
        SETTINGS | {"profile_items": 10_000, "most_draws": 1, "min_draws": 1},
        implicit,
    )
}
