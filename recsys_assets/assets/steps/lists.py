"""``recommendations.lists``: what a night publishes, with who proposed each item and what its reason rests on.

What belongs here: finding the ranks that the algorithms gave to what is published. All else is the SELECT's,
``sql/recommendations/lists.sql``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from recsys_assets.assets.step import Made, Step
from recsys_assets.assets.training import PLACES, positions
from recsys_assets.ranking.list_arrays import lists_by_algorithm, lists_in
from recsys_assets.ranking.proposals import leads_to, links_in, proposals_of
from recsys_assets.selects.files import SQL_FOLDER, TableName, load_select
from recsys_assets.threads import in_order

if TYPE_CHECKING:
    import pyarrow as pa

    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

_SELECT = load_select(SQL_FOLDER / "recommendations" / "lists.sql")
_CHAMPIONS = """
select rankings.task, rankings.user_key, rankings.items
from packed.recommendations.rankings as rankings
inner join recommendations.champions as champions
    on champions.task = rankings.task and champions.configuration = rankings.algorithm and champions.is_champion
where rankings.task = $task and rankings.user_key between $first and $last
order by rankings.user_key
"""
_LISTS = """
select algorithm, user_key, items
from packed.candidates.lists
where task = $task and user_key between $first and $last
order by algorithm, user_key
"""
_TOOK = """
select user_key, item_key, decayed_weight
from features.user_item
where user_key between $first and $last
order by user_key, item_key
"""
USERS_AT_ONCE = 8_192


def steps(profile: Profile) -> list[Step]:
    """The lists of every task."""
    packed = (TableName("candidates", "lists", "packed"), TableName("recommendations", "rankings", "packed"))
    similar = TableName("recommendations", "similar_items")
    return [
        Step(
            name="recommendations.lists",
            description=_SELECT.description,
            make=partial(_lists, profile),
            reads=tuple(sorted({*_SELECT.reads, *PLACES.reads, *packed, similar})),
            key=_SELECT.key,
            kinds=("duckdb", "sql"),
            sql=(_SELECT.path,),
        )
    ]


def _lists(profile: Profile, snapshot: Snapshot) -> Made:
    import pyarrow as pa

    evidence = _Evidence(profile, snapshot)
    (last,) = snapshot.row("select coalesce(max(user_key), -1) from clean.users")
    # Without a user there is one part, too: an empty one, with its columns.
    pieces = [(task, first) for task in profile.tasks for first in range(0, max(last, 0) + 1, USERS_AT_ONCE)]
    snapshot.add("made.proposals", pa.concat_tables(in_order(lambda piece: evidence.of(*piece), pieces)))
    return Made(_SELECT)


class _Evidence:
    """What reasons may rest on, for some users of a task at a time."""

    def __init__(self, profile: Profile, snapshot: Snapshot) -> None:
        items = snapshot.table(PLACES.text)
        self._rrf_k, self._snapshot = profile.rrf_k, snapshot
        self._keys, self._ties = items["item_key"].to_numpy(), items["place"].to_numpy()
        self._index_of = positions(self._keys)
        similar = snapshot.table("select item_key, similar_item_key, score from recommendations.similar_items")
        self._links = links_in(similar, self._index_of, len(self._keys))
        weights = "select task, algorithm, weight, rests_on from recommendations.fusion_weights"
        self._algorithms = snapshot.table(weights).to_pylist()

    def of(self, task: str, first: int) -> pa.Table:
        """Rows of ``made.proposals`` for a batch of users."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        bounds = {"first": first, "last": first + USERS_AT_ONCE - 1}
        with self._snapshot.cursor() as cursor:
            published = cursor.sql(_CHAMPIONS, params=bounds | {"task": task}).to_arrow_table()
            listed = cursor.sql(_LISTS, params=bounds | {"task": task}).to_arrow_table()
            took = cursor.sql(_TOOK, params=bounds).to_arrow_table()
        of_task = [row for row in self._algorithms if row["task"] == task]
        weights = {row["algorithm"]: row["weight"] for row in of_task}
        rows = proposals_of(lists_in(published), lists_by_algorithm(listed, weights), weights, self._rrf_k)
        by_history = pa.array([row["algorithm"] for row in of_task if "history" in row["rests_on"]], pa.string())
        asks = pc.is_in(rows["reason_algorithm"], value_set=by_history).to_numpy()
        leads = leads_to(rows, asks, took, self._links, self._index_of, self._ties)
        # The last key, which -1 stands for, is masked.
        taken = pa.array(np.append(self._keys, 0)[leads], pa.int32(), mask=leads < 0)
        return rows.append_column("took_item_key", taken).add_column(0, "task", pa.repeat(task, rows.num_rows))
