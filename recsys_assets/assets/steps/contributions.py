"""``recommendations.contributions``: what the scores of published rows are made of, for users of a sample.

What belongs here: which rows are explained, and with which features; the sums are `ranking.contributions`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from recsys_assets.assets.night_features import NightFeatures, night_feature_reads
from recsys_assets.assets.step import Made, Step
from recsys_assets.ranking.candidate_tables import CANDIDATE, feature_matrix
from recsys_assets.ranking.contributions import contributions
from recsys_assets.ranking.rankings import BLEND, BLEND_K
from recsys_assets.ranking.reranker import COMBINED, OBJECTIVES, Reranker
from recsys_assets.selects.files import SQL_FOLDER, load_select
from recsys_assets.storage.lake.provenance import provenance
from recsys_assets.storage.models import Models

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

TABLE = "recommendations.contributions"
RANKINGS = "recommendations.rankings"
RAW_SCORE = "raw_score"
_OBJECTIVES_OF = {
    BLEND: tuple(OBJECTIVES),
    COMBINED: tuple(OBJECTIVES),
    **{f"{COMBINED}_{objective}": (objective,) for objective in OBJECTIVES},
}
"""Objectives whose trees order the list of a configuration."""
_SELECT = load_select(SQL_FOLDER / "recommendations" / "shared" / "explained.sql")


def steps(profile: Profile) -> list[Step]:
    """The parts of all tasks."""
    return [
        Step(
            name=TABLE,
            description="What the scores of published rows are made of, for users of a sample: the parts that the raw "
            "score is the sum of, and where trees order the list what each feature group and algorithm adds to what "
            "they say (SHAP values; Lundberg et al., 2018).",
            make=partial(_contributions, profile),
            reads=tuple(sorted({*_SELECT.reads, *night_feature_reads(profile)})),
            after=tuple(f"models.reranker_{task}" for task in profile.tasks),
            key=("task", "user_key", "rank", "explains"),
            kinds=("python", "numba"),
            sql=(_SELECT.path,),
        )
    ]


def _contributions(profile: Profile, snapshot: Snapshot) -> Made:
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = snapshot.table(_SELECT.text, {"n_users": profile.release.contributions, "blend_k": BLEND_K})
    of_sums = rows.filter(pc.is_valid(rows["parts"]))
    made = [_said(of_sums, RAW_SCORE, 0.0, of_sums["parts"])]
    by_trees = rows.filter(pc.is_in(rows["configuration"], value_set=pa.array(_OBJECTIVES_OF)))
    if by_trees.num_rows:
        known = NightFeatures(snapshot, only=pa.table({"user_key": pc.unique(by_trees["user_key"])}))
        features = known.rows(chosen=by_trees.select(CANDIDATE))
        for task in profile.tasks:
            is_of_task = pc.equal(by_trees["task"], task)
            of_task = by_trees.filter(is_of_task)
            if of_task.num_rows:
                made += _of_trees(profile, snapshot, of_task, features.filter(is_of_task), known.groups)
    return Made(pa.concat_tables(made))


def _of_trees(
    profile: Profile, snapshot: Snapshot, rows: pa.Table, features: pa.Table, groups: Mapping[str, str]
) -> Iterator[pa.Table]:
    """What the trees of a task's reranker say of rows that they order, by objective.

    Nothing where the model was fitted again since the rankings were made: other trees ordered them.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    model = Models(profile).get(f"reranker_{rows['task'][0]}", snapshot.night)
    (rankings,) = (p for p in snapshot.inputs if (p.table, p.night) == (RANKINGS, snapshot.night))
    if provenance(rankings.path).models.get(model.algorithm) != f"{model.night} {model.fingerprint}":
        return
    snapshot.use_model(model)
    reranker = Reranker.load(model.path)
    said = contributions(reranker, feature_matrix(features, reranker.names), groups)
    for objective, (base, parts) in said.items():
        ordered_by = [name for name, objectives in _OBJECTIVES_OF.items() if objective in objectives]
        is_asked = pc.is_in(rows["configuration"], value_set=pa.array(ordered_by))
        yield _said(rows.filter(is_asked), objective, base, parts.filter(is_asked))


def _said(rows: pa.Table, explains: str, base: float, parts: pa.Array) -> pa.Table:
    """Rows of the table."""
    import pyarrow as pa

    n = rows.num_rows
    columns = {name: rows[name] for name in ("task", "user_key", "rank", "item_key")}
    return pa.table(columns | {"explains": pa.repeat(explains, n), "base": pa.repeat(base, n), "parts": parts})
