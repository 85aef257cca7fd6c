"""LightGBM's trees in a form that scores many candidates of few users and items fast, to the last bit alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

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
    right_leaves: int
    left_share: float
    """Share of its examples that went left."""
    right_share: float


@dataclass(frozen=True)
class _Tree:
    splits: list[_Split]
    leaves: list[float]
    """From left to right."""


class Paths(NamedTuple):
    """Trees of several models as the paths to their leaves, for SHAP values; see `kernels.shap`."""

    features: NDArray[np.int32]
    """ndarray of shape (n_splits,): what each split asks for, tree by tree; so are the next two."""
    thresholds: NDArray[np.float64]
    """Greater values go right."""
    unknown_left: NDArray[np.bool_]
    split_ends: NDArray[np.int64]
    """ndarray of shape (n_trees,): where the splits of each tree end; so do the next."""
    leaf_ends: NDArray[np.int64]
    tree_ends: NDArray[np.int64]
    """ndarray of shape (n_models,): where the trees of each model end."""
    leaves: NDArray[np.float64]
    """ndarray of shape (n_leaves,): the values."""
    step_ends: NDArray[np.int64]
    """ndarray of shape (n_leaves,): where the steps to each leaf end. A step is all that a path asks of one feature."""
    parts: NDArray[np.int32]
    """ndarray of shape (n_steps,): which part of the score the feature belongs to."""
    asked: NDArray[np.uint64]
    """ndarray of shape (n_steps,): bits of the tree's splits that ask for it."""
    left: NDArray[np.uint64]
    """ndarray of shape (n_steps,): those of them that the path leaves to the left."""
    shares: NDArray[np.float64]
    """ndarray of shape (n_steps,): share of the examples that go the path's way where the feature is not known."""
    bases: NDArray[np.float64]
    """ndarray of shape (n_models,): what each model says where nothing is known, the mean over its examples."""


def paths_of(models: Sequence[str], part_of: Sequence[int]) -> Paths:
    """Bring LightGBM's text models into paths.

    Parameters
    ----------
    models : sequence of str
        As `lightgbm.Booster.model_to_string` gives them.
    part_of : sequence of int
        Part of each feature.

    Raises
    ------
    ValueError
        As `compile_trees`.
    """
    import numpy as np

    bases = np.zeros(len(models))
    splits: list[_Split] = []
    leaves: list[float] = []
    split_ends, leaf_ends, tree_ends, step_ends = list[int](), list[int](), list[int](), list[int]()
    steps: list[tuple[int, int, int, float]] = []
    for model, text in enumerate(models):
        for tree in _trees_in(text):
            for leaf, value in enumerate(tree.leaves):
                own = _steps_to(tree, leaf)
                bases[model] += value * math.prod(share for *_, share in own.values())
                steps += [(part_of[feature], *step) for feature, step in own.items()]
                step_ends.append(len(steps))
            splits += tree.splits
            leaves += tree.leaves
            split_ends.append(len(splits))
            leaf_ends.append(len(leaves))
        tree_ends.append(len(split_ends))
    parts, asked, left, shares = zip(*steps, strict=True) if steps else ((), (), (), ())
    return Paths(
        np.array([split.feature for split in splits], np.int32),
        np.array([split.threshold for split in splits], np.float64),
        np.array([split.takes_unknown_left for split in splits], np.bool_),
        np.array(split_ends, np.int64),
        np.array(leaf_ends, np.int64),
        np.array(tree_ends, np.int64),
        np.array(leaves, np.float64),
        np.array(step_ends, np.int64),
        np.array(parts, np.int32),
        np.array(asked, np.uint64),
        np.array(left, np.uint64),
        np.array(shares, np.float64),
        bases,
    )


def _steps_to(tree: _Tree, leaf: int) -> dict[int, tuple[int, int, float]]:
    """What the path to a leaf asks of each feature: bits of its splits, of those left to the left, and their share."""
    own: dict[int, tuple[int, int, float]] = {}
    for place, split in enumerate(tree.splits):
        goes_left = split.left_leaves >> leaf & 1
        if goes_left or split.right_leaves >> leaf & 1:
            asked, left, share = own.get(split.feature, (0, 0, 1.0))
            share *= split.left_share if goes_left else split.right_share
            own[split.feature] = asked | 1 << place, left | goes_left << place, share
    return own


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

    def count(node: int) -> int:
        """Examples of a node, or of a leaf."""
        return int(said["internal_count"][node] if node >= 0 else said["leaf_count"][~node])

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
        of_left, of_right = (count(int(said[side][node])) / count(node) for side in ("left_child", "right_child"))
        feature = int(said["split_feature"][node])
        splits.append(_Split(feature, threshold, unknown_left, left, right, of_left, of_right))
        return left | right

    walk(0 if len(values) > 1 else -1)
    return _Tree(splits, leaves)
