"""SHAP values of decision trees, summed to parts of the score that several features may belong to.

The values are those of path-dependent TreeSHAP (Lundberg et al., "Consistent Individualized Feature Attribution for
Tree Ensembles", 2018). What a leaf gives to the features on its path depends only on which of them go its way, so it is
worked out once for each such set that a row has (Yang, "Fast TreeSHAP", 2021).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba.core.types import int64

from recsys_assets.kernels.compiling import compiled, read, written

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_KEPT = 10
"""Features on a path up to which the sets are remembered: 2 to this power of them."""


@compiled()
def _values_of_leaf(
    satisfied: int, shares: NDArray[np.float64], leaf: float, chances: NDArray[np.float64], values: NDArray[np.float64]
) -> None:
    """SHAP values that one leaf gives to the steps of its path, where those whose bits are set go its way.

    ``chances[n]`` becomes the sum over sets of n of the other steps that are known, of their shares where they are not
    known; what a step adds is the mean over how many of the others are known (Shapley's weights).
    """
    n = len(shares)
    for own in range(n):
        chances[0] = 1.0
        n_others = 0
        for other in range(n):
            if other == own:
                continue
            goes = np.float64(satisfied >> other & 1)
            chances[n_others + 1] = chances[n_others] * goes
            for known in range(n_others, 0, -1):
                chances[known] = chances[known] * shares[other] + chances[known - 1] * goes
            chances[0] *= shares[other]
            n_others += 1
        weight, total = 1.0 / n, 0.0
        for known in range(n):
            total += weight * chances[known]
            weight *= (known + 1.0) / max(n - 1.0 - known, 1.0)
        values[own] = total * (np.float64(satisfied >> own & 1) - shares[own]) * leaf


@compiled()
def _no_places(n: int) -> NDArray[np.int64]:
    """A table for `_number`: at least twice as long as there are numbers, a power of 2."""
    size = 2
    while size < 2 * n:
        size *= 2
    return np.empty(size, np.int64)


@compiled()
def _number(values: NDArray[np.uint64], number_of: NDArray[np.int64], places: NDArray[np.int64]) -> int:
    """Number equal values alike, by a hash table; they come to stand in front, each once. How many there are."""
    places[:] = -1
    last, n = np.uint64(len(places) - 1), 0
    for row in range(len(values)):
        value = values[row]
        place = (value * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32) & last
        while places[place] >= 0 and values[places[place]] != value:
            place = place + np.uint64(1) & last
        if places[place] < 0:
            places[place] = n
            values[n] = value  # No row before this one is looked at again, and there are at most as many values.
            n += 1
        number_of[row] = places[place]
    return n


@compiled()
def _fill_ways(
    ways: NDArray[np.uint64],
    columns: NDArray[np.float32],
    features: NDArray[np.int32],
    thresholds: NDArray[np.float64],
    unknown_left: NDArray[np.bool_],
) -> None:
    """Which of a tree's splits each row leaves to the left, as bits."""
    ways[:] = 0
    for split in range(len(features)):
        bit, values = np.uint64(1) << np.uint64(split), columns[features[split]]
        for row in range(len(ways)):
            value = np.float64(values[row])
            if value <= thresholds[split] or (value != value and unknown_left[split]):
                ways[row] |= bit


@compiled()
def _add_leaf(
    sums: NDArray[np.float64],
    ways: NDArray[np.uint64],
    parts: NDArray[np.int32],
    asked: NDArray[np.uint64],
    left: NDArray[np.uint64],
    shares: NDArray[np.float64],
    leaf: float,
    kept: NDArray[np.float64],
) -> None:
    """Add to the sums of each way through the tree what one leaf gives to the parts of the steps to it."""
    n_steps = len(parts)
    chances, own = np.empty(n_steps + 1), np.empty(n_steps)
    is_kept = np.zeros(1 << min(n_steps, _MOST_KEPT), np.bool_)
    for way in range(len(ways)):
        satisfied = 0
        for place in range(n_steps):
            satisfied |= int(ways[way] & asked[place] == left[place]) << place
        values = own if n_steps > _MOST_KEPT else kept[satisfied]
        if n_steps > _MOST_KEPT:
            _values_of_leaf(satisfied, shares, leaf, chances, values)
        elif not is_kept[satisfied]:
            _values_of_leaf(satisfied, shares, leaf, chances, values)
            is_kept[satisfied] = True
        for place in range(n_steps):
            sums[way, parts[place]] += values[place]


@compiled(
    written("float64", 3)(
        *(read("float32", 2), int64),
        *(read("int32"), read("float64"), read("boolean"), read("int64"), read("int64"), read("int64")),
        *(read("float64"), read("int64"), read("int32"), read("uint64"), read("uint64"), read("float64")),
    )
)
def shap_values(
    columns: NDArray[np.float32],
    n_parts: int,
    features: NDArray[np.int32],
    thresholds: NDArray[np.float64],
    unknown_left: NDArray[np.bool_],
    split_ends: NDArray[np.int64],
    leaf_ends: NDArray[np.int64],
    tree_ends: NDArray[np.int64],
    leaves: NDArray[np.float64],
    step_ends: NDArray[np.int64],
    parts: NDArray[np.int32],
    asked: NDArray[np.uint64],
    left: NDArray[np.uint64],
    shares: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Sum the SHAP values of rows to parts.

    Time O(rows * (splits + trees * parts)), and of each tree O(leaves * features on a path) for each way that rows go
    through all of its splits: far fewer than rows.

    Parameters
    ----------
    columns : ndarray of float32, shape (n_features, n)
        NaN where unknown.
    n_parts : int
    features, thresholds, unknown_left, split_ends, leaf_ends, tree_ends, leaves, step_ends, parts, asked, left, shares
        See `ranking.trees.Paths`.

    Returns
    -------
    ndarray of float64, shape (n_models, n, n_parts)
        With the model's base they add up to the sum of its trees.
    """
    n = columns.shape[1]
    out = np.zeros((len(tree_ends), n, n_parts))
    ways, way_of, places = np.empty(n, np.uint64), np.empty(n, np.int64), _no_places(n)
    sums, kept = np.empty((n, n_parts)), np.empty((1 << _MOST_KEPT, _MOST_KEPT))
    tree, leaf = 0, 0
    split, step = np.int64(0), np.int64(0)
    for model in range(len(tree_ends)):
        while tree < tree_ends[model]:
            own = slice(split, split_ends[tree])
            _fill_ways(ways, columns, features[own], thresholds[own], unknown_left[own])
            n_ways = _number(ways, way_of, places)
            sums[:n_ways] = 0.0
            while leaf < leaf_ends[tree]:
                end = step_ends[leaf]
                here = slice(step, end)
                _add_leaf(sums, ways[:n_ways], parts[here], asked[here], left[here], shares[here], leaves[leaf], kept)
                step = end
                leaf += 1
            for row in range(n):
                for part in range(n_parts):
                    out[model, row, part] += sums[way_of[row], part]
            split = split_ends[tree]
            tree += 1
    return out
