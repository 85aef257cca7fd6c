"""Recommendations: fusion weights learned from earlier nights, similar items, trending and the published lists.

What belongs here: the two tables Python makes (weights, similar items). The lists and their reasons are SQL,
``sql/recommendations/``.
"""

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, MaterializeResult, asset

from recsys_assets.algorithms import SimilarItems, registry
from recsys_assets.assets import training
from recsys_assets.assets.partitions import profile_partitions
from recsys_assets.assets.step import (
    OWNERS,
    dependencies,
    measured,
    night_of,
    report,
    sql_assets,
)
from recsys_assets.nights import Night, graded_night
from recsys_assets.profile import Profile
from recsys_assets.selects.contracts import declared_rows
from recsys_assets.selects.files import SQL_FOLDER, load_select
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.lake.snapshot import Snapshot
from recsys_assets.storage.models import Models
from recsys_assets.threads import in_order

if TYPE_CHECKING:
    import pyarrow as pa

_WEIGHTS, _SIMILAR = "recommendations.fusion_weights", "recommendations.similar_items"
N_SIMILAR_BATCH = 4_096


def recommendation_assets(profile: Profile) -> list[AssetsDefinition]:
    """Every table of the recommendations stage."""
    return [
        _fusion_weights(profile),
        _similar_items(profile),
        *sql_assets(profile, "recommendations", "recommendations"),
    ]


def _fusion_weights(profile: Profile) -> AssetsDefinition:
    lake, select = Lake(profile), load_select(SQL_FOLDER / "training" / "fusion.sql")

    @asset(
        key=_WEIGHTS.split("."),
        deps=dependencies(profile, select.reads),
        partitions_def=profile_partitions(profile),
        group_name="recommendations",
        kinds={"python", "numpy"},
        owners=OWNERS,
        description="How much each algorithm's ranks count in each task: learned from the graded night's candidates "
        "and what users took since; as the settings say when that night was never built.",
        code_version=select.code_version,
    )
    def fusion_weights(context: AssetExecutionContext) -> MaterializeResult[None]:
        night = night_of(context)
        with measured() as usage, lake.as_of(night, select.reads, _WEIGHTS, context.run.run_id) as snapshot:
            proposals = snapshot.table(select.text)
            learn = partial(_learn, profile, proposals)
            rows = list(chain.from_iterable(in_order(learn, profile.tasks)))
            learned = graded_night(night, profile.horizon)
            snapshot.add("made.weights", _weights_table(rows, learned))
            written = snapshot.write("select * from made.weights order by task, algorithm", ("task", "algorithm"))
        return report(written, usage)

    return fusion_weights


def _learn(profile: Profile, proposals: "pa.Table", task: str) -> list[dict[str, Any]]:
    """Weights of one task; those of the settings when nothing was graded."""
    import numpy as np
    import pyarrow.compute as pc

    from recsys_assets.ranking.fusion import learn_weights

    able = sorted(name for name in profile.algorithms if task in registry()[name].tasks)
    rows = proposals.filter(pc.equal(proposals["task"], task))
    if not rows.num_rows:
        given = {name: registry()[name].Settings(**profile.algorithms[name]).weight for name in able}
        total = sum(given.values())
        return [
            {"task": task, "algorithm": name, "weight": weight / total if total else 1 / len(able), "n_lists": 0}
            for name, weight in given.items()
        ]
    users, first, lists = np.unique(rows["user_key"].to_numpy(), return_index=True, return_inverse=True)
    learned = learn_weights(
        lists,
        pc.index_in(rows["algorithm"], value_set=_strings(able)).to_numpy(),
        rows["rank"].to_numpy(),
        rows["item_index"].to_numpy(),
        rows["is_relevant"].to_numpy(zero_copy_only=False),
        rows["n_relevant"].to_numpy()[first],
        len(able),
        rrf_k=profile.rrf_k,
    )
    return [
        {"task": task, "algorithm": algorithm, "weight": float(weight), "n_lists": len(users)}
        for algorithm, weight in zip(able, learned.weights, strict=True)
    ]


def _strings(values: list[str]) -> "pa.Array":
    import pyarrow as pa

    return pa.array(values)


def _weights_table(rows: list[dict[str, Any]], learned: Any) -> "pa.Table":
    rows = [row | {"learned_night": learned if row["n_lists"] else None} for row in rows]
    return declared_rows(_WEIGHTS, rows)


def _similar_items(profile: Profile) -> AssetsDefinition:
    lake, models = Lake(profile), Models(profile)
    able = [name for name in sorted(profile.algorithms) if issubclass(registry()[name], SimilarItems)]

    @asset(
        key=_SIMILAR.split("."),
        deps=[
            *(AssetKey(["models", name]) for name in able[:1]),
            *dependencies(profile, training.INDEX_READS),
        ],
        partitions_def=profile_partitions(profile),
        group_name="recommendations",
        kinds={"python", "parquet"},
        owners=OWNERS,
        description=f"Items that go with an item, nearest first, by {able[0] if able else 'no algorithm: empty'}.",
    )
    def similar_items(context: AssetExecutionContext) -> MaterializeResult[None]:
        night = night_of(context)
        with (
            measured() as usage,
            lake.as_of(night, training.INDEX_READS, _SIMILAR, context.run.run_id) as snapshot,
        ):
            snapshot.add("made.similar", _similar_table(profile, models, able, snapshot, night))
            written = snapshot.write("select * from made.similar order by item_key, rank", ("item_key", "rank"))
        return report(written, usage)

    return similar_items


def _similar_table(profile: Profile, models: Models, able: list[str], snapshot: Snapshot, night: Night) -> "pa.Table":
    import numpy as np
    import pyarrow as pa

    from recsys_assets.selects.contracts import CONTRACTS, arrow_schema

    schema = arrow_schema(CONTRACTS[_SIMILAR])
    if not able:
        return schema.empty_table()
    model = models.get(able[0], night)
    snapshot.use_model(model)
    index, n = training.indices(snapshot), profile.n_similar
    keys, spare = index.item_keys, min(n, int(index.retired.sum()))
    recommender = registry()[able[0]].load(model.path)
    assert isinstance(recommender, SimilarItems)
    parts = []
    for first in range(0, len(keys), N_SIMILAR_BATCH):
        items = np.arange(first, min(first + N_SIMILAR_BATCH, len(keys)), dtype=np.int32)
        lists = recommender.similar(items, n + spare).without(index.retired, n)
        columns = [keys[lists.users], lists.ranks, keys[lists.items], lists.scores]
        parts.append(pa.record_batch([pa.array(column) for column in columns], schema=schema))
    return pa.Table.from_batches(parts, schema=schema)
