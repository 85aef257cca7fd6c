"""Item-kNN of implicit in three weightings, on ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix


LINKS = 100


def _implicit(name: str, **settings: float) -> object:
    def scores(matrix: csr_matrix) -> NDArray[np.floating]:
        from implicit import nearest_neighbours

        model = getattr(nearest_neighbours, name)(K=LINKS + 1, num_threads=1, **settings)
        model.fit(matrix, show_progress=False)
        links = model.similarity.copy()
        links.setdiag(0)
        return (matrix @ links).toarray()

    return scores


REFERENCES = {
    "implicit CosineRecommender": ({"weighting": "cosine", "n_neighbours": LINKS}, _implicit("CosineRecommender")),
    "implicit TFIDFRecommender": ({"weighting": "tfidf", "n_neighbours": LINKS}, _implicit("TFIDFRecommender")),
    "implicit BM25Recommender": (
        {"weighting": "bm25", "n_neighbours": LINKS},
        _implicit("BM25Recommender", K1=1.2, B=0.75),
    ),
    "implicit CosineRecommender, ours as a walk": ({"n_neighbours": LINKS}, _implicit("CosineRecommender")),
}
