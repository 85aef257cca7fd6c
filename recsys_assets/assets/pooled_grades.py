"""Grades pooled over every night graded so far: means over user-nights, and which list is better than which.

What belongs here: summing per-user grades over nights, and writing what `evaluation.pooling` makes of the sums. Night
N pools the grades that nights up to N gave; a later one never enters.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, MetadataValue, asset

from recsys_assets.assets.grades import CUTS
from recsys_assets.assets.partitions import profile_partitions
from recsys_assets.assets.step import (
    OWNERS,
    dependencies,
    markdown_table,
    measured,
    night_of,
    report,
)
from recsys_assets.profile import Profile
from recsys_assets.ranking import CONFIGURATIONS
from recsys_assets.selects.contracts import declared_rows
from recsys_assets.selects.files import TableName
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.lake.snapshot import Snapshot

if TYPE_CHECKING:
    from recsys_assets.evaluation.pooling import UserTotals

READS = [TableName("grades", name, "past") for name in ("candidates", "published", "summary")]
POOLED_KEY = ("task", "algorithm", "k", "metric", "status")
COMPARISONS_KEY = ("task", "algorithm", "baseline", "k", "metric", "status")
COMPARED = ((10, "ndcg"), (1, "precision"), (20, "recall"))
"""Cut and metric of the figures that lists are compared by."""
# Nights with the same signature graded the same lists by the same metrics, so their sums may be compared as a whole.
_TOTALS = """
with marks as (
    select distinct night, task, algorithm || ' ' || status || ' ' || metric as mark
    from past.grades.summary
    where list_contains($metrics, metric)
),
signatures as (
    select night, task, string_agg(mark, ',' order by mark) as signature
    from marks
    group by night, task
),
nights as (
    select
        night, task,
        dense_rank() over (order by signature)::integer as "group",
        (count(*) over (partition by task, signature))::integer as n_nights
    from signatures
),
statuses as (
    select distinct night, task, algorithm, status <> 'published' as is_rebuilt
    from past.grades.summary
),
grades as (
    from past.grades.published
    union all by name
    from past.grades.candidates
)
select
    task, k, "group", user_key as user, algorithm, n_nights, is_rebuilt, count(*)::integer as n, {sums}
from grades
inner join nights using (night, task)
inner join statuses using (night, task, algorithm)
where list_contains($cuts, k)
group by all
order by all
"""


def pooled_grade_assets(profile: Profile) -> list[AssetsDefinition]:
    """``grades.pooled`` and ``grades.comparisons``."""
    from recsys_assets.evaluation.metrics import METRICS
    from recsys_assets.evaluation.pooling import compared, pooled_means

    return [
        _pooled(
            profile,
            "pooled",
            POOLED_KEY,
            partial(_totals, cuts=CUTS, metrics=list(METRICS)),
            pooled_means,
            "Mean of every metric over all user-nights graded so far, with its 95% bootstrap interval over users, "
            "for each algorithm and for the published lists. Rebuilt lists are pooled apart.",
        ),
        _pooled(
            profile,
            "comparisons",
            COMPARISONS_KEY,
            partial(_totals, cuts=[k for k, _ in COMPARED], metrics=[metric for _, metric in COMPARED]),
            partial(compared, leaders=("published", *CONFIGURATIONS), figures=COMPARED),
            "Paired difference of the published lists, and of each configuration of the ranking, to every other list "
            "over all user-nights graded so far, with its 95% bootstrap interval and the p-value of a sign-flip test "
            "over users, plain and corrected for the number of pairs; by NDCG@10, precision@1 and recall@20.",
        ),
    ]


def _pooled(
    profile: Profile,
    name: str,
    key: tuple[str, ...],
    totals_of: "Callable[[Snapshot], Iterator[tuple[str, UserTotals]]]",
    make: Callable[..., list[dict[str, Any]]],
    description: str,
) -> AssetsDefinition:
    lake, table = Lake(profile), f"grades.{name}"

    @asset(
        key=table.split("."),
        deps=dependencies(profile, READS),
        partitions_def=profile_partitions(profile),
        group_name="grades",
        kinds={"python", "numpy"},
        owners=OWNERS,
        description=description,
    )
    def pooled(context: AssetExecutionContext) -> MaterializeResult[None]:
        night = night_of(context)
        with measured() as usage, lake.as_of(night, READS, table, context.run.run_id) as snapshot:
            rows = [
                {"task": task} | row
                for task, totals in totals_of(snapshot)
                for row in make(totals, seed=profile.seed + night.toordinal())
            ]
            snapshot.add("made.pooled", declared_rows(table, rows))
            written = snapshot.write(f"select * from made.pooled order by {', '.join(key)}", key)
        shown = [row for row in rows if (row["metric"], row["k"]) == ("ndcg", 10)]
        return report(written, usage, {"NDCG@10": MetadataValue.md(markdown_table(shown))})

    return pooled


def _totals(snapshot: Snapshot, cuts: Sequence[int], metrics: list[str]) -> "Iterator[tuple[str, UserTotals]]":
    """Sums per user of each task, of some metrics at some cuts."""
    from recsys_assets.evaluation.pooling import user_totals

    # metrics are at most 1: sums of 18 digits are exact as well, and take half the time of exact_sum
    sums = ", ".join(f'sum("{metric}"::decimal(18, 12))::double as "{metric}"' for metric in metrics)
    rows = snapshot.table(_TOTALS.format(sums=sums), {"cuts": list(cuts), "metrics": metrics}).to_pandas()
    for task, part in rows.groupby("task"):
        yield str(task), user_totals({column: part[column].to_numpy() for column in part}, metrics)
