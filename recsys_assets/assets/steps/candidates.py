"""``candidates.<algorithm>``: the lists of each algorithm of the profile, or instance of one.

What belongs here: nothing about any one algorithm. Users are scored in batches and streamed to the lake, so that memory
does not grow with users x items.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from recsys_assets.algorithms.instances import configured
from recsys_assets.assets.step import Made, Step
from recsys_assets.assets.training import INDEX_READS, TrainingData
from recsys_assets.ranking.list_arrays import list_columns
from recsys_assets.selects.contracts import arrow_schema
from recsys_assets.selects.list_tables import packed
from recsys_assets.storage.models import Models
from recsys_assets.threads import in_order

if TYPE_CHECKING:
    import pyarrow as pa

    from recsys_assets.algorithms import Recommender
    from recsys_assets.assets.training import Indices
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot


def steps(profile: Profile) -> list[Step]:
    """Lists of every algorithm that the profile names; which users and items there are is read once for all."""
    data = TrainingData()
    return [_step(profile, algorithm, data) for algorithm, _ in configured(profile.algorithms).values()]


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
        key=("task", "user_key"),
        kinds=("python", "parquet"),
        modules=(algorithm.__module__,),
    )


def _stream(profile: Profile, model: Recommender, index: Indices) -> pa.RecordBatchReader:
    """Lists of all users as record batches, made while they are written: one batch of users a thread in memory."""
    import numpy as np
    import pyarrow as pa

    schema, n_retired = arrow_schema(packed(f"candidates.{model.name}") or {}), int(index.retired.sum())
    tasks = [task for task in profile.tasks if task in model.tasks]
    n = {task: min(model.settings.n_candidates, profile.n_candidates[task]) for task in tasks}

    def lists_of(first: int) -> list[pa.RecordBatch]:
        """Lists of a batch of users, for every task of the algorithm."""
        users = np.arange(first, min(first + profile.batch_users, len(index.user_keys)), dtype=np.int32)
        # What is no longer to be had takes no place of what is.
        wanted = {task: length + min(length, n_retired) for task, length in n.items()}
        every, new = model.recommend_both(users, wanted.get("next", 0), wanted.get("discovery", 0))
        batches = []
        for task in tasks:
            lists = new if task == "discovery" else every
            lists = lists.without(index.retired, n[task])
            starts, columns = list_columns(lists.ranks, items=index.item_keys[lists.items], scores=lists.scores)
            about = {
                "algorithm": pa.repeat(model.name, len(starts)),
                "task": pa.repeat(task, len(starts)),
                "user_key": pa.array(index.user_keys[lists.users[starts]]),
            }
            batches.append(pa.record_batch({**about, **columns}, schema=schema))
        return batches

    batches = in_order(lists_of, range(0, len(index.user_keys), profile.batch_users))
    return pa.RecordBatchReader.from_batches(schema, chain.from_iterable(batches))
