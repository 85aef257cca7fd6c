"""LightGBM's trees in a form that scores many candidates of few users and items fast, to the last bit alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

MOST_LEAVES = 62
"""Of a tree: bits of a signed word, less two."""
_NO_MISSING, _ZERO_MISSING, _NAN_MISSING = range(3)
"""LightGBM's ways to read what is not known, bits 2 and 3 of a split's decision type."""


@dataclass(frozen=True, eq=False)
class Trees:
    """Trees of several models over the same features; see `kernels.trees`."""

    thresholds: NDArray[np.float64]
    """ndarray of shape (n_thresholds,): those of each feature, ascending."""
    starts: NDArray[np.int64]
    """ndarray of shape (n_features + 1,): where the thresholds of each feature begin."""
    masks: NDArray[np.uint64]
    """ndarray of uint16 or uint64, shape (n_thresholds + 2 * n_features, n_trees)."""
    leaves: NDArray[np.float64]
    """ndarray of shape (n_trees, most leaves)."""
    ends: NDArray[np.int64]
    """ndarray of shape (n_models,): where the trees of each end."""
    used: NDArray[np.bool_]
    """ndarray of shape (n_features,): whether any tree asks for the feature."""

    @property
    def whole(self) -> NDArray[np.uint64]:
        """Lanes that no value has cleared: ndarray of shape (n_trees,)."""
        import numpy as np

        return np.full(self.masks.shape[1], np.iinfo(self.masks.dtype).max, self.masks.dtype)


def compile_trees(models: Sequence[str], n_features: int) -> Trees:
    """Bring LightGBM's text models into one set of lanes.

    Parameters
    ----------
    models : sequence of str
        As `lightgbm.Booster.model_to_string` gives them.
    n_features : int

    Returns
    -------
    Trees

    Raises
    ------
    ValueError
        When a tree has categorical or linear splits, takes zero for missing, or has more than `MOST_LEAVES` leaves.
    """
    import numpy as np

    trees = [tree for model in models for tree in _trees_in(model)]
    ends = np.cumsum([sum(1 for _ in _trees_in(model)) for model in models])
    by_feature: list[set[float]] = [set() for _ in range(n_features)]
    for tree in trees:
        for split in tree.splits:
            by_feature[split.feature].add(split.threshold)
    starts = np.concatenate([[0], np.cumsum([len(each) for each in by_feature])]).astype(np.int64)
    thresholds = np.array([threshold for each in by_feature for threshold in sorted(each)])
    most = max((len(tree.leaves) for tree in trees), default=1)
    kind = np.uint16 if most <= 16 else np.uint64
    masks = np.full((len(thresholds) + 2 * n_features, len(trees)), np.iinfo(kind).max, kind)
    leaves = np.zeros((len(trees), most))
    for place, tree in enumerate(trees):
        leaves[place, : len(tree.leaves)] = tree.leaves
        for split in tree.splits:
            first, last = starts[split.feature], starts[split.feature + 1]
            code = first + 2 * split.feature
            below = np.searchsorted(thresholds[first:last], split.threshold)
            keeps = kind(np.iinfo(kind).max ^ split.left_leaves)
            masks[code + below + 1 : code + last - first + 1, place] &= keeps
            if not split.takes_unknown_left:
                masks[code + last - first + 1, place] &= keeps
    return Trees(thresholds, starts, masks, leaves, ends, np.array([bool(each) for each in by_feature]))


@dataclass(frozen=True)
class _Split:
    feature: int
    threshold: float
    takes_unknown_left: bool
    left_leaves: int
    """Bits of the leaves to its left."""


@dataclass(frozen=True)
class _Tree:
    splits: list[_Split]
    leaves: list[float]
    """From left to right."""


def _trees_in(model: str) -> Iterator[_Tree]:
    for block in model.split("\nTree=")[1:]:
        pairs = (line.partition("=") for line in block.partition("\n\n")[0].splitlines()[1:])
        said = {name: value.split() for name, _, value in pairs}
        if int(said["num_cat"][0]) or said.get("is_linear", ["0"]) != ["0"]:
            raise ValueError("A tree has categorical or linear splits: these are not scored here.")
        if int(said["num_leaves"][0]) > MOST_LEAVES:
            raise ValueError(f"A tree has {said['num_leaves'][0]} leaves; {MOST_LEAVES} are possible.")
        yield _tree(said)


def _tree(said: dict[str, list[str]]) -> _Tree:
    values = [float(value) for value in said["leaf_value"]]
    splits: list[_Split] = []
    leaves: list[float] = []

    def walk(node: int) -> int:
        """Number the leaves below a node from left to right; their bits."""
        if node < 0:
            leaves.append(values[~node])
            return 1 << (len(leaves) - 1)
        left = walk(int(said["left_child"][node]))
        right = walk(int(said["right_child"][node]))
        threshold, decision = float(said["threshold"][node]), int(said["decision_type"][node])
        missing = decision >> 2 & 3
        if missing == _ZERO_MISSING:
            raise ValueError("A tree takes zero for missing: that is not scored here.")
        unknown_left = bool(decision & 2) if missing == _NAN_MISSING else threshold >= 0
        splits.append(_Split(int(said["split_feature"][node]), threshold, unknown_left, left))
        return left | right

    walk(0 if len(values) > 1 else -1)
    return _Tree(splits, leaves)
