"""``recommendations.candidates``: what the final ranking chooses from, the union of the algorithms' lists."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from recsys_assets.assets.step import Made, Step
from recsys_assets.assets.training import PLACES, positions
from recsys_assets.ranking.list_arrays import list_columns, lists_by_algorithm, unite
from recsys_assets.selects.contracts import arrow_schema
from recsys_assets.selects.files import TableName
from recsys_assets.selects.list_tables import packed
from recsys_assets.threads import in_order

if TYPE_CHECKING:
    import pyarrow as pa

    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

TABLE = "recommendations.candidates"
_WEIGHTS = TableName("recommendations", "fusion_weights")
_LISTS = TableName("candidates", "lists", "packed")
USERS_AT_ONCE = 4_096


def steps(profile: Profile) -> list[Step]:
    """The union of every task."""
    return [
        Step(
            name=TABLE,
            description="What the final ranking chooses from: for each task and known user the union of the "
            "algorithms' candidates, the best by weighted reciprocal-rank fusion (Cormack, Clarke and Buettcher, SIGIR "
            "2009): score = sum over algorithms of weight / (rrf_k + rank), ties by item id. n_algorithms proposed "
            "the item, the most confident at best_rank.",
            make=partial(_union, profile),
            reads=(_LISTS, _WEIGHTS, *PLACES.reads),
            key=("task", "user_key"),
            stage="fusion",
            kinds=("python", "numpy"),
        )
    ]


def _union(profile: Profile, snapshot: Snapshot) -> Made:
    import numpy as np
    import pyarrow as pa

    schema = arrow_schema(packed(TABLE) or {})
    items = snapshot.table(PLACES.text)
    keys, places = items["item_key"].to_numpy(), items["place"].to_numpy()
    index_of = positions(keys)
    n_candidates = {str(task): n for task, n in profile.n_candidates.items()}
    rows = snapshot.table("select task, algorithm, weight from recommendations.fusion_weights").to_pylist()
    weights = {(row["task"], row["algorithm"]): row["weight"] for row in rows}
    (last,) = snapshot.row("select coalesce(max(user_key), -1) from packed.candidates.lists")

    def united(task: str, first: int) -> pa.RecordBatch:
        """Unions of a batch of users for one task."""
        query = (
            "select algorithm, user_key, items from packed.candidates.lists "
            "where task = $1 and user_key between $2 and $3"
        )
        with snapshot.cursor() as cursor:
            listed = cursor.sql(query, params=[task, first, first + USERS_AT_ONCE - 1]).to_arrow_table()
        of_task = {name: weight for (of, name), weight in weights.items() if of == task}
        union = unite(
            lists_by_algorithm(listed, of_task, index_of),
            of_task,
            places,
            rrf_k=profile.rrf_k,
            n=n_candidates[task],
        )
        _, columns = list_columns(
            union.ranks,
            items=keys[union.items],
            scores=union.scores,
            n_algorithms=union.n_algorithms.astype(np.uint8),
            best_ranks=union.best_ranks.astype(np.uint16),
        )
        about = {"task": pa.repeat(task, len(union.users)), "user_key": pa.array(union.users)}
        return pa.record_batch({**about, **columns}, schema=schema)

    pieces = [(task, first) for task in profile.tasks for first in range(0, last + 1, USERS_AT_ONCE)]
    batches = in_order(lambda piece: united(*piece), pieces)
    return Made(pa.RecordBatchReader.from_batches(schema, batches))
