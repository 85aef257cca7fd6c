"""Candidates in the order of every configuration that could be published: the fusion's, a reranker's, and a blend."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from recsys_assets.ranking.reranker import COMBINED
from recsys_assets.ranking.trees import compile_trees

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from recsys_assets.ranking.candidate_features import Candidates, Pairs, Side
    from recsys_assets.ranking.reranker import Reranker

    Ints = NDArray[np.int32]
    Floats = NDArray[np.float64]

BLEND = "blend"
BLEND_K = 4
"""Damping of the ranks that the blend adds up: far less than a fusion of many lists wants, as the first places of two
good ones should win."""
_ROWS_AT_ONCE = 8_192
"""Candidates whose lanes (see `kernels.trees`) are worked on together, so that they stay in the processor's cache."""


class Ranked(NamedTuple):
    """The beginning of each list in another order."""

    rows: NDArray[np.int64]
    """ndarray of shape (n_rows,): places of the candidates, list by list, best first."""
    ranks: Ints
    scores: Floats


class Ranker:
    """A reranker's trees over the items of a night.

    Parameters
    ----------
    reranker : Reranker
        One that has not learned ranks by the fusion alone.
    items : Side
    """

    def __init__(self, reranker: Reranker, items: Side) -> None:
        from recsys_assets.kernels.trees import clear

        self._objectives = list(reranker.boosters)
        self._columns = {name: place for place, name in enumerate(reranker.names)}
        texts = [booster.model_to_string() for booster in reranker.boosters.values()]
        self.trees = compile_trees(texts, len(reranker.names))
        self._item_names = items.names
        self._of_items = self._lanes(len(items.keys))
        self._clear = clear
        if self._objectives:
            self._narrow(self._of_items, items)

    def rankings(
        self,
        candidates: Candidates,
        users: Side,
        pairs: Sequence[Pairs],
        ties: Ints,
        n: int,
        leaders: Collection[str] = (),
    ) -> Iterator[tuple[str, Ranked]]:
        """The first ``n`` of each list by the fusion, by each ranking of a reranker that has learned, and by a blend.

        The blend adds reciprocal ranks (Cormack et al. 2009): the reranker's, and the mean of those of the algorithms
        that lead by themselves.

        Time O(rows * (trees + features of pairs) + users * features of users * trees).

        Parameters
        ----------
        candidates : Candidates
        users : Side
        pairs : sequence of Pairs
        ties : ndarray of int32, shape (n_items,)
            Which of two equal items stands first: the lower.
        n : int
        leaders : collection of str
            Algorithms whose ranks, which are among the pairs, are blended with the reranker's; without any is no blend.

        Yields
        ------
        tuple of str and Ranked
            By the names in `ranking.CONFIGURATIONS`.
        """
        import numpy as np

        from recsys_assets.kernels.trees import logistic, ranks_in

        lengths = np.diff(candidates.offsets)
        by_fusion = np.arange(1, len(candidates.items) + 1) - np.repeat(candidates.offsets[:-1], lengths)
        yield "fusion", _first(candidates.offsets, by_fusion.astype(np.int32), candidates.values["score"], n)
        if not self._objectives:
            return
        of_items = ties[candidates.items]
        sums = self._sums(candidates, users, pairs)
        scores = {
            f"{COMBINED}_{name}": logistic(own, 1.0) if name == "binary" else own
            for name, own in zip(self._objectives, sums, strict=True)
        }
        ranks = {name: ranks_in(candidates.offsets, own, of_items) for name, own in scores.items()}
        product = np.prod(np.stack(list(ranks.values())).astype(np.float64), axis=0)
        combined = -np.log(product) / len(ranks)
        by_both = ranks_in(candidates.offsets, combined, of_items)
        yield COMBINED, _first(candidates.offsets, by_both, combined, n)
        for name, own in scores.items():
            yield name, _first(candidates.offsets, ranks[name], own, n)
        lead = {f"{name}_rank" for name in leaders}
        theirs = [each for each in pairs if lead & {*each.names}]
        if theirs:
            blended = 1 / (BLEND_K + by_both) + _parts(candidates, theirs)
            yield BLEND, _first(candidates.offsets, ranks_in(candidates.offsets, blended, of_items), blended, n)

    def _sums(self, candidates: Candidates, users: Side, pairs: Sequence[Pairs]) -> NDArray[np.float64]:
        """Sum of the trees of each objective: ndarray of shape (n_objectives, n_rows)."""
        import numpy as np

        from recsys_assets.kernels.trees import both, places_of, sums

        of_users = self._lanes(len(users.keys))
        self._narrow(of_users, users)
        given = {*users.names, *candidates.values, *(name for each in pairs for name in each.names)}
        lost = self._of([name for name in self._columns if name not in {*given, *self._item_names}])
        if len(lost[0]):  # A feature that is no more is unknown of everybody.
            self._clear(
                of_users, np.full(len(of_users), -1, np.int32), np.empty((0, 0), np.float32), *lost, *self._cuts
            )
        user_of = np.repeat(candidates.users, np.diff(candidates.offsets))
        tables = []
        for each in pairs:
            used = self._of(each.names)
            if len(used[0]):
                theirs, its = each.of_users[user_of], each.of_items[candidates.items]
                tables.append((places_of(theirs, its, each.indptr, each.columns, each.n_columns), each.values, *used))
        own = np.stack([values.astype(np.float32) for values in candidates.values.values()], axis=1)
        tables.append((np.arange(len(user_of), dtype=np.int32), own, *self._of(list(candidates.values))))
        parts = []
        for first in range(0, len(user_of), _ROWS_AT_ONCE):
            some = slice(first, first + _ROWS_AT_ONCE)
            lanes = np.empty((len(user_of[some]), len(self.trees.leaves)), self.trees.masks.dtype)
            both(lanes, user_of[some], of_users, candidates.items[some], self._of_items)
            for rows, values, columns, features in tables:
                self._clear(lanes, rows[some], values, columns, features, *self._cuts)
            parts.append(sums(lanes, self.trees.leaves, self.trees.ends))
        return np.concatenate([np.empty((len(self._objectives), 0)), *parts], axis=1)

    @property
    def _cuts(self) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.uint64]]:
        return self.trees.thresholds, self.trees.starts, self.trees.masks

    def _lanes(self, n: int) -> NDArray[np.uint64]:
        """Lanes that nothing has cleared: ndarray of shape (n, n_trees)."""
        import numpy as np

        return np.full((n, len(self.trees.leaves)), np.iinfo(self.trees.masks.dtype).max, self.trees.masks.dtype)

    def _narrow(self, lanes: NDArray[np.uint64], side: Side) -> None:
        """Clear the leaves that a side's values rule out, in place."""
        import numpy as np

        self._clear(lanes, np.arange(len(lanes), dtype=np.int32), side.values, *self._of(side.names), *self._cuts)

    def _of(self, names: Sequence[str]) -> tuple[Ints, Ints]:
        """Columns that the trees ask for, and which feature each is."""
        import numpy as np

        used = [
            (place, self._columns[name])
            for place, name in enumerate(names)
            if name in self._columns and self.trees.used[self._columns[name]]
        ]
        columns, features = np.array(used, np.int32).reshape(-1, 2).T
        return np.ascontiguousarray(columns), np.ascontiguousarray(features)


def _parts(candidates: Candidates, listed: Sequence[Pairs]) -> Floats:
    """Mean reciprocal rank by several algorithms, 0 for what one does not list: ndarray of shape (n_rows,)."""
    import numpy as np

    from recsys_assets.kernels.trees import places_of

    user_of = np.repeat(candidates.users, np.diff(candidates.offsets))
    parts = np.zeros(len(user_of))
    for each in listed:
        theirs, its = each.of_users[user_of], each.of_items[candidates.items]
        places = places_of(theirs, its, each.indptr, each.columns, each.n_columns)
        ranks = np.append(each.values[:, 0].astype(np.float64), np.inf)  # The last, which -1 stands for: not listed.
        parts += 1 / (BLEND_K + ranks[places])
    return parts / len(listed)


def places_below(ranked: Ranked, offsets: NDArray[np.int64], n: int, depth: int) -> pa.ListArray:
    """What follows the first ``n`` of each list, down to ``depth``, as places among the list's candidates from 1.

    Parameters
    ----------
    ranked : Ranked
        At least ``depth`` of each list that has so many.
    offsets : ndarray of int64, shape (n_lists + 1,)
        Where the candidates of each list begin and end; one without any has no place in the result.
    n, depth : int
    """
    import numpy as np
    import pyarrow as pa

    lengths = np.diff(offsets)
    lengths = lengths[lengths > 0]
    below = (ranked.ranks > n) & (ranked.ranks <= depth)
    ends = np.concatenate([[0], np.cumsum(np.clip(lengths, n, depth) - n)]).astype(np.int32)
    of_list = np.cumsum(ranked.ranks == 1) - 1
    first = offsets[:-1][np.diff(offsets) > 0]
    places = ranked.rows[below] - first[of_list[below]] + 1
    return pa.ListArray.from_arrays(ends, places.astype(np.uint16))


def _first(offsets: NDArray[np.int64], ranks: Ints, scores: NDArray[np.generic], n: int) -> Ranked:
    """Rows of the ranks up to ``n``, list by list, best first."""
    import numpy as np

    lengths = np.minimum(np.diff(offsets), n)
    before = np.repeat(np.cumsum(lengths) - lengths, np.diff(offsets))
    rows = np.flatnonzero(ranks <= n)
    ordered = np.empty(len(rows), np.int64)
    ordered[before[rows] + ranks[rows] - 1] = rows
    return Ranked(ordered, ranks[ordered], scores[ordered].astype(np.float64))
