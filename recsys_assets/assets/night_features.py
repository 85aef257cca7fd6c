"""What a night knows of its candidates, read out of a snapshot: see `ranking.candidate_features`.

What belongs here: which queries say what of users, of items and of both, tonight's or those of the graded night;
nothing about what becomes of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.assets.training import positions
from recsys_assets.ranking.candidate_features import (
    OF_UNION,
    Candidates,
    Pairs,
    Side,
    candidate_rows,
    candidates_in,
    listed_in,
    pairs_in,
    side_in,
)
from recsys_assets.selects.feature_join import feature_reads, feature_tables, pair_query, side_query
from recsys_assets.selects.files import TableName

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

EVERYBODY = 2**31 - 1
"""The greatest key that a user can have."""


def night_feature_reads(profile: Profile, catalog: str = "") -> tuple[TableName, ...]:
    """Tables that `NightFeatures` reads: tonight's, or with ``graded`` those of the graded night."""
    lists = "graded_packed" if catalog else "packed"
    return (
        *(TableName("clean", name, catalog) for name in ("items", "users")),
        TableName("recommendations", "candidates", lists),
        TableName("candidates", "lists", lists),
        *feature_reads(profile, catalog),
    )


class NightFeatures:
    """Features of a snapshot's candidates: those of items are read at once, those of users as they are asked for.

    Parameters
    ----------
    snapshot : Snapshot
        It shows `night_feature_reads`.
    catalog : str
        ``graded`` for the candidates and features of the graded night.
    is_asked : bool
        Whether anybody asks for features; where nobody does, none is read.
    only : Table, optional
        ``user_key`` of the users that are asked for; by default anybody may be.
    """

    def __init__(
        self, snapshot: Snapshot, catalog: str = "", *, is_asked: bool = True, only: pa.Table | None = None
    ) -> None:
        self._snapshot, self._lists, self._is_asked = snapshot, "graded_packed" if catalog else "packed", is_asked
        self._only = only is not None
        if only is not None:
            snapshot.add("made.only_users", only, copied=True)
        clean = f"{catalog}.clean" if catalog else "clean"
        self._tables = feature_tables(snapshot.lake.profile, snapshot.table, catalog) if is_asked else []
        self._users = side_query(self._tables, "user", catalog)
        self._pairs = [table for table in self._tables if table.side == "pair"]
        self.items: Side = side_in(snapshot.table(side_query(self._tables, "item", catalog)), "item_key")
        self._index_of = positions(self.items.keys)
        by_id = snapshot.table(f"select item_key from {clean}.items order by item_id")["item_key"].to_numpy()
        self.ties: NDArray[np.int32] = positions(by_id)[self.items.keys]
        """ndarray of shape (n_items,): which of two equal items stands first, by the order of ids."""
        (self.last_user,) = snapshot.row(f"select coalesce(max(user_key), -1) from {clean}.users")
        everybody = [table for table in self._pairs if "user_key" not in table.key]
        self._of_all = {table.name: snapshot.table(pair_query(table)) for table in everybody}

    @property
    def names(self) -> list[str]:
        """Features of the tables, in their order, and of the algorithms' lists."""
        algorithms = sorted(self._snapshot.lake.profile.algorithms) if self._is_asked else []
        of_tables = [f"{table.name.name}_{name}" for table in self._tables for name in table.numbers]
        return [*of_tables, *(f"{name}_{number}" for name in algorithms for number in ("rank", "score"))]

    @property
    def groups(self) -> dict[str, str]:
        """Which table each feature is of, or which algorithm's list; of the union's the fusion."""
        of_tables = {f"{table.name.name}_{name}": table.name.name for table in self._tables for name in table.numbers}
        algorithms = self._snapshot.lake.profile.algorithms
        of_lists = {f"{name}_{number}": name for name in algorithms for number in ("rank", "score")}
        return of_tables | of_lists | dict.fromkeys(OF_UNION, "fusion")

    def of_users(self, first: int, last: int) -> tuple[Side, list[Pairs]]:
        """What is known of users with these keys, the last included, alone and together with items."""
        bounds = {"first_user": first, "last_user": last}
        users = side_in(self._ask(self._users, bounds), "user_key")
        pairs = []
        for table in self._pairs:
            rows = self._of_all.get(table.name)
            if rows is None:
                rows = self._ask(pair_query(table), bounds)
            pairs.append(pairs_in(rows, users, self.items, table.users, table.items))
        return users, pairs

    def candidates(self, task: str, users: Side, first: int, last: int) -> Candidates:
        """Candidates of a task for users with these keys, the last included."""
        rows = self._ask(
            f"select * from {self._lists}.recommendations.candidates "
            "where task = $task and user_key between $first and $last order by user_key",
            {"task": task, "first": first, "last": last},
        )
        return candidates_in(rows, users, self._index_of)

    def listed(self, task: str, users: Side, first: int, last: int) -> list[Pairs]:
        """Rank and score of each algorithm's lists for users with these keys, the last included."""
        import pyarrow.compute as pc

        if not self._is_asked:
            return []
        rows = self._ask(
            f"select algorithm, user_key, items, scores from {self._lists}.candidates.lists "
            "where task = $task and user_key between $first and $last order by algorithm, user_key",
            {"task": task, "first": first, "last": last},
        )
        return [
            listed_in(rows.filter(pc.equal(rows["algorithm"], name)), users, self._index_of, name)
            for name in sorted(self._snapshot.lake.profile.algorithms)
        ]

    def rows(self, first: int = 0, last: int = EVERYBODY, chosen: pa.Table | None = None) -> pa.Table:
        """Candidates of users with these keys, the last included, with all features of each.

        Memory: 4 bytes a candidate and feature.

        Parameters
        ----------
        chosen : Table, optional
            ``task, user_key, item_key`` of the candidates wanted, in this order, and what else there is to say of
            them; all by default.

        Returns
        -------
        Table
            By task, user and item: the columns of ``chosen``, else the key; ``rank``, ``score``, ``n_algorithms`` and
            ``best_rank``; and a column of FLOAT for each of `names`, null where it is unknown.
        """
        import pyarrow as pa

        users, pairs = self.of_users(first, last)
        parts = []
        for task in sorted(self._snapshot.lake.profile.tasks):
            candidates = self.candidates(task, users, first, last)
            of_task = [*pairs, *self.listed(task, users, first, last)]
            wanted = None if chosen is None else _of(chosen, task, first, last)
            parts.append(candidate_rows(task, candidates, users, self.items, of_task, self.names, wanted))
        return pa.concat_tables(parts)

    def _ask(self, query: str, values: Mapping[str, object]) -> pa.Table:
        """Rows of a query that has a ``user_key``, asked in any thread."""
        if self._only:
            query = f"from ({query}) semi join made.only_users using (user_key) order by user_key"
        with self._snapshot.cursor() as cursor:
            return cursor.sql(query, params=values).to_arrow_table()


def _of(rows: pa.Table, task: str, first: int, last: int) -> pa.Table:
    """Rows of a task and of users with these keys, the last included."""
    import pyarrow.compute as pc

    users = rows["user_key"]
    is_theirs = pc.and_(pc.greater_equal(users, first), pc.less_equal(users, last))
    return rows.filter(pc.and_(pc.equal(rows["task"], task), is_theirs))
