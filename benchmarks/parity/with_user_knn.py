"""User-kNN by cosine, of irspack and of scikit-learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.parity.reference import Reference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.parity.data import Split


NEIGHBOURS = 300


def irspack(split: Split, seed: int) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    from irspack.recommenders import CosineUserKNNRecommender

    model = CosineUserKNNRecommender(split.matrix, shrinkage=0.0, normalize=True, top_k=NEIGHBOURS, n_threads=1).learn()
    return model.get_score_block(0, split.matrix.shape[0])


def scikit_learn(split: Split, seed: int) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items): exact neighbours, each by its cosine."""
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=NEIGHBOURS, metric="cosine", algorithm="brute").fit(split.matrix)
    graph = search.kneighbors_graph(mode="distance")  # It is a graph of users, and none is a neighbour of its own.
    graph.data = np.maximum(1 - graph.data, 0)
    return (graph @ split.matrix).toarray()


REFERENCES = {
    "irspack CosineUserKNN": Reference(irspack, {"n_neighbours": NEIGHBOURS}),
    "scikit-learn NearestNeighbors": Reference(scikit_learn, {"n_neighbours": NEIGHBOURS}),
}
