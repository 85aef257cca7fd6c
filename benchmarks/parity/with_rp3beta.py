"""RP3beta of irspack, on ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix


LINKS, ALPHA, BETA = 100, 1.0, 0.4


def irspack(matrix: csr_matrix) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    from irspack.recommenders import RP3betaRecommender

    model = RP3betaRecommender(matrix, alpha=ALPHA, beta=BETA, top_k=LINKS, normalize_weight=True, n_threads=1).learn()
    return model.get_score_block(0, matrix.shape[0])


REFERENCES = {
    "irspack RP3beta, all items of a user": (
        {"n_neighbours": LINKS, "alpha": ALPHA, "beta": BETA, "profile_items": 10_000},
        irspack,
    ),
    "irspack RP3beta": ({"n_neighbours": LINKS, "alpha": ALPHA, "beta": BETA}, irspack),
}
