"""Published lists against every other list, over the nights that graded from a first one on.

A deployment's own tables pool all nights so far. Settings are chosen on some of these; this pools the rest. Users that
the graded nights did not know are apart: there all lists are the one that was served.

    RECSYS_PROFILE=online_retail python -m benchmarks.pooled 2011-11-07
"""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING, Any

from recsys_assets.evaluation.pooling import COMPARED, compared, pooled_means, user_totals
from recsys_assets.evaluation.user_grades import USERS
from recsys_assets.profile_file import load_profile
from recsys_assets.selects.files import TableName
from recsys_assets.storage.lake.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Iterator

_READS = [TableName("grades", name, "past") for name in ("candidates", "published")]
_GRADES = """
with grades as (
    from past.grades.published
    union all by name
    from past.grades.candidates
)
select
    grades.task, grades.k, grades.user_key as user, grades.algorithm, 0 as "group", false as is_rebuilt,
    count(*)::integer as n, (select count(distinct night) from grades where night >= $first) as n_nights,
    sum(grades.ndcg) as ndcg, sum(grades.precision) as precision, sum(grades.recall) as recall
from grades
where grades.night >= $first and grades.k in (1, 10, 20) and grades.is_cold_user = $is_cold
group by all
order by all
"""


def run(first: date = date.min) -> Iterator[str]:
    """Mean of every list, and how much the published ones are above it, on known users and apart on unknown ones."""
    profile = load_profile()
    lake = Lake(profile)
    nights = lake.nights("grades.candidates")
    if not nights:
        yield f"skipped: nothing is graded in profile {profile.name}; run `recsys backtest` first"
        return
    with lake.as_of(nights[-1], _READS) as snapshot:
        for whom in USERS:
            rows = snapshot.table(_GRADES, {"first": first, "is_cold": whom == "unknown"}).to_pandas()
            for task, part in rows.groupby("task"):
                yield f"{profile.name}, {task}, {whom} users, {part['n_nights'].iloc[0]} nights"
                yield from _lines({column: part[column].to_numpy() for column in part})


def _lines(rows: dict[str, Any]) -> Iterator[str]:
    """One line a list and figure, best first."""
    totals = user_totals(rows, [metric for _, metric in COMPARED])
    differences = {
        (row["baseline"], row["k"], row["metric"]): row
        for row in compared(totals, leaders=["published"], figures=COMPARED, seed=0)
    }
    means = [row for row in pooled_means(totals, seed=0) if (row["k"], row["metric"]) in COMPARED]
    for row in sorted(means, key=lambda row: (COMPARED.index((row["k"], row["metric"])), -row["mean"])):
        line = (
            f"{row['metric']}@{row['k']:<3} {row['algorithm']:<20} {row['mean']:.4f} "
            f"({row['low']:.4f} to {row['high']:.4f}), {row['n_user_nights']:,} user-nights"
        )
        above = differences.get((row["algorithm"], row["k"], row["metric"]))
        if above:
            line += f"; published {above['difference']:+.4f} ({above['low']:+.4f} to {above['high']:+.4f})"
            line += f", p {above['p']:.4f}"
        yield line


if __name__ == "__main__":
    for text in run(*(date.fromisoformat(argument) for argument in sys.argv[1:2])):
        print(text, flush=True)
