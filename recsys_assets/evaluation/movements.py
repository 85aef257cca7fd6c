"""What rises and falls, as rows for a release: p-values beside the counts that SQL makes, and their correction."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def with_p_values(rows: pa.Table) -> pa.Table:
    """Fill in the p-value of each row's z, and its q-value among the rows of its kind.

    Parameters
    ----------
    rows
        ``kind``, ``z``, and ``p`` and ``q`` without values, as ``sql/release/serving/movements.sql`` gives them.

    Returns
    -------
    Table
        The same with ``p``, two-sided under the normal distribution, and ``q``: the least false discovery rate at which
        the row counts as a change (Benjamini and Hochberg, "Controlling the false discovery rate", 1995). O(n log n).
    """
    import numpy as np
    import pyarrow as pa
    from scipy.stats import false_discovery_control, norm

    kinds = np.array(rows["kind"].to_pylist(), dtype=str)
    p = 2 * norm.sf(np.abs(rows["z"].to_numpy()))
    q = np.empty_like(p)
    for kind in np.unique(kinds):
        q[kinds == kind] = false_discovery_control(p[kinds == kind])
    for name, values in (("p", p), ("q", q)):
        rows = rows.set_column(rows.column_names.index(name), name, pa.array(values))
    return rows
