"""PureSVD of scikit-learn, on users divided by the root of their length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.parity.reference import Reference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.parity.data import Split


FACTORS = 32


def scikit_learn(split: Split, seed: int) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    import numpy as np
    from scipy.sparse import diags
    from sklearn.decomposition import TruncatedSVD

    lengths = np.sqrt(np.asarray(split.matrix.sum(axis=1)).ravel())
    model = TruncatedSVD(FACTORS, random_state=seed, algorithm="arpack")
    return model.fit_transform(diags(lengths**-0.5) @ split.matrix) @ model.components_


REFERENCES = {"scikit-learn TruncatedSVD": Reference(scikit_learn, {"factors": FACTORS, "length_penalty": 0.5})}
