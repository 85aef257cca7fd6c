"""ALS of implicit and iALS of irspack, on ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix


FACTORS = 64


def implicit(matrix: csr_matrix) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    from implicit.cpu.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(factors=FACTORS, random_state=1, num_threads=1)
    model.fit(matrix.astype("float32"), show_progress=False)
    return model.user_factors @ model.item_factors.T


def irspack(matrix: csr_matrix) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items), with the regularization of Rendle et al. 2021 scaled by frequency."""
    from irspack.recommenders import IALSRecommender

    model = IALSRecommender(matrix, n_components=FACTORS, n_threads=1, random_seed=1).learn()
    return model.get_score_block(0, matrix.shape[0])


REFERENCES = {"implicit AlternatingLeastSquares": ({}, implicit), "irspack IALS": ({}, irspack)}
