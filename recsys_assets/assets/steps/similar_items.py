"""``recommendations.similar_items``: what goes with an item, by the one that grades best of those that can say it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from recsys_assets.algorithms import SimilarItems
from recsys_assets.algorithms.instances import configured
from recsys_assets.assets.pages import markdown_table
from recsys_assets.assets.step import Made, Step
from recsys_assets.assets.training import INDEX_READS, read_indices
from recsys_assets.selects.contracts import CONTRACTS, arrow_schema
from recsys_assets.selects.files import SQL_FOLDER, load_select
from recsys_assets.storage.models import Models

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from recsys_assets.algorithms import Recommender
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

TABLE = "recommendations.similar_items"
BATCH_ITEMS = 4_096
"""Items asked about at once."""
_CHOICE = load_select(SQL_FOLDER / "training" / "item_models.sql")


def steps(profile: Profile) -> list[Step]:
    """The lists of every item; without such an algorithm there are none."""
    able = {each.name: each for each, _ in configured(profile.algorithms).values() if issubclass(each, SimilarItems)}
    by = f"that of {', '.join(able)} whose own lists grade best so far" if able else "no algorithm: empty"
    return [
        Step(
            name=TABLE,
            description=f"Items that go with an item, nearest first, by {by}.",
            make=partial(_made, profile, able) if able else lambda _: Made(_schema().empty_table()),
            reads=tuple(sorted({*INDEX_READS, *_CHOICE.reads})),
            after=tuple(f"models.{name}" for name in able),
            key=("item_key", "rank"),
            kinds=("python", "parquet"),
            modules=tuple(each.__module__ for each in able.values()),
        )
    ]


def _made(profile: Profile, able: Mapping[str, type[Recommender]], snapshot: Snapshot) -> Made:
    choice = snapshot.table(_CHOICE.text, {"algorithms": list(able)}).to_pylist()
    return Made(_lists(profile, able[choice[0]["algorithm"]], snapshot), {"Grades": markdown_table(choice)})


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
        said_by = pa.repeat(algorithm.name, len(lists.ranks))
        parts.append(pa.record_batch([*(pa.array(column) for column in columns), said_by], schema=schema))
    return pa.Table.from_batches(parts, schema=schema)


def _schema() -> pa.Schema:
    return arrow_schema(CONTRACTS[TABLE])
