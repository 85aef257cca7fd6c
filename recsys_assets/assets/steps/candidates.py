"""``candidates.<algorithm>``: the lists of each algorithm of the profile.

What belongs here: nothing about any one algorithm. Users are scored in batches and streamed to the lake, so that memory
does not grow with users x items.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from recsys_assets.algorithms import Recommender, registry
from recsys_assets.assets.step import Made, Step
from recsys_assets.assets.training import INDEX_READS, TrainingData
from recsys_assets.selects.contracts import CANDIDATES, arrow_schema
from recsys_assets.storage.models import Models
from recsys_assets.threads import in_order

if TYPE_CHECKING:
    import pyarrow as pa

    from recsys_assets.assets.training import Indices
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot


def steps(profile: Profile) -> list[Step]:
    """Lists of every algorithm that the profile names; which users and items there are is read once for all."""
    algorithms, data = registry(), TrainingData()
    return [_step(profile, algorithms[name], data) for name in sorted(profile.algorithms)]


def _step(profile: Profile, algorithm: type[Recommender], data: TrainingData) -> Step:
    def make(snapshot: Snapshot) -> Made:
        model = Models(profile).get(algorithm.name, snapshot.night)
        snapshot.use_model(model)
        index = data.indices(snapshot)
        facts = {"model_fingerprint": model.fingerprint, "users": len(index.user_keys)}
        return Made(_stream(profile, algorithm.load(model.path), index), facts=facts)

    return Step(
        name=f"candidates.{algorithm.name}",
        description=f"Lists of {algorithm.title} for every known user and task. {algorithm.description}",
        make=make,
        reads=INDEX_READS,
        after=(f"models.{algorithm.name}",),
        key=("task", "user_key", "rank"),
        kinds=("python", "parquet"),
        modules=(algorithm.__module__,),
    )


def _stream(profile: Profile, model: Recommender, index: Indices) -> pa.RecordBatchReader:
    """Lists of all users as record batches, made while they are written: one batch of users a thread in memory."""
    import numpy as np
    import pyarrow as pa

    schema, n_retired = arrow_schema(CANDIDATES), int(index.retired.sum())

    def lists_of(first: int) -> list[pa.RecordBatch]:
        """Lists of a batch of users, for every task of the algorithm."""
        users = np.arange(first, min(first + profile.batch_users, len(index.user_keys)), dtype=np.int32)
        batches = []
        for task in [task for task in profile.tasks if task in model.tasks]:
            n = min(model.settings.n_candidates, profile.n_candidates[task])
            lists = model.recommend(users, n + min(n, n_retired), exclude_seen=task == "discovery")
            lists = lists.without(index.retired, n)
            columns: list[Any] = [
                pa.repeat(model.name, len(lists.items)),
                pa.repeat(task, len(lists.items)),
                index.user_keys[lists.users],
                index.item_keys[lists.items],
                lists.ranks,
                lists.scores,
            ]
            batches.append(pa.record_batch([pa.array(column) for column in columns], schema=schema))
        return batches

    batches = in_order(lists_of, range(0, len(index.user_keys), profile.batch_users))
    return pa.RecordBatchReader.from_batches(schema, chain.from_iterable(batches))
