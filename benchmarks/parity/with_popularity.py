"""Popularity of RecTools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.parity.reference import Reference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.parity.data import Split


def rectools(split: Split, seed: int) -> NDArray[np.floating]:
    """Scores of shape (n_users, n_items)."""
    import numpy as np
    from rectools.models import PopularModel

    from benchmarks.parity.for_rectools import dataset, in_order

    model = PopularModel(popularity="n_users").fit(events := dataset(split))
    ranked, scores = model.popularity_list
    by_item = np.zeros((1, len(ranked)))
    by_item[0, ranked] = scores
    return np.repeat(in_order(events, by_item), split.matrix.shape[0], axis=0)


REFERENCES = {"RecTools PopularModel": Reference(rectools)}
