"""What a night knows of its candidates, read out of its snapshot: see `ranking.candidate_features`.

What belongs here: which queries say what of users, of items and of both; nothing about what becomes of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.assets.training import positions
from recsys_assets.ranking.candidate_features import Pairs, Side, listed_in, pairs_in, side_in
from recsys_assets.ranking.list_arrays import lists_in
from recsys_assets.ranking.rankings import Candidates
from recsys_assets.selects.feature_join import feature_reads, feature_tables, pair_query, side_query
from recsys_assets.selects.files import SQL_FOLDER, TableName, load_select

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

_PLACES = load_select(SQL_FOLDER / "training" / "places.sql")
_CANDIDATES = TableName("recommendations", "candidates", "packed")
_LISTS = TableName("candidates", "lists", "packed")
_USERS = load_select(SQL_FOLDER / "training" / "users.sql")


def night_feature_reads(profile: Profile) -> tuple[TableName, ...]:
    """Tables that `NightFeatures` reads."""
    features = (name for name in feature_reads(profile) if name.schema == "features")
    return tuple(sorted({*_PLACES.reads, *_USERS.reads, _CANDIDATES, _LISTS, *features}))


class NightFeatures:
    """Features of a snapshot's candidates: those of items are read at once, those of users as they are asked for.

    Parameters
    ----------
    snapshot : Snapshot
        It shows `night_feature_reads`.
    is_asked : bool
        Whether anything learned from features; where nothing did, none is read.
    """

    def __init__(self, snapshot: Snapshot, is_asked: bool) -> None:
        self._snapshot, self._is_asked = snapshot, is_asked
        tables = feature_tables(snapshot.lake.profile, snapshot.table) if is_asked else []
        self._users = side_query(tables, "user")
        self._pairs = [table for table in tables if table.side == "pair"]
        self.items: Side = side_in(snapshot.table(side_query(tables, "item")), "item_key")
        self._index_of = positions(self.items.keys)
        self.ties: NDArray[np.int32] = snapshot.table(_PLACES.text)["place"].to_numpy()
        """ndarray of shape (n_items,): which of two equal items stands first."""
        (self.last_user,) = snapshot.row("select coalesce(max(user_key), -1) from clean.users")
        everybody = [table for table in self._pairs if "user_key" not in table.key]
        self._of_all = {table.name: snapshot.table(pair_query(table)) for table in everybody}

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
        import numpy as np
        import pyarrow.compute as pc

        rows = self._ask(
            "select * from packed.recommendations.candidates where task = $task and user_key between $first and $last "
            "order by user_key",
            {"task": task, "first": first, "last": last},
        )
        lists = lists_in(rows, self._index_of)
        lengths = np.diff(lists.offsets)
        own = {
            "rank": np.arange(1, len(lists.items) + 1) - np.repeat(lists.offsets[:-1], lengths),
            "score": pc.list_flatten(rows["scores"]).to_numpy(),
            "n_algorithms": pc.list_flatten(rows["n_algorithms"]).to_numpy(),
            "best_rank": pc.list_flatten(rows["best_ranks"]).to_numpy(),
        }
        of_users = np.searchsorted(users.keys, lists.users).astype(np.int32)
        return Candidates(of_users, lists.offsets, lists.items, own)

    def listed(self, task: str, users: Side, first: int, last: int) -> list[Pairs]:
        """Rank and score of each algorithm's lists for users with these keys, the last included."""
        import pyarrow.compute as pc

        if not self._is_asked:
            return []
        rows = self._ask(
            "select algorithm, user_key, items, scores from packed.candidates.lists "
            "where task = $task and user_key between $first and $last order by algorithm, user_key",
            {"task": task, "first": first, "last": last},
        )
        return [
            listed_in(rows.filter(pc.equal(rows["algorithm"], name)), users, self._index_of, name)
            for name in sorted(self._snapshot.lake.profile.algorithms)
        ]

    def _ask(self, query: str, values: Mapping[str, object]) -> pa.Table:
        """Rows of a query, asked in any thread."""
        with self._snapshot.cursor() as cursor:
            return cursor.sql(query, params=values).to_arrow_table()
