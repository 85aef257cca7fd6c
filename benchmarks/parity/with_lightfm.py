"""LightFM by itself, with the users and items alone and with the kinds of films."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.parity.reference import Reference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.parity.data import Split


SETTINGS = {"no_components": 32, "loss": "warp", "learning_rate": 0.05}
EPOCHS = 30
OURS = {"factors": 32, "epochs": EPOCHS, "n_pairs": 10_000, "n_items": 100_000}


def lightfm(split: Split, seed: int) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    from lightfm import LightFM

    model = LightFM(random_state=seed, **SETTINGS)
    model.fit(split.matrix.tocoo(), epochs=EPOCHS, num_threads=1)
    return model.user_embeddings @ model.item_embeddings.T + model.item_biases


def lightfm_with_kinds(split: Split, seed: int) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    from lightfm import LightFM
    from lightfm.data import Dataset

    n_users, n_items = split.matrix.shape
    kinds = split.attributes["kind"].tolist()
    dataset = Dataset()
    dataset.fit(range(n_users), range(n_items), item_features=[f"kind {kind}" for kind in sorted(set(kinds))])
    features = dataset.build_item_features((item, [f"kind {kind}"]) for item, kind in enumerate(kinds))
    model = LightFM(random_state=seed, **SETTINGS)
    model.fit(split.matrix.tocoo(), item_features=features, epochs=EPOCHS, num_threads=1)
    biases, vectors = model.get_item_representations(features)
    return model.user_embeddings @ vectors.T + biases


REFERENCES = {
    "LightFM": Reference(lightfm, OURS | {"max_values": 1}, "movielens_latest_small", 5),
    "LightFM, with kinds of films": Reference(lightfm_with_kinds, OURS, "movielens_latest_small", 5),
}
