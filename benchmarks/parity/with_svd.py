"""Truncated SVD of scikit-learn (PureSVD), on ones with users of length the root of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix


FACTORS = 32


def scikit_learn(matrix: csr_matrix) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    import numpy as np
    from scipy.sparse import diags
    from sklearn.decomposition import TruncatedSVD

    lengths = np.sqrt(np.asarray(matrix.sum(axis=1)).ravel())
    model = TruncatedSVD(FACTORS, random_state=1, algorithm="arpack")
    return model.fit_transform(diags(lengths**-0.5) @ matrix) @ model.components_


REFERENCES = {"scikit-learn TruncatedSVD": ({"factors": FACTORS, "length_penalty": 0.5}, scikit_learn)}
