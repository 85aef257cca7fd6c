"""Splits as RecTools takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.parity.data import Split


def dataset(split: Split) -> Any:
    """A rectools.dataset.Dataset of all pairs."""
    import pandas as pd
    from rectools import Columns
    from rectools.dataset import Dataset

    users, items = split.matrix.nonzero()
    pairs = {Columns.User: users, Columns.Item: items, Columns.Weight: 1.0, Columns.Datetime: "2011-10-24"}
    return Dataset.construct(pd.DataFrame(pairs))


def in_order(events: Any, scores: NDArray[np.floating]) -> NDArray[np.floating]:
    """Bring columns, and rows where there is one for each user, from RecTools' order into the split's."""
    import numpy as np

    by_item = np.empty_like(scores)
    by_item[:, events.item_id_map.external_ids] = scores
    if len(scores) == 1:
        return by_item
    by_index = np.empty_like(by_item)
    by_index[events.user_id_map.external_ids] = by_item
    return by_index
