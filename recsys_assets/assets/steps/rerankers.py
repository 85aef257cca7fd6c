"""The rerankers: what they learn from, one model per task, and every ranking of tonight's candidates.

What belongs here: three kinds of steps (``recommendations.examples``, ``models.reranker_<task>``,
``recommendations.rankings``). Which ranking is published is decided in `steps.champions`; the trees are in
`ranking.reranker`.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from recsys_assets.assets.night_features import NightFeatures, night_feature_reads
from recsys_assets.assets.pages import markdown_table, picture
from recsys_assets.assets.step import Fitted, Made, Step
from recsys_assets.evaluation.plots import shap_summary
from recsys_assets.ranking.candidate_tables import CANDIDATE, examples_from, feature_names
from recsys_assets.ranking.list_arrays import list_columns
from recsys_assets.ranking.rankings import Ranker, places_below
from recsys_assets.ranking.reranker import N_EXPLAINED, Reranker, RerankerSettings
from recsys_assets.selects.contracts import arrow_schema
from recsys_assets.selects.files import SQL_FOLDER, SqlError, TableName, load_select
from recsys_assets.selects.list_tables import packed
from recsys_assets.storage.models import Models
from recsys_assets.threads import in_order

if TYPE_CHECKING:
    import pyarrow as pa

    from recsys_assets.profile import Profile
    from recsys_assets.ranking.reranker import Examples
    from recsys_assets.storage.lake.snapshot import Snapshot

LABEL_ROWS = load_select(SQL_FOLDER / "training" / "labels.sql")
LABELS = ("task", "user_key", "item_key", "taken", "weight")
"""All that goes on from the labels: which candidates are examples, the outcome, and what the row weighs."""
RANKINGS = "recommendations.rankings"
RANKING_KEY = ("algorithm", "task", "user_key")
USERS_AT_ONCE = 2_048
"""Users whose candidates a thread ranks together."""
N_SHOWN = 20
"""Features that a model's page names."""


def steps(profile: Profile) -> list[Step]:
    """Examples, the model of every task, and the rankings.

    Raises
    ------
    SqlError
        When ``sql/training/labels.sql`` gives other columns than `LABELS`.
    """
    if LABEL_ROWS.columns != LABELS:
        raise SqlError(
            f"sql/training/labels.sql: gives {', '.join(LABEL_ROWS.columns)}; of the labels go on {', '.join(LABELS)} "
            "alone. What else is known of an example is a table of the graded night: write it in sql/features/."
        )
    return [_examples(profile), *(_model(profile, task) for task in profile.tasks), _rankings(profile)]


def _examples(profile: Profile) -> Step:
    settings = RerankerSettings(**profile.reranker)

    def make(snapshot: Snapshot) -> Made:
        import numpy as np
        import pyarrow as pa

        sample = {"every_nth": settings.every_nth, "max_users": settings.max_users}
        labels = snapshot.table(LABEL_ROWS.text, sample)
        users = np.unique(labels["user_key"].to_numpy())
        known = NightFeatures(snapshot, "graded", only=pa.table({"user_key": users}))
        # Without a user there is one part, too: an empty one, with its columns.
        parts = (
            np.split(users, range(USERS_AT_ONCE, len(users), USERS_AT_ONCE)) if len(users) else [np.zeros(1, np.int32)]
        )
        blocks = in_order(lambda part: known.rows(int(part[0]), int(part[-1]), labels), parts)
        rows = pa.concat_tables(blocks)
        return Made(rows, facts={"features": len(feature_names(rows.column_names))})

    return Step(
        name="recommendations.examples",
        description="What the reranker learns from: candidates of the graded night with every feature as of then, and "
        "whether the user took the item since. Empty where the graded night was never built.",
        make=make,
        reads=(*LABEL_ROWS.reads, *night_feature_reads(profile, "graded")),
        key=CANDIDATE,
        stage="rerankers",
        kinds=("duckdb", "sql"),
    )


def _model(profile: Profile, task: str) -> Step:
    settings = RerankerSettings(**profile.reranker)

    def fit(snapshot: Snapshot) -> Fitted:
        examples = learned_from(snapshot, task, settings.n_nights)
        reranker = Reranker(settings, profile.seed)
        if examples.taken.any() and not examples.taken.all():
            reranker.fit(examples)
        n_taken = int(examples.taken.sum())
        facts = {"examples": len(examples.taken), "taken": n_taken, "features": len(examples.names)}
        pictures = partial(_pictures, reranker, examples)
        return Fitted(reranker.save, settings.model_dump(mode="json"), pictures, facts)

    return Step(
        name=f"models.reranker_{task}",
        description=f"Gradient-boosted trees that rank the candidates of {task}, learned from the examples of this "
        "night and of earlier ones.\n\n`recsys_assets/ranking/reranker.py`",
        make=fit,
        reads=(TableName("recommendations", "examples", "past"),),
        stage="rerankers",
        kinds=("python", "lightgbm"),
    )


def learned_from(snapshot: Snapshot, task: str, n_nights: int) -> Examples:
    """Examples of a snapshot's night and of whole horizons before it, ``n_nights`` in all."""
    horizon = timedelta(days=snapshot.lake.profile.horizon)
    nights = [snapshot.night - back * horizon for back in range(n_nights)]
    rows = snapshot.table(
        "select * from past.recommendations.examples where task = $1 and list_contains($2, night) "
        "order by night, user_key, item_key",
        [task, nights],
    )
    return examples_from(rows)


def _rankings(profile: Profile) -> Step:
    names = {task: f"reranker_{task}" for task in profile.tasks}

    def make(snapshot: Snapshot) -> Made:
        rerankers: dict[str, Reranker] = {}
        for task, name in names.items():
            model = Models(profile).get(name, snapshot.night)
            snapshot.use_model(model)
            rerankers[task] = Reranker.load(model.path)
        leads = snapshot.table("select task, algorithm from recommendations.fusion_weights where leads").to_pylist()
        leaders: dict[str, list[str]] = {
            task: [row["algorithm"] for row in leads if row["task"] == task] for task in profile.tasks
        }
        return Made(rankings(snapshot, rerankers, leaders))

    return Step(
        name=RANKINGS,
        description="Tonight's candidates in the order of every configuration that could be published: the fusion, and "
        "the reranker's rankings once it has learned, and a blend of it with algorithms that lead alone. All are "
        "graded.",
        make=make,
        reads=(*night_feature_reads(profile), TableName("recommendations", "fusion_weights")),
        after=tuple(f"models.{name}" for name in names.values()),
        key=RANKING_KEY,
        stage="rerankers",
        kinds=("python", "lightgbm"),
    )


def rankings(snapshot: Snapshot, rerankers: dict[str, Reranker], leaders: dict[str, list[str]]) -> pa.RecordBatchReader:
    """Every ranking of all users as record batches, made while they are read: memory does not grow with users.

    ``leaders`` are the algorithms that lead by themselves in a task, where any was graded.
    """
    import pyarrow as pa

    profile, schema = snapshot.lake.profile, arrow_schema(packed(RANKINGS) or {})
    depth = max(profile.list_length, profile.release.depth)
    known = NightFeatures(snapshot, is_asked=any(reranker.boosters for reranker in rerankers.values()))
    rankers = {task: Ranker(reranker, known.items) for task, reranker in rerankers.items()}

    def rankings_from(first: int) -> list[pa.RecordBatch]:
        """Every ranking of a batch of users."""
        users, pairs = known.of_users(first, first + USERS_AT_ONCE - 1)
        batches = []
        for task in profile.tasks:
            candidates = known.candidates(task, users, first, first + USERS_AT_ONCE - 1)
            of_task = [*pairs, *known.listed(task, users, first, first + USERS_AT_ONCE - 1)]
            is_listed = candidates.offsets[1:] > candidates.offsets[:-1]
            ranked_lists = rankers[task].rankings(candidates, users, of_task, known.ties, depth, leaders[task])
            for name, ranked in ranked_lists:
                top = ranked.ranks <= profile.list_length
                items, scores = known.items.keys[candidates.items[ranked.rows[top]]], ranked.scores[top]
                starts, columns = list_columns(ranked.ranks[top], items=items, scores=scores)
                about = {
                    "algorithm": pa.repeat(name, len(starts)),
                    "task": pa.repeat(task, len(starts)),
                    "user_key": pa.array(users.keys[candidates.users[is_listed]]),
                }
                # The fusion's own order is that of the union: what follows its list needs no column.
                deep = profile.list_length if name == "fusion" else depth
                columns["below"] = places_below(ranked, candidates.offsets, profile.list_length, deep)
                batches.append(pa.record_batch({**about, **columns}, schema=schema))
        return batches

    batches = in_order(rankings_from, range(0, known.last_user + 1, USERS_AT_ONCE))
    return pa.RecordBatchReader.from_batches(schema, chain.from_iterable(batches))


def _pictures(reranker: Reranker, examples: Examples) -> dict[str, Any]:
    """What the trees split on, and which way each feature moves a score, for people."""
    if not reranker.boosters:
        return {"Reranker": "no example yet: the fusion ranks"}
    sample = examples.features[:: max(1, len(examples.features) // N_EXPLAINED)]
    shown: dict[str, Any] = {}
    for objective, gains in reranker.gains().items():
        total = max(sum(gains.values()), 1e-300)
        rows = [{"feature": name, "share of gain": gain / total} for name, gain in list(gains.items())[:N_SHOWN]]
        shown[f"Gain, {objective}"] = markdown_table(rows)
    return shown | {
        "SHAP": picture(shap_summary(reranker.shap(sample), sample, reranker.names, N_SHOWN), "SHAP values")
    }
