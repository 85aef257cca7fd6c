"""Candidates as Arrow tables: their features as a matrix, what a reranker learns from them, and their rankings.

A table has a row per candidate: the columns of `CANDIDATE`, what the snapshot's SQL says of it, and a column a feature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recsys_assets.ranking.reranker import Examples, ranks_within

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from recsys_assets.ranking.reranker import Reranker

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


def rankings_of(
    rows: pa.Table, chosen: NDArray[np.int64], reranker: Reranker, n: int, n_threads: int = 1
) -> Iterator[pa.Table]:
    """The first ``n`` of each user by the fusion, and by each ranking of a reranker that has learned.

    Parameters
    ----------
    rows : Table
        Candidates with ``score`` (the fusion's) and ``tie`` (which of two equals stands first: the lower).
    chosen : ndarray of int64, shape (n_chosen,)
        Places of the rows to rank: those of one task.
    reranker : Reranker
    n : int
        Length of the lists.
    n_threads : int

    Yields
    ------
    Table
        One a ranking: ``task, user_key, item_key, algorithm, rank, score``; the algorithm is the ranking's name in
        `ranking.CONFIGURATIONS`.
    """
    import numpy as np
    import pyarrow as pa

    users, ties, fusion = (rows[name].to_numpy()[chosen] for name in ("user_key", "tie", "score"))
    users, scores = users.astype(np.int64), {"fusion": fusion}
    if reranker.boosters:
        scores |= reranker.rank(feature_matrix(rows, reranker.names, chosen), users, ties, n_threads)
    for name, values in scores.items():
        ranks = ranks_within(users, values, ties)
        first = np.flatnonzero(ranks <= n)
        columns: dict[str, Any] = {column: rows[column].take(pa.array(chosen[first])) for column in CANDIDATE}
        columns |= {"algorithm": pa.repeat(name, len(first)), "rank": ranks[first], "score": values[first]}
        yield pa.table(columns)
