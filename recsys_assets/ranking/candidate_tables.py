"""Candidates as Arrow tables: their features as a matrix, and what a reranker learns from them.

A table has a row per candidate: the columns of `CANDIDATE`, what the snapshot's SQL says of it, and a column a feature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.ranking.reranker import Examples

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

CANDIDATE = ("task", "user_key", "item_key")
"""Columns that say which candidate a row is."""
_NO_FEATURES = frozenset({*CANDIDATE, "taken", "weight", "night", "tie"})
_BLOCK_ROWS, _BLOCK_COLUMNS = 16_384, 16
"""What is copied together, so that what is written stays in the processor's cache: a line of it holds 16 numbers."""


def feature_names(columns: Sequence[str]) -> list[str]:
    """Columns of a table of candidates that are features: all but keys, outcomes and what breaks ties."""
    return [name for name in columns if name not in _NO_FEATURES]


def feature_matrix(
    rows: pa.Table, names: Sequence[str], chosen: NDArray[np.int64] | None = None
) -> NDArray[np.float32]:
    """Features of candidates, columns side by side.

    Parameters
    ----------
    rows : Table of n_rows candidates
    names : sequence of str
        Features in the order of the columns; one that the table lacks is unknown.
    chosen : ndarray of int64, shape (n_chosen,), optional
        Places of the rows wanted; all by default.

    Returns
    -------
    ndarray of float32, shape (n_chosen, len(names))
        NaN for null and for a column there is none of.
    """
    import numpy as np

    chosen = np.arange(rows.num_rows) if chosen is None else chosen
    matrix = np.full((len(chosen), len(names)), np.nan, dtype=np.float32)
    known = [place for place, name in enumerate(names) if name in rows.column_names]
    for some in (known[first : first + _BLOCK_COLUMNS] for first in range(0, len(known), _BLOCK_COLUMNS)):
        columns = [(place, rows[names[place]].to_numpy()[chosen]) for place in some]
        for first in range(0, len(chosen), _BLOCK_ROWS):
            block = slice(first, first + _BLOCK_ROWS)
            for place, column in columns:
                matrix[block, place] = column[block]
    return matrix


def examples_from(rows: pa.Table, names: Sequence[str] | None = None) -> Examples:
    """Candidates whose outcome is known, as a reranker takes them.

    Parameters
    ----------
    rows : Table
        Of one task, ordered by ``night`` and ``user_key``: those of one night and user are one list. It also has
        ``taken`` and ``weight``.
    names : sequence of str, optional
        Features to learn from; all of the table's by default.
    """
    import numpy as np

    names = feature_names(rows.column_names) if names is None else names
    lists = rows.select(["night", "user_key"]).to_pandas()
    starts = (lists != lists.shift()).any(axis=1).to_numpy()
    return Examples(
        features=feature_matrix(rows, names),
        names=list(names),
        lists=np.cumsum(starts),
        taken=rows["taken"].to_numpy(),
        weights=rows["weight"].to_numpy().astype(np.float64),
    )
