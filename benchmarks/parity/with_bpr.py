"""BPR of implicit, which ours calls, and that of LightFM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.parity.reference import Reference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.parity.data import Split


SETTINGS = {"factors": 64, "iterations": 150, "learning_rate": 0.01, "regularization": 0.01}
OURS = SETTINGS | {"profile_items": 10_000, "most_draws": 1, "min_draws": 1}


def implicit(split: Split, seed: int) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    model = BayesianPersonalizedRanking(random_state=seed, num_threads=1, **SETTINGS)
    model.fit(split.matrix.astype("float32"), show_progress=False)
    return model.user_factors @ model.item_factors.T


def lightfm(split: Split, seed: int) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    from lightfm import LightFM

    model = LightFM(no_components=SETTINGS["factors"], loss="bpr", random_state=seed)
    model.fit(split.matrix.tocoo(), epochs=30, num_threads=1)
    return model.user_embeddings @ model.item_embeddings.T + model.item_biases


REFERENCES = {
    "implicit BayesianPersonalizedRanking": Reference(implicit, OURS, "movielens_latest_small", 5),
    "LightFM, loss bpr": Reference(lightfm, OURS, "movielens_latest_small", 5),
}
