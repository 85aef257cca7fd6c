"""One model and one list of candidates per algorithm of the profile, from one factory over the registry.

What belongs here: nothing about any one algorithm. Users are scored in batches and streamed to the lake, so that
memory does not grow with users x items.
"""

import ast
import hashlib
import importlib
import inspect
from dataclasses import replace
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DataVersion,
    MaterializeResult,
    asset,
)

from recsys_assets.algorithms import Recommender, registry
from recsys_assets.assets import training
from recsys_assets.assets.partitions import profile_partitions
from recsys_assets.assets.step import (
    OWNERS,
    cost_metadata,
    dependencies,
    measured,
    night_of,
    report,
)
from recsys_assets.assets.training import Indices
from recsys_assets.nights import cutoff
from recsys_assets.profile import Profile
from recsys_assets.selects.contracts import CANDIDATES
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.models import Models
from recsys_assets.threads import in_order

if TYPE_CHECKING:
    import pyarrow as pa


def algorithm_assets(profile: Profile) -> list[AssetsDefinition]:
    """Model and candidates of every algorithm the profile names."""
    algorithms = registry()
    return [
        build(profile, algorithms[name])
        for name in sorted(profile.algorithms)
        for build in (_model_asset, _candidates_asset)
    ]


def code_version(algorithm: type[Recommender]) -> str:
    """Hash of the algorithm's own file, of all that it imports of its package, and of the SQL that feeds it."""
    found, waiting = dict[str, str](), [algorithm.__module__]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found[module], imported = _source(module)
            waiting += imported
    text = "".join(found[module] for module in sorted(found)) + training.code_version(algorithm.uses)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@cache
def _source(module: str) -> tuple[str, list[str]]:
    """Text of a module, and the modules of the algorithms' package that it imports, inside functions too."""
    text = inspect.getsource(importlib.import_module(module))
    package = Recommender.__module__.rpartition(".")[0]
    imported = {node.module or "" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    return text, sorted(name for name in imported if name.startswith(f"{package}."))


def _model_asset(profile: Profile, algorithm: type[Recommender]) -> AssetsDefinition:
    name, lake, models, reads = algorithm.name, Lake(profile), Models(profile), training.reads(algorithm.uses)

    @asset(
        key=["models", name],
        deps=dependencies(profile, reads),
        partitions_def=profile_partitions(profile),
        group_name="models",
        kinds={"python", "numpy"},
        owners=OWNERS,
        description=f"{algorithm.description}\n\n`recsys_assets/algorithms/{name}.py`",
        code_version=code_version(algorithm),
    )
    def model(context: AssetExecutionContext) -> MaterializeResult[None]:
        night = night_of(context)
        settings = algorithm.Settings(**profile.algorithms[name])
        with lake.as_of(night, reads, run_id=context.run.run_id) as snapshot:
            with measured() as reading:
                train = training.interactions(snapshot, algorithm.uses)
            with measured() as usage:
                fitted = algorithm(settings, seed=profile.seed).fit(train)
                provenance = replace(
                    snapshot.provenance,
                    code_version=code_version(algorithm),
                    cutoff=cutoff(night),
                    settings=settings.model_dump(mode="json"),
                )
                written = models.write(name, night, fitted.save, provenance)
        metadata = {
            "events": len(train.users),
            "users": train.n_users,
            "items": train.n_items,
            "watermark": str(snapshot.watermark),
            "cutoff": str(cutoff(night)),
            "fingerprint": written.fingerprint,
            "bytes": written.bytes,
            "settings": settings.model_dump(mode="json"),
            "reading_seconds": round(reading.seconds, 3),
            **cost_metadata(usage),
        }
        return MaterializeResult(metadata=metadata, data_version=DataVersion(written.fingerprint))

    return model


def _candidates_asset(profile: Profile, algorithm: type[Recommender]) -> AssetsDefinition:
    name, lake, models = algorithm.name, Lake(profile), Models(profile)
    table = f"candidates.{name}"

    @asset(
        key=table.split("."),
        deps=[AssetKey(["models", name]), *dependencies(profile, training.INDEX_READS)],
        partitions_def=profile_partitions(profile),
        group_name="candidates",
        kinds={"python", "parquet"},
        owners=OWNERS,
        description=f"Lists of {algorithm.title} for every known user and task. {algorithm.description}",
        code_version=code_version(algorithm),
    )
    def candidates(context: AssetExecutionContext) -> MaterializeResult[None]:
        night = night_of(context)
        with (
            measured() as usage,
            lake.as_of(night, training.INDEX_READS, table, context.run.run_id) as snapshot,
        ):
            model = models.get(name, night)
            snapshot.use_model(model)
            index = training.indices(snapshot)
            snapshot.add("made.lists", _stream(profile, algorithm.load(model.path), index))
            query = "select * from made.lists order by task, user_key, rank"
            written = snapshot.write(query, ("task", "user_key", "rank"), code_version(algorithm))
        extra = {"model_fingerprint": model.fingerprint, "users": len(index.user_keys)}
        return report(written, usage, extra)

    return candidates


def _stream(profile: Profile, model: Recommender, index: Indices) -> "pa.RecordBatchReader":
    """Lists of all users as record batches, made while they are written: one batch of users a thread in memory."""
    import numpy as np
    import pyarrow as pa

    from recsys_assets.selects.contracts import arrow_schema

    schema, n_retired = arrow_schema(CANDIDATES), int(index.retired.sum())

    def lists_of(first: int) -> list["pa.RecordBatch"]:
        """Lists of a batch of users, for every task of the algorithm."""
        users = np.arange(first, min(first + profile.batch_users, len(index.user_keys)), dtype=np.int32)
        made = []
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
            made.append(pa.record_batch([pa.array(column) for column in columns], schema=schema))
        return made

    made = in_order(lists_of, range(0, len(index.user_keys), profile.batch_users))
    return pa.RecordBatchReader.from_batches(schema, chain.from_iterable(made))
