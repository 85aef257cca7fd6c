"""ALS of implicit, and iALS of irspack with the regularization of Rendle et al. 2021 scaled by frequency.

Theirs have the settings that were best for them on this very input: of regularization .01, 3, 10, 20, and of alpha0 and
reg (1, .001), (.1, .01), (.1, .003), (.3, .003), (1, .003). Ours have their defaults, chosen elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.parity.reference import Reference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.parity.data import Split


FACTORS = 64


def implicit(split: Split, seed: int) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    from implicit.cpu.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(FACTORS, regularization=20.0, random_state=seed, num_threads=1)
    model.fit(split.matrix.astype("float32"), show_progress=False)
    return model.user_factors @ model.item_factors.T


def irspack(split: Split, seed: int) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    from irspack.recommenders import IALSRecommender

    model = IALSRecommender(split.matrix, FACTORS, random_seed=seed, n_threads=1, alpha0=1.0, reg=0.003, nu=1.0).learn()
    return model.get_score_block(0, split.matrix.shape[0])


REFERENCES = {
    "implicit AlternatingLeastSquares": Reference(implicit, n_seeds=5),
    "irspack IALS": Reference(irspack, n_seeds=5),
}
