"""``recommendations.lists``: what a night publishes, with who proposed each item and what its reason rests on.

What belongs here: finding the ranks that the algorithms gave to what is published. All else is the SELECT's,
``sql/recommendations/lists.sql``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from recsys_assets.assets.step import Made, Step
from recsys_assets.ranking.list_arrays import lists_in
from recsys_assets.ranking.proposals import proposals_of
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
USERS_AT_ONCE = 8_192


def steps(profile: Profile) -> list[Step]:
    """The lists of every task."""
    packed = (TableName("candidates", "lists", "packed"), TableName("recommendations", "rankings", "packed"))
    return [
        Step(
            name="recommendations.lists",
            description=_SELECT.description,
            make=partial(_lists, profile),
            reads=tuple(sorted({*_SELECT.reads, *packed})),
            key=_SELECT.key,
            kinds=("duckdb", "sql"),
            sql=(_SELECT.path,),
        )
    ]


def _lists(profile: Profile, snapshot: Snapshot) -> Made:
    import pyarrow as pa

    weights = {
        (row["task"], row["algorithm"]): row["weight"]
        for row in snapshot.table("select task, algorithm, weight from recommendations.fusion_weights").to_pylist()
    }
    (last,) = snapshot.row("select coalesce(max(user_key), -1) from clean.users")

    def proposals(task: str, first: int) -> pa.Table:
        bounds = {"task": task, "first": first, "last": first + USERS_AT_ONCE - 1}
        with snapshot.cursor() as cursor:
            published = cursor.sql(_CHAMPIONS, params=bounds).to_arrow_table()
            listed = cursor.sql(_LISTS, params=bounds).to_arrow_table()
        of_task = {name: weight for (of, name), weight in weights.items() if of == task}
        by_algorithm = {name: lists_in(listed.filter(_is(listed, name))) for name in of_task}
        rows = proposals_of(lists_in(published), by_algorithm, of_task, profile.rrf_k)
        return rows.add_column(0, "task", pa.repeat(task, rows.num_rows))

    # Without a user there is one part, too: an empty one, with its columns.
    pieces = [(task, first) for task in profile.tasks for first in range(0, max(last, 0) + 1, USERS_AT_ONCE)]
    snapshot.add("made.proposals", pa.concat_tables(in_order(lambda piece: proposals(*piece), pieces)))
    return Made(_SELECT)


def _is(rows: pa.Table, algorithm: str) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    return pc.equal(rows["algorithm"], algorithm)
