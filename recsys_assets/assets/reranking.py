"""The reranker: what it learns from, one model per task, and every ranking of tonight's candidates.

What belongs here: the three tables Python makes (examples, models, rankings). Which ranking is published is decided in
`assets.champions`; the trees are in `ranking.reranker`.
"""

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DataVersion,
    MaterializeResult,
    MetadataValue,
    asset,
)

from recsys_assets.assets.partitions import profile_partitions
from recsys_assets.assets.step import (
    OWNERS,
    cost_metadata,
    dependencies,
    markdown_table,
    measured,
    night_of,
    report,
)
from recsys_assets.nights import Night, cutoff
from recsys_assets.profile import Profile
from recsys_assets.ranking.reranker import RerankerSettings
from recsys_assets.selects.contracts import CANDIDATES
from recsys_assets.selects.feature_join import ROW, feature_query, feature_reads
from recsys_assets.selects.files import SQL_FOLDER, TableName, load_select
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.lake.snapshot import Snapshot
from recsys_assets.storage.models import Models
from recsys_assets.threads import at_once, in_order, thread_count

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from recsys_assets.ranking.reranker import Examples, Reranker

_EXAMPLES, _RANKINGS = "recommendations.examples", "recommendations.rankings"
_OUTCOMES = ("taken", "weight", "night")
_EXAMPLE_ROWS, _RANKING_ROWS = (
    load_select(SQL_FOLDER / "training" / f"{name}.sql") for name in ("examples", "ranking")
)
RANKING_KEY = ("algorithm", "task", "user_key", "rank")
ROWS_AT_ONCE = 600_000
"""Candidates that all threads read and score at once: with 150 features 360 MB, and as much for DuckDB's columns."""
_BLOCK_ROWS, _BLOCK_COLUMNS = 16_384, 16
"""What is copied together, so that what is written stays in the processor's cache: a line of it holds 16 numbers."""
_SHOWN = 20


def reranking_assets(profile: Profile) -> list[AssetsDefinition]:
    """Examples, the model of every task, and the rankings."""
    return [_examples(profile), *(_model(profile, task) for task in profile.tasks), _rankings(profile)]


def _examples(profile: Profile) -> AssetsDefinition:
    lake, settings = Lake(profile), RerankerSettings(**profile.reranker)
    reads = (*_EXAMPLE_ROWS.reads, *feature_reads(profile, "graded"))

    @asset(
        key=_EXAMPLES.split("."),
        deps=dependencies(profile, reads),
        partitions_def=profile_partitions(profile),
        group_name="recommendations",
        kinds={"duckdb", "sql"},
        owners=OWNERS,
        description="What the reranker learns from: candidates of the graded night with every feature as of then, and "
        "whether the user took the item since. Empty where the graded night was never built.",
        code_version=_EXAMPLE_ROWS.code_version,
    )
    def examples(context: AssetExecutionContext) -> MaterializeResult[None]:
        night = night_of(context)
        with measured() as usage, lake.as_of(night, reads, _EXAMPLES, context.run.run_id) as snapshot:
            rows = snapshot.table(
                feature_query(profile, snapshot.table, _EXAMPLE_ROWS, "graded"),
                {
                    "every_nth": settings.every_nth,
                    "max_users": settings.max_users,
                    "first_user": 0,
                    "last_user": 2**31 - 1,
                },
            )
            snapshot.add("made.examples", rows)
            written = snapshot.write(f"select * from made.examples order by {', '.join(ROW)}", ROW)
        return report(written, usage, {"features": len(_feature_names(rows.column_names))})

    return examples


def _model(profile: Profile, task: str) -> AssetsDefinition:
    lake, models, name = Lake(profile), Models(profile), f"reranker_{task}"
    settings = RerankerSettings(**profile.reranker)
    reads = (TableName("recommendations", "examples", "past"),)

    @asset(
        key=["models", name],
        deps=dependencies(profile, [TableName("recommendations", "examples")]),
        partitions_def=profile_partitions(profile),
        group_name="models",
        kinds={"python", "lightgbm"},
        owners=OWNERS,
        description=f"Gradient-boosted trees that rank the candidates of {task}, learned from the examples of this "
        "night and of earlier ones.\n\n`recsys_assets/ranking/reranker.py`",
    )
    def model(context: AssetExecutionContext) -> MaterializeResult[None]:
        from recsys_assets.ranking.reranker import Reranker

        night = night_of(context)
        with measured() as usage, lake.as_of(night, reads, run_id=context.run.run_id) as snapshot:
            examples = _learned_from(snapshot, task, night, profile.horizon, settings.n_nights)
            reranker = Reranker(settings, profile.seed)
            if examples.taken.any() and not examples.taken.all():
                reranker.fit(examples, thread_count())
            provenance = replace(snapshot.provenance, cutoff=cutoff(night), settings=settings.model_dump(mode="json"))
            written = models.write(name, night, reranker.save, provenance)
        metadata = {
            "examples": len(examples.taken),
            "taken": int(examples.taken.sum()),
            "features": len(examples.names),
            "watermark": str(snapshot.watermark),
            "cutoff": str(cutoff(night)),
            "fingerprint": written.fingerprint,
            "bytes": written.bytes,
            **_pictures(reranker, examples),
            **cost_metadata(usage),
        }
        return MaterializeResult(metadata=metadata, data_version=DataVersion(written.fingerprint))

    return model


def _learned_from(snapshot: Snapshot, task: str, night: Night, horizon: int, n_nights: int) -> "Examples":
    """Examples of this night and of whole horizons before it."""
    import numpy as np

    from recsys_assets.ranking.reranker import Examples

    nights = [night - timedelta(days=horizon * back) for back in range(n_nights)]
    rows = snapshot.table(
        "select * from past.recommendations.examples where task = $1 and list_contains($2, night) "
        "order by night, user_key, item_key",
        [task, nights],
    )
    names = _feature_names(rows.column_names)
    lists = rows.select(["night", "user_key"]).to_pandas()
    starts = (lists != lists.shift()).any(axis=1).to_numpy()
    return Examples(
        features=_matrix(rows, names, np.arange(rows.num_rows)),
        names=names,
        lists=np.cumsum(starts),
        taken=rows["taken"].to_numpy(),
        weights=rows["weight"].to_numpy().astype(np.float64),
    )


def _rankings(profile: Profile) -> AssetsDefinition:
    lake, models = Lake(profile), Models(profile)
    reads = (*_RANKING_ROWS.reads, *feature_reads(profile))

    @asset(
        key=_RANKINGS.split("."),
        deps=[*(AssetKey(["models", f"reranker_{task}"]) for task in profile.tasks), *dependencies(profile, reads)],
        partitions_def=profile_partitions(profile),
        group_name="recommendations",
        kinds={"python", "lightgbm"},
        owners=OWNERS,
        description="Tonight's candidates in the order of every configuration that could be published: the fusion, and "
        "the reranker's rankings once it has learned. All of them are graded.",
        code_version=_RANKING_ROWS.code_version,
    )
    def rankings(context: AssetExecutionContext) -> MaterializeResult[None]:
        from recsys_assets.ranking.reranker import Reranker

        night = night_of(context)
        with measured() as usage, lake.as_of(night, reads, _RANKINGS, context.run.run_id) as snapshot:
            rerankers: dict[str, Reranker] = {}
            for task in profile.tasks:
                model = models.get(f"reranker_{task}", night)
                snapshot.use_model(model)
                rerankers[task] = Reranker.load(model.path)
            snapshot.add("made.rankings", _stream(profile, snapshot, rerankers))
            query = f"select * from made.rankings order by {', '.join(RANKING_KEY)}"
            written = snapshot.write(query, RANKING_KEY, _RANKING_ROWS.code_version)
        return report(written, usage)

    return rankings


def _stream(profile: Profile, snapshot: Snapshot, rerankers: "dict[str, Reranker]") -> "pa.RecordBatchReader":
    """Every ranking of all users as record batches, made while they are written: memory does not grow with users."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from recsys_assets.selects.contracts import arrow_schema

    schema = arrow_schema(CANDIDATES)
    has_learned = any(reranker.boosters for reranker in rerankers.values())
    query = feature_query(profile, snapshot.table, _RANKING_ROWS) if has_learned else _RANKING_ROWS.text
    (last,) = snapshot.row("select coalesce(max(user_key), -1) from recommendations.candidates")

    n_users = max(1, ROWS_AT_ONCE // at_once() // sum(profile.n_candidates[task] for task in profile.tasks))

    def rankings_of(first: int) -> list["pa.RecordBatch"]:
        """Every ranking of a batch of users."""
        with snapshot.cursor() as cursor:
            rows = cursor.sql(query, params={"first_user": first, "last_user": first + n_users - 1}).to_arrow_table()
        made = []
        for task in profile.tasks:
            of_task = np.flatnonzero(pc.equal(rows["task"], task).to_numpy())
            for ranking in _rank(rows, of_task, rerankers[task], profile.list_length, thread_count() // at_once()):
                made += ranking.select(schema.names).cast(schema).to_batches()
        return made

    made = in_order(rankings_of, range(0, last + 1, n_users))
    return pa.RecordBatchReader.from_batches(schema, chain.from_iterable(made))


def _rank(
    rows: "pa.Table", chosen: "NDArray[np.int64]", reranker: "Reranker", n: int, n_threads: int
) -> Iterator["pa.Table"]:
    """The first n of each user by the fusion, and by each ranking of the reranker, of the rows chosen."""
    import numpy as np
    import pyarrow as pa

    from recsys_assets.ranking.reranker import ranks_within

    users, ties, fusion = (rows[name].to_numpy()[chosen] for name in ("user_key", "tie", "score"))
    users, scores = users.astype(np.int64), {"fusion": fusion}
    if reranker.boosters:
        scores |= reranker.rank(_matrix(rows, reranker.names, chosen), users, ties, n_threads)
    for name, values in scores.items():
        ranks = ranks_within(users, values, ties)
        first = np.flatnonzero(ranks <= n)
        columns: dict[str, Any] = {column: rows[column].take(pa.array(chosen[first])) for column in ROW}
        columns |= {"algorithm": pa.repeat(name, len(first)), "rank": ranks[first], "score": values[first]}
        yield pa.table(columns)


def _feature_names(columns: list[str]) -> list[str]:
    return [name for name in columns if name not in {*ROW, *_OUTCOMES, "tie"}]


def _matrix(rows: "pa.Table", names: list[str], chosen: "NDArray[np.int64]") -> "NDArray[np.float32]":
    """Chosen rows, columns side by side; NaN for null and for a column there is none of."""
    import numpy as np

    matrix = np.full((len(chosen), len(names)), np.nan, dtype=np.float32)
    known = [place for place, name in enumerate(names) if name in rows.column_names]
    for some in (known[first : first + _BLOCK_COLUMNS] for first in range(0, len(known), _BLOCK_COLUMNS)):
        columns = [(place, rows[names[place]].to_numpy()[chosen]) for place in some]
        for first in range(0, len(chosen), _BLOCK_ROWS):
            block = slice(first, first + _BLOCK_ROWS)
            for place, column in columns:
                matrix[block, place] = column[block]
    return matrix


def _pictures(reranker: "Reranker", examples: "Examples") -> dict[str, Any]:
    """What the trees split on, and which way each feature moves a score, for people."""
    from recsys_assets.evaluation.plots import shap_summary
    from recsys_assets.ranking.reranker import N_EXPLAINED

    if not reranker.boosters:
        return {"reranker": "no example yet: the fusion ranks"}
    step = max(1, len(examples.features) // N_EXPLAINED)
    sample = examples.features[::step]
    found: dict[str, Any] = {}
    for objective, gains in reranker.gains().items():
        rows = [{"feature": name, "share of gain": share} for name, share in list(gains.items())[:_SHOWN]]
        found[f"gain_{objective}"] = MetadataValue.md(markdown_table(rows))
    image = base64.b64encode(shap_summary(reranker.shap(sample), sample, reranker.names, _SHOWN)).decode()
    return found | {"shap": MetadataValue.md(f"![SHAP values](data:image/png;base64,{image})")}
