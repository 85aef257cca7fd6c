"""User-kNN by cosine, of irspack and of scikit-learn, on ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix


NEIGHBOURS = 300


def irspack(matrix: csr_matrix) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    from irspack.recommenders import CosineUserKNNRecommender

    model = CosineUserKNNRecommender(matrix, shrinkage=0.0, normalize=True, top_k=NEIGHBOURS, n_threads=1).learn()
    return model.get_score_block(0, matrix.shape[0])


def scikit_learn(matrix: csr_matrix) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items): exact neighbours, each by its cosine."""
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=NEIGHBOURS + 1, metric="cosine", algorithm="brute").fit(matrix)
    graph = search.kneighbors_graph(mode="distance")
    graph.data = np.maximum(1 - graph.data, 0)
    graph.setdiag(0)
    return (graph @ matrix).toarray()


REFERENCES = {
    "irspack CosineUserKNN": ({"n_neighbours": NEIGHBOURS}, irspack),
    "scikit-learn NearestNeighbors": ({"n_neighbours": NEIGHBOURS}, scikit_learn),
}
