"""What each feature group and algorithm adds to what a reranker's trees say of a candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.ranking.trees import paths_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from recsys_assets.ranking.reranker import Reranker


def contributions(
    reranker: Reranker, features: NDArray[np.float32], group_of: Mapping[str, str]
) -> dict[str, tuple[float, pa.ListArray]]:
    """SHAP values of candidates, those of the features of a group added up.

    Parameters
    ----------
    reranker : Reranker
    features : ndarray of float32, shape (n_rows, n_features)
        Columns as in the reranker's `names`; NaN where unknown.
    group_of : mapping of str to str
        Group of each feature; one without is a group of its own.

    Returns
    -------
    dict of str to tuple of float and ListArray of n_rows
        By objective: the base, which is the mean sum of the trees over its examples, and structs of ``part`` and
        ``contribution``, the greatest first, without those that are 0. With the base they add up to the sum of the
        trees, which of the binary objective is the logarithm of the odds.
    """
    import numpy as np
    import pyarrow as pa

    from recsys_assets.kernels.shap import shap_values

    groups = sorted({group_of.get(name, name) for name in reranker.names})
    part_of = [groups.index(group_of.get(name, name)) for name in reranker.names]
    paths = paths_of([booster.model_to_string() for booster in reranker.boosters.values()], part_of)
    columns = np.ascontiguousarray(features.T)
    made = {}
    for objective, base, values in zip(
        reranker.boosters, paths.bases, shap_values(columns, len(groups), *paths[:-1]), strict=True
    ):
        order = np.argsort(-np.abs(values), axis=1, kind="stable")
        ordered = np.take_along_axis(values, order, axis=1)
        n_kept = np.count_nonzero(ordered, axis=1)
        is_kept = np.arange(len(groups)) < n_kept[:, None]
        structs = pa.StructArray.from_arrays(
            [pa.array(groups, pa.string()).take(pa.array(order[is_kept])), pa.array(ordered[is_kept])],
            names=["part", "contribution"],
        )
        ends = np.concatenate([[0], np.cumsum(n_kept)]).astype(np.int32)
        made[objective] = float(base), pa.ListArray.from_arrays(ends, structs)
    return made
