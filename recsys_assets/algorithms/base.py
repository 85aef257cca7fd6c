"""The contract of every recommender."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, Self, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveInt

from recsys_assets.algorithms.arrays import Lists
from recsys_assets.algorithms.topn import top_n_and_new

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms.arrays import Interactions
    from recsys_assets.algorithms.topn import Scores

SETTINGS_FILE = "recommender.json"


class Recommender(ABC):
    """Learns from the events before a cutoff and lists items for users.

    An algorithm is a subclass with the class variables below, `_fit` and `_score`. The rest of the contract
    is kept here: exclusion of seen items, exact order, and files.

    Parameters
    ----------
    settings : Settings
        The algorithm's own settings.
    seed : int
        Seed of everything random. The same seed gives the same result, whatever the number of threads.
    """

    name: ClassVar[str]
    """Name in profiles, folders and tables."""
    title: ClassVar[str]
    """Name shown to people."""
    description: ClassVar[str]
    """One sentence shown to people."""
    tasks: ClassVar[frozenset[str]]
    """The tasks it can serve: "next", "discovery" or both."""
    uses: ClassVar[frozenset[str]] = frozenset()
    """What it learns from beside the events' users, items, ages and weights: any of "baskets", "contexts",
    "user_attributes", "item_attributes" and "item_texts" (see `Interactions`)."""
    rests_on: ClassVar[frozenset[str]] = frozenset()
    """What can put an item into its lists, of what a reason can show: any of "own_items" (the user took the very item),
    "history" (the user took others) and "popularity" (many people took it). Of the rest a reason gives the title."""

    has_factors: ClassVar[bool] = False
    """Whether its scores are products of the arrays ``user_factors`` and ``item_factors``."""

    class Settings(BaseModel):
        """Settings that every algorithm has."""

        model_config = ConfigDict(
            extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
        )

        n_candidates: PositiveInt = Field(default=100, le=1_000)
        """Items listed per user and task, for fusion and the reranker to choose from."""

        weight: NonNegativeFloat = 1.0
        """Share in the fusion while no night is graded; from then on grades say. 0 leaves it out until then."""

    settings: Settings

    def __init__(self, settings: Settings, *, seed: int) -> None:
        self.settings = settings
        self.seed = seed

    @abstractmethod
    def _fit(self, train: Interactions) -> tuple[csr_matrix, dict[str, NDArray[np.generic]]]:
        """Learn from the events that weigh; those of weight 0 are kept out of here.

        Returns
        -------
        history : csr_matrix, shape (n_users, n_items)
            A stored entry for each pair in `train`; the values are the algorithm's own.
        arrays : dict of str to ndarray
            Whatever else scoring needs.
        """

    @abstractmethod
    def _score(self, users: NDArray[np.int32], n: int) -> Scores:
        """Score items for at most `_block_rows` users.

        Returns
        -------
        Scores of shape (len(users), n_items)
            What is not finite, or not stored, is not listed. A row holds the n best even after all that the
            user has seen (`seen`) is taken away, and does not depend on the other users asked for.
        """

    def fit(self, train: Interactions) -> Self:
        """Learn from events.

        Parameters
        ----------
        train : Interactions
            The events before the cutoff. One of weight 0 makes its item seen by its user, and nothing else.

        Returns
        -------
        Self
            The recommender itself, ready for `recommend`.
        """
        weighs = train.weights > 0
        if weighs.all():
            self.history, self.arrays = self._fit(train)
            self.seen = self.history
        else:
            self.history, self.arrays = self._fit(train.where(weighs))
            self.seen = train.to_csr(train.weights)
        return self

    def recommend(self, users: NDArray[np.int32], n: int, exclude_seen: bool) -> Lists:
        """List the best items for users.

        Parameters
        ----------
        users : ndarray of int32, shape (n_queries,)
            Indices of users, in any order.
        n : int
            Longest list. Lists are shorter where fewer items have a score; a user the algorithm can say
            nothing about has no rows.
        exclude_seen : bool
            Leave out every item the user has an event with, of whatever weight.

        Returns
        -------
        Lists
            Ordered by the user's position in the request, then rank.

        Raises
        ------
        IndexError
            If a user was not among the users of the training data.
        """
        lists, new = self.recommend_both(users, *((0, n) if exclude_seen else (n, 0)))
        return new if exclude_seen else lists

    def recommend_both(self, users: NDArray[np.int32], n: int, n_new: int) -> tuple[Lists, Lists]:
        """List the best items for users, and the best of those they have not seen, from the same scores.

        Parameters
        ----------
        users : ndarray of int32, shape (n_queries,)
            Indices of users, in any order.
        n, n_new : int
            Longest lists of each kind; 0 makes none.

        Returns
        -------
        tuple of two Lists
            Each as of `recommend`, without and with ``exclude_seen``.

        Raises
        ------
        IndexError
            If a user was not among the users of the training data.
        """
        if len(users) and (users.min() < 0 or users.max() >= self.history.shape[0]):
            raise IndexError(f"{self.name} knows users 0..{self.history.shape[0] - 1}; ask only for those.")
        parts = [(Lists.concatenate([]), Lists.concatenate([]))]
        for start in range(0, len(users), self._block_rows):
            block = users[start : start + self._block_rows]
            scores = self._score(block, max(n, n_new))
            parts.append(top_n_and_new(block, scores, self.seen[block], n, n_new))
        lists, new = zip(*parts, strict=True)
        return Lists.concatenate(list(lists)), Lists.concatenate(list(new))

    @property
    def _block_rows(self) -> int:
        """Users scored at once: at most 512, fewer where the catalogue is so large that memory would grow."""
        n_items: int = self.history.shape[1]
        return min(max(2**24 // max(n_items, 1), 16), 512)

    def save(self, folder: Path) -> None:
        """Write the fitted recommender as .npy and JSON; equal fits give equal bytes.

        Parameters
        ----------
        folder : Path
            Made if absent.
        """
        import numpy as np

        folder.mkdir(parents=True, exist_ok=True)
        arrays = {
            "history.data": self.history.data,
            "history.indices": self.history.indices,
            "history.indptr": self.history.indptr,
            **self.arrays,
        }
        if self.seen is not self.history:
            arrays |= {"seen.indices": self.seen.indices, "seen.indptr": self.seen.indptr}
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
        about = {
            "name": self.name,
            "settings": self.settings.model_dump(mode="json"),
            "seed": self.seed,
            "shape": [int(size) for size in self.history.shape],
            "arrays": sorted(self.arrays),
        }
        (folder / SETTINGS_FILE).write_text(json.dumps(about, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a recommender that `save` wrote.

        Parameters
        ----------
        folder : Path
            Where it was saved.

        Returns
        -------
        Self
            Fitted, with the settings and the seed it had.

        Raises
        ------
        ValueError
            If the folder holds another algorithm.
        """
        import numpy as np
        from scipy.sparse import csr_matrix

        def read(name: str) -> NDArray[np.generic]:
            array: NDArray[np.generic] = np.load(folder / f"{name}.npy", allow_pickle=False)
            return array

        about = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
        if about["name"] != cls.name:
            raise ValueError(f"{folder} holds {about['name']!r}, not {cls.name!r}; load it with its own class.")
        loaded = cls(
            cls.Settings.model_validate(about["settings"]),
            seed=about["seed"],
        )
        pattern = (read("history.data"), read("history.indices"), read("history.indptr"))
        loaded.history = loaded.seen = csr_matrix(pattern, shape=about["shape"])
        if (folder / "seen.indptr.npy").exists():
            indices = read("seen.indices")
            pattern = (np.ones(len(indices), dtype=np.int8), indices, read("seen.indptr"))
            loaded.seen = csr_matrix(pattern, shape=about["shape"])
        loaded.arrays = {name: read(name) for name in about["arrays"]}
        return loaded


@runtime_checkable
class SimilarItems(Protocol):
    """A recommender that can also say which items go with an item."""

    def similar(self, items: NDArray[np.int32], n: int) -> Lists:
        """List the items closest to items.

        Parameters
        ----------
        items : ndarray of int32, shape (n_queries,)
            Indices of items, in any order.
        n : int
            Longest list.

        Returns
        -------
        Lists
            `users` holds the item asked about; an item is never in its own list.
        """
