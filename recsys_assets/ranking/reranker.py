"""A learned ranking of candidates: gradient-boosted trees over everything known of a user and an item.

Two objectives see the same rows: LambdaMART (Burges, "From RankNet to LambdaRank to LambdaMART", 2010) ranks each list,
and a binary classifier tells taken from not taken. A third ranking is the mean of both by the logarithm of their ranks.
Which of the three is served is not decided here. Trees are LightGBM's (Ke et al., NIPS 2017), kept as its text files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt

from recsys_assets.threads import thread_count

if TYPE_CHECKING:
    from pathlib import Path

    import lightgbm
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

OBJECTIVES: dict[str, dict[str, Any]] = {
    "lambdamart": {"objective": "lambdarank", "lambdarank_truncation_level": 20},
    "binary": {"objective": "binary"},
}
"""LightGBM's own parameters of each objective."""
COMBINED = "reranker"
"""Name of the mean of all objectives; one alone is ``reranker_<objective>`` (`ranking.CONFIGURATIONS`)."""
ABOUT = "reranker.json"
N_EXPLAINED = 250
"""Rows that the summary of SHAP values is made of."""


class RerankerSettings(BaseModel):
    """Settings of the reranker of every task."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    n_nights: PositiveInt = 4
    """Nights whose examples it learns from: those of the graded night, and of whole horizons before it. Several are
    better than one."""

    n_trees: PositiveInt = 100
    """Trees of each objective. Learning and scoring cost in proportion; twice as many gained next to nothing."""

    learning_rate: PositiveFloat = 0.05
    """What each tree counts; twice the rate lost."""

    n_leaves: PositiveInt = 15
    """Leaves of a tree. Few and slow is best where weeks differ."""

    min_leaf_rows: PositiveInt = 100
    """Fewest examples in a leaf."""

    feature_share: PositiveFloat = 0.4
    """Share of the features that each tree may use."""

    every_nth: PositiveInt = 3
    """Of the candidates that were not taken one in so many becomes an example; what was taken always does."""

    max_users: PositiveInt = 5_000
    """Users whose candidates become examples, per task and night: bounds memory and time."""


@dataclass(frozen=True)
class Examples:
    """Candidates whose outcome is known; rows of one list stand together."""

    features: NDArray[np.float32]
    """ndarray of shape (n_rows, n_features); NaN where unknown."""
    names: list[str]
    """Names of the features."""
    lists: Ints
    """ndarray of shape (n_rows,): which list the row belongs to, ascending."""
    taken: NDArray[np.bool_]
    """ndarray of shape (n_rows,): whether the user took the item."""
    weights: Floats
    """ndarray of shape (n_rows,): how many rows each stands for."""


@dataclass
class Reranker:
    """Trees of both objectives for one task.

    Parameters
    ----------
    settings : RerankerSettings
    seed : int
        Of the features that each tree draws. Equal examples and seed give equal trees, whatever the threads.
    """

    settings: RerankerSettings
    seed: int
    names: list[str] = field(default_factory=list)
    """Features in the order of the columns it was fitted on."""
    boosters: dict[str, lightgbm.Booster] = field(default_factory=dict)

    def fit(self, examples: Examples) -> Reranker:
        """Learn from examples, both objectives at once where there are two threads.

        Time O(n_trees * n_rows * n_features), memory two bytes per row and feature beside them.

        Raises
        ------
        ValueError
            Without a row that was taken, or one that was not: there is nothing to tell apart.
        """
        from concurrent.futures import ThreadPoolExecutor

        if not len(examples.taken) or examples.taken.all() or not examples.taken.any():
            raise ValueError("Examples need rows that were taken and rows that were not; keep the fusion until then.")
        self.names = list(examples.names)
        data = self._binned(examples)
        with ThreadPoolExecutor(min(thread_count(), len(OBJECTIVES))) as pool:
            fitted = pool.map(lambda name: self._fit(name, data), OBJECTIVES)
            self.boosters = dict(zip(OBJECTIVES, fitted, strict=True))
        return self

    def _binned(self, examples: Examples) -> lightgbm.Dataset:
        """The examples in bins, made once for all objectives."""
        import lightgbm
        import numpy as np

        _, sizes = np.unique(examples.lists, return_counts=True)
        data = lightgbm.Dataset(
            examples.features,
            examples.taken.astype(np.float32),
            weight=examples.weights,
            group=sizes,
            feature_name=self.names,
            params=self._parameters(),
        )
        return data.construct()

    def _fit(self, objective: str, data: lightgbm.Dataset) -> lightgbm.Booster:
        import lightgbm

        return lightgbm.train(self._parameters() | OBJECTIVES[objective], data, self.settings.n_trees)

    def _parameters(self) -> dict[str, Any]:
        return {
            "learning_rate": self.settings.learning_rate,
            "num_leaves": self.settings.n_leaves,
            "min_data_in_leaf": self.settings.min_leaf_rows,
            "feature_fraction": self.settings.feature_share,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": threads_of_a_booster(),
            "verbose": -1,
        }

    def rank(self, features: NDArray[np.float32], lists: Ints, ties: Ints) -> dict[str, Floats]:
        """Score candidates by every ranking it makes: the higher, the better within a list.

        Parameters
        ----------
        features : ndarray of float32, shape (n_rows, n_features)
            Columns as in `names`.
        lists : ndarray of int64, shape (n_rows,)
            Which list each row belongs to.
        ties : ndarray of int64, shape (n_rows,)
            Which of two equal rows stands first: the lower.

        Returns
        -------
        dict of str to ndarray of float64, shape (n_rows,)
            By the names in `ranking.CONFIGURATIONS`.
        """
        import numpy as np

        scores = {
            f"{COMBINED}_{name}": np.asarray(
                booster.predict(features, num_threads=threads_of_a_booster()), dtype=np.float64
            )
            for name, booster in self.boosters.items()
        }
        ranks = [ranks_within(lists, values, ties) for values in scores.values()]
        return {COMBINED: -np.log(np.prod(np.stack(ranks), axis=0)) / len(ranks), **scores}

    def gains(self) -> dict[str, dict[str, float]]:
        """What the splits of each feature took off the loss of the examples, by objective, greatest first."""
        gains = {}
        for name, booster in self.boosters.items():
            of_feature = zip(self.names, booster.feature_importance("gain").tolist(), strict=True)
            gains[name] = dict(sorted(of_feature, key=lambda each: (-each[1], each[0])))
        return gains

    def shap(self, features: NDArray[np.float32]) -> dict[str, Floats]:
        """SHAP values of rows (Lundberg et al., 2018).

        Returns
        -------
        dict of str to ndarray of float64, shape (n_rows, n_features)
            By objective, columns as in `names`.
        """
        import numpy as np

        return {
            name: np.asarray(
                booster.predict(features, pred_contrib=True, num_threads=threads_of_a_booster()), dtype=np.float64
            )[:, :-1]
            for name, booster in self.boosters.items()
        }

    def save(self, folder: Path) -> None:
        """Write LightGBM's text files and a JSON file beside them; equal fits give equal bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, booster in self.boosters.items():
            (folder / f"{name}.txt").write_text(booster.model_to_string(), encoding="utf-8")
        about = {"settings": self.settings.model_dump(mode="json"), "seed": self.seed, "names": self.names}
        (folder / ABOUT).write_text(json.dumps(about, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Reranker:
        """Read a reranker that `save` wrote."""
        import lightgbm

        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        boosters = {
            name: lightgbm.Booster(model_str=(folder / f"{name}.txt").read_text(encoding="utf-8"))
            for name in OBJECTIVES
            if (folder / f"{name}.txt").exists()
        }
        return cls(RerankerSettings.model_validate(about["settings"]), about["seed"], about["names"], boosters)


def threads_of_a_booster() -> int:
    """Threads of every call of LightGBM, the same for all.

    LightGBM keeps the number of its last call for the whole process, and a fit that has laid out its buffers for fewer
    threads than a call beside it then asks for writes past their end: Python ends in a segmentation fault.
    """
    return max(1, thread_count() // len(OBJECTIVES))


def ranks_within(lists: Ints, scores: Floats, ties: Ints) -> Ints:
    """Rank of each row in its list, from 1, the highest score first.

    Parameters
    ----------
    lists, ties : ndarray of int64, shape (n_rows,)
        Which list a row belongs to, and which of two equal scores stands first (the lower).
    scores : ndarray of float64, shape (n_rows,)

    Returns
    -------
    ndarray of int64, shape (n_rows,)
    """
    import numpy as np

    order = np.lexsort((ties, -scores, lists))
    ordered = lists[order]
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(1, len(order) + 1) - np.searchsorted(ordered, ordered)
    return ranks
