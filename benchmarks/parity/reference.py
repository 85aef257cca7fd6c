"""What a row of the table is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.parity.data import Split


@dataclass(frozen=True)
class Reference:
    """Another implementation of an algorithm, and the settings under which ours does the same."""

    scores: Callable[[Split, int], NDArray[np.floating]]
    """Fit on a split with a seed, and score: ndarray of shape (n_users, n_items); the order is what counts."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """Ours; no event ages in any split, so decay says nothing."""
    data: str = "online_retail"
    """Name of the split."""
    n_seeds: int = 1
    """More where either side draws."""
