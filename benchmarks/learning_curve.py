"""What the reranker would have given with fewer nights of examples or fewer candidates, and what is the most there is.

For a night N that night N+h has graded: learn from the examples of the last 1, 2, ... nights up to N, rank N's
candidates, all of them or the first so many as fused, and grade. `reachable` is the NDCG@10 of ranking them perfectly.

    RECSYS_PROFILE=complete_journey python -m benchmarks.learning_curve 2017-10-31
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from recsys_assets.assets.night_features import NightFeatures, night_feature_reads
from recsys_assets.assets.steps.rerankers import learned_from
from recsys_assets.evaluation.metrics import METRICS
from recsys_assets.profile import Profile
from recsys_assets.profile_file import load_profile
from recsys_assets.ranking.candidate_tables import feature_matrix
from recsys_assets.ranking.reranker import Reranker, RerankerSettings, ranks_within
from recsys_assets.selects.files import TableName
from recsys_assets.storage.lake.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from recsys_assets.evaluation.metrics import Floats

K = 10
_JUDGED = """
with users as (
    select user_key, count(*)::integer as n_relevant
    from made.relevant
    where task = $task
    group by user_key
),
id_order as (
    select item_key, row_number() over (order by item_id) as tie
    from clean.items
),
candidate as (
    select candidates.*, id_order.tie
    from made.candidates as candidates
    inner join id_order on id_order.item_key = candidates.item_key
)
select candidate.*, users.n_relevant, relevant.item_key is not null as taken
from candidate
inner join users on users.user_key = candidate.user_key
left join made.relevant as relevant
    on relevant.task = candidate.task
    and relevant.user_key = candidate.user_key
    and relevant.item_key = candidate.item_key
where candidate.task = $task
order by candidate.user_key, candidate.rank
"""


def run(night: date | None = None) -> Iterator[str]:
    """A line for each task, number of nights and number of candidates."""
    profile = load_profile()
    lake, after = Lake(profile), timedelta(days=profile.horizon)
    graded = [n for n in lake.nights("grades.relevant") if n - after in lake.nights("recommendations.rankings")]
    if not graded:
        yield f"skipped: no night of profile {profile.name} is graded; run `recsys backtest` first"
        return
    night = night or graded[-1] - after
    for task in profile.tasks:
        rows, n_graded = candidates_of(profile, lake, night, task)
        for n_candidates in (50, 100, 250):
            if n_candidates <= profile.n_candidates[task]:
                part = rows.filter(rows["rank"].to_numpy() <= n_candidates)
                yield f"{task}, lists of {night}, the first {n_candidates} candidates: {_reached(part, n_graded)}"
        yield from _by_nights(profile, lake, night, task, rows, n_graded)


def candidates_of(profile: Profile, lake: Lake, night: date, task: str) -> tuple[pa.Table, int]:
    """Candidates of the known users who took something within the horizon, and how many such users there are."""
    relevant = TableName("grades", "relevant")
    with lake.as_of(night + timedelta(days=profile.horizon), [relevant]) as later:
        taken = later.table("select task, user_key, item_key from grades.relevant")
        n_known = "select count(distinct user_key) from grades.relevant where task = $1 and not is_cold_user"
        (n_graded,) = later.row(n_known, [task])
    with lake.as_of(night, night_feature_reads(profile)) as snapshot:
        snapshot.add("made.relevant", taken)
        snapshot.add("made.candidates", NightFeatures(snapshot).rows())
        return snapshot.table(_JUDGED, {"task": task}), n_graded


def _by_nights(profile: Profile, lake: Lake, night: date, task: str, rows: pa.Table, n_graded: int) -> Iterator[str]:

    settings = RerankerSettings(**profile.reranker)
    with lake.as_of(night, [TableName("recommendations", "examples", "past")]) as snapshot:
        known = 0
        for n_nights in range(1, 9):
            examples = learned_from(snapshot, task, n_nights)
            if len(examples.taken) == known:
                return
            known = len(examples.taken)
            reranker = Reranker(settings, profile.seed).fit(examples)
            users, ties = rows["user_key"].to_numpy().astype("int64"), rows["tie"].to_numpy()
            matrix = feature_matrix(rows, reranker.names)
            scores = {"fusion": rows["score"].to_numpy()} | reranker.rank(matrix, users, ties)
            grades = {
                name: float(ndcg_by_user(rows, ranks_within(users, values, ties)).sum() / n_graded)
                for name, values in scores.items()
            }
            told = ", ".join(f"{name} {value:.4f}" for name, value in grades.items())
            yield f"{task}, lists of {night}, {n_nights} night(s), {known:,} examples: {told}"


def _reached(rows: pa.Table, n_graded: int) -> str:
    """Share of what was taken that the candidates hold, and the NDCG of ranking them perfectly."""
    import numpy as np

    users, taken = rows["user_key"].to_numpy().astype("int64"), rows["taken"].to_numpy()
    perfect = ranks_within(users, taken.astype(np.float64), np.arange(len(users)))
    recall = (taken / rows["n_relevant"].to_numpy()).sum() / n_graded
    return f"recall {recall:.3f}, NDCG@{K} reachable {ndcg_by_user(rows, perfect).sum() / n_graded:.3f}"


def ndcg_by_user(rows: pa.Table, ranks: NDArray[np.int64]) -> Floats:
    """NDCG of each user's list; users without candidates have none."""
    import numpy as np

    users, first, list_of = np.unique(rows["user_key"].to_numpy(), return_index=True, return_inverse=True)
    hits = np.zeros((len(users), K), dtype=bool)
    is_hit: NDArray[Any] = rows["taken"].to_numpy() & (ranks <= K)
    hits[list_of[is_hit], ranks[is_hit] - 1] = True
    return METRICS["ndcg"](hits, rows["n_relevant"].to_numpy()[first].astype(np.int64), K)


if __name__ == "__main__":
    for text in run(*(date.fromisoformat(argument) for argument in sys.argv[1:2])):
        print(text, flush=True)
