"""RP3beta of irspack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.parity.reference import Reference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.parity.data import Split


LINKS, ALPHA, BETA = 100, 1.0, 0.4
OURS = {"n_neighbours": LINKS, "alpha": ALPHA, "beta": BETA, "profile_items": 10_000}


def irspack(split: Split, seed: int) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    return _irspack(split, LINKS)


def irspack_uncut(split: Split, seed: int) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    return _irspack(split, None)


def _irspack(split: Split, links: int | None) -> NDArray[np.floating]:
    from irspack.recommenders import RP3betaRecommender

    model = RP3betaRecommender(
        split.matrix, alpha=ALPHA, beta=BETA, top_k=links, normalize_weight=True, n_threads=1
    ).learn()
    return model.get_score_block(0, split.matrix.shape[0])


REFERENCES = {
    "irspack RP3beta": Reference(irspack, OURS | {"kept": "to"}),
    "irspack RP3beta, all links": Reference(irspack_uncut, OURS | {"kept": "to", "n_neighbours": 10_000}),
}
