"""``recommendations.similar_items``: what goes with an item, by the first algorithm of the profile that can say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.algorithms import SimilarItems
from recsys_assets.algorithms.instances import configured
from recsys_assets.assets.step import Made, Step
from recsys_assets.assets.training import INDEX_READS, read_indices
from recsys_assets.selects.contracts import CONTRACTS, arrow_schema
from recsys_assets.storage.models import Models

if TYPE_CHECKING:
    import pyarrow as pa

    from recsys_assets.algorithms import Recommender
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

TABLE = "recommendations.similar_items"
BATCH_ITEMS = 4_096
"""Items asked about at once."""


def steps(profile: Profile) -> list[Step]:
    """The lists of every item; without such an algorithm there are none."""
    able = [each for each, _ in configured(profile.algorithms).values() if issubclass(each, SimilarItems)][:1]
    by = able[0].name if able else "no algorithm: empty"
    return [
        Step(
            name=TABLE,
            description=f"Items that go with an item, nearest first, by {by}.",
            make=lambda snapshot: Made(_lists(profile, able[0], snapshot) if able else _schema().empty_table()),
            reads=INDEX_READS,
            after=tuple(f"models.{each.name}" for each in able),
            key=("item_key", "rank"),
            kinds=("python", "parquet"),
            modules=tuple(each.__module__ for each in able),
        )
    ]


def _lists(profile: Profile, algorithm: type[Recommender], snapshot: Snapshot) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    model, schema = Models(profile).get(algorithm.name, snapshot.night), _schema()
    snapshot.use_model(model)
    index, n = read_indices(snapshot), profile.n_similar
    keys, spare = index.item_keys, min(n, int(index.retired.sum()))
    recommender = algorithm.load(model.path)
    assert isinstance(recommender, SimilarItems)
    parts = []
    for first in range(0, len(keys), BATCH_ITEMS):
        items = np.arange(first, min(first + BATCH_ITEMS, len(keys)), dtype=np.int32)
        lists = recommender.similar(items, n + spare).without(index.retired, n)
        columns = [keys[lists.users], lists.ranks, keys[lists.items], lists.scores]
        parts.append(pa.record_batch([pa.array(column) for column in columns], schema=schema))
    return pa.Table.from_batches(parts, schema=schema)


def _schema() -> pa.Schema:
    return arrow_schema(CONTRACTS[TABLE])
