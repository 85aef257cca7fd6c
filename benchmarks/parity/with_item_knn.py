"""Item-kNN of implicit in three weightings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.parity.reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.parity.data import Split

LINKS = 100


def _implicit(name: str, **settings: float) -> Callable[[Split, int], NDArray[np.floating]]:
    def scores(split: Split, seed: int) -> NDArray[np.floating]:
        from implicit import nearest_neighbours

        model = getattr(nearest_neighbours, name)(K=LINKS + 1, num_threads=1, **settings)
        model.fit(split.matrix, show_progress=False)
        links = model.similarity.copy()
        links.setdiag(0)
        # Ours makes each item's links sum to 1, and says so.
        sums = links.sum(axis=1).A1
        return (split.matrix.multiply(1 / sums.clip(1e-300)) @ links).toarray()

    return scores


REFERENCES = {
    f"implicit {label}": Reference(_implicit(name, **settings), {"weighting": weighting, "n_neighbours": LINKS})
    for label, name, weighting, settings in (
        ("CosineRecommender", "CosineRecommender", "cosine", {}),
        ("TFIDFRecommender", "TFIDFRecommender", "tfidf", {}),
        ("BM25Recommender", "BM25Recommender", "bm25", {"K1": 1.2, "B": 0.75}),
        ("CosineRecommender, ours as a walk", "CosineRecommender", "walk", {}),
    )
}
