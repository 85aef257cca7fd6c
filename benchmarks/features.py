"""Whether a feature would help, before it is one: past nights ranked with and without it.

Each file is a SELECT as in ``sql/features/`` whose key is ``user_key``, ``item_key`` or both. For every night that is
graded: learn from its examples as a night does, with the file's columns as of the night of the lists and without,
rank its candidates, and compare NDCG@10 by user. The files of ``tried_features/`` did not help enough to be kept.

    python -m benchmarks.features 2017-10-24 my_feature.sql      # lists up to 2017-10-24; no file: all tried before
"""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from benchmarks.learning_curve import K, candidates_of, ndcg_by_user
from recsys_assets.evaluation.uncertainty import clustered_mean_interval
from recsys_assets.profile import Profile
from recsys_assets.profile_file import load_profile
from recsys_assets.ranking.candidate_tables import examples_from, feature_matrix, feature_names
from recsys_assets.ranking.reranker import COMBINED, Reranker, RerankerSettings, ranks_within
from recsys_assets.selects.files import TableName, load_select
from recsys_assets.storage.lake.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from recsys_assets.evaluation.metrics import Floats

TRIED = Path(__file__).parent / "tried_features"
SEEDS = range(2)
_EXAMPLES = TableName("recommendations", "examples")


def run(last: date = date.max, files: Sequence[Path] = ()) -> Iterator[str]:
    """A line for each task and file, and one for all files together."""
    profile = load_profile()
    lake, after = Lake(profile), timedelta(days=profile.horizon)
    built = set(lake.nights("grades.relevant"))
    graded = [night for night in lake.nights("recommendations.rankings") if night <= last and night + after in built]
    if len(graded) < 2:
        yield f"skipped: profile {profile.name} has no two graded nights up to {last}; run `recsys backtest` first"
        return
    files = files or sorted(TRIED.glob("*.sql"))
    for task in profile.tasks:
        examples = {night: _examples(profile, lake, night, task, files) for night in graded}
        # The fusion ranks what nothing was learned for yet.
        nights = [night for night in graded if examples[night].num_rows]
        rows = {night: _with(lake, night, candidates_of(profile, lake, night, task)[0], files) for night in nights}
        chosen = {file.stem: [file] for file in files} | {"all of them": list(files)}
        before = [_grades(profile, examples, rows[night], night, []) for night in nights]
        mean, _, _ = _mean(before)
        yield f"{task}, {len(nights)} nights up to {nights[-1]}, {len(SEEDS)} seeds: NDCG@{K} {mean:.4f}"
        for name, some in chosen.items():
            now = [_grades(profile, examples, rows[night], night, some) for night in nights]
            gain, low, high = _mean([(users, b - a) for (users, a), (_, b) in zip(before, now, strict=True)])
            yield f"{task}, with {name}: {gain:+.4f} ({low:+.4f} to {high:+.4f})"


def _examples(profile: Profile, lake: Lake, night: date, task: str, files: Sequence[Path]) -> pa.Table:
    """Examples of one night, with the files' columns as of the night whose lists they are."""
    with lake.as_of(night, [_EXAMPLES]) as snapshot:
        rows = snapshot.table(
            "select *, $2::date as night from recommendations.examples where task = $1 order by user_key, item_key",
            [task, night],
        )
    return _with(lake, night - timedelta(days=profile.horizon), rows, files) if rows.num_rows else rows


def _with(lake: Lake, night: date, rows: pa.Table, files: Sequence[Path]) -> pa.Table:
    """Rows with the columns of each file as of a night, named ``tried_<file>_<column>``."""
    keys = rows.select(["user_key", "item_key"]).append_column("place", pa.array(np.arange(rows.num_rows)))
    for file in files:
        select = load_select(file)
        on = " and ".join(f"tried.{name} = rows.{name}" for name in select.key)
        with lake.as_of(night, select.reads) as snapshot:
            snapshot.add("made.rows", keys)
            columns = snapshot.table(
                f"with tried as ({select.text}) select tried.* exclude ({', '.join(select.key)}) "
                f"from made.rows as rows left join tried on {on} order by rows.place"
            )
        for name in columns.column_names:
            rows = rows.append_column(f"tried_{file.stem}_{name}", columns[name].cast(pa.float32()))
    return rows


def _grades(
    profile: Profile, examples: dict[date, pa.Table], rows: pa.Table, night: date, files: Sequence[Path]
) -> tuple[Any, Floats]:
    """Users of a night's candidates, and the NDCG of each, the mean of all seeds."""
    settings = RerankerSettings(**profile.reranker)
    earlier = [night - timedelta(days=profile.horizon * back) for back in range(settings.n_nights)]
    known = [examples[n] for n in reversed(earlier) if n in examples and examples[n].num_rows]
    tried = tuple(f"tried_{file.stem}_" for file in files)
    columns = feature_names(known[-1].column_names)
    names = [name for name in columns if name.startswith(tried) or not name.startswith("tried_")]
    learned = examples_from(pa.concat_tables(known, promote_options="default"), names)
    users, ties = rows["user_key"].to_numpy().astype("int64"), rows["tie"].to_numpy()
    matrix, grades = feature_matrix(rows, names), []
    for seed in SEEDS:
        ranker = Reranker(settings, seed).fit(learned)
        scores = ranker.rank(matrix, users, ties)[COMBINED]
        grades.append(ndcg_by_user(rows, ranks_within(users, scores, ties)))
    return np.unique(users), np.mean(grades, axis=0)


def _mean(nights: list[tuple[Any, Floats]]) -> tuple[float, float, float]:
    """Mean over all user-nights with its 95% bootstrap interval over users."""
    users, place = np.unique(np.concatenate([users for users, _ in nights]), return_inverse=True)
    values = np.concatenate([values for _, values in nights])
    sums, n = np.bincount(place, values, len(users)), np.bincount(place, minlength=len(users))
    low, high = clustered_mean_interval(sums[:, None], n[:, None].astype(np.int64), seed=0)
    return float(values.mean()), float(low[0]), float(high[0])


if __name__ == "__main__":
    for text in run(date.fromisoformat(sys.argv[1]) if sys.argv[1:] else date.max, [Path(a) for a in sys.argv[2:]]):
        print(text, flush=True)
