"""``grades.pooled`` and ``grades.comparisons``: grades pooled over every night graded so far.

What belongs here: summing per-user grades over nights, and writing what `evaluation.pooling` makes of the sums. Night
N pools the grades that nights up to N gave; a later one never enters.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from recsys_assets.assets.pages import markdown_table
from recsys_assets.assets.step import Made, Step
from recsys_assets.evaluation.metrics import METRICS
from recsys_assets.evaluation.pooling import COMPARED, compared, pooled_means, user_totals
from recsys_assets.evaluation.user_grades import CUTS, USERS
from recsys_assets.ranking import CONFIGURATIONS
from recsys_assets.selects.contracts import declared_rows
from recsys_assets.selects.files import SQL_FOLDER, load_select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from recsys_assets.evaluation.pooling import UserTotals
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

_ALL_NIGHTS = load_select(SQL_FOLDER / "grades" / "shared" / "all_nights.sql", keyed=False)


def steps(profile: Profile) -> list[Step]:
    """Means of every figure, and differences of those that lists are compared by."""
    cuts, metrics = [k for k, _ in COMPARED], [metric for _, metric in COMPARED]
    compare = partial(compared, leaders=("published", *CONFIGURATIONS), figures=COMPARED)
    return [
        _step(
            profile,
            "grades.pooled",
            ("task", "users", "algorithm", "k", "metric", "status"),
            partial(_totals, cuts=CUTS, metrics=list(METRICS), users=USERS),
            pooled_means,
            "Mean of every metric over all user-nights graded so far, with its 95% bootstrap interval over users, "
            "for each algorithm and for the published lists. Users that the graded night did not know are pooled "
            "apart, and so are rebuilt lists.",
        ),
        _step(
            profile,
            "grades.comparisons",
            ("task", "algorithm", "baseline", "k", "metric", "status"),
            partial(_totals, cuts=cuts, metrics=metrics, users=USERS[:1]),
            compare,
            "Paired difference of the published lists, and of each configuration of the ranking, to every other list "
            "over all user-nights graded so far of users then known, with its 95% bootstrap interval and the p-value "
            "of a sign-flip test over users, plain and corrected for the number of pairs; by NDCG@10, precision@1 "
            "and recall@20. Of users then unknown there is nothing to compare: all lists are one.",
        ),
    ]


def _step(
    profile: Profile,
    table: str,
    key: tuple[str, ...],
    totals_of: Callable[[Snapshot], Iterator[tuple[dict[str, str], UserTotals]]],
    pool: Callable[..., list[dict[str, Any]]],
    description: str,
) -> Step:
    def make(snapshot: Snapshot) -> Made:
        rows = [
            about | row
            for about, totals in totals_of(snapshot)
            for row in pool(totals, seed=profile.seed + snapshot.night.toordinal())
        ]
        shown = [row for row in rows if (row["metric"], row["k"]) == ("ndcg", 10)]
        return Made(declared_rows(table, rows), {"NDCG@10": markdown_table(shown)})

    return Step(
        name=table, description=description, make=make, reads=_ALL_NIGHTS.reads, key=key, kinds=("python", "numpy")
    )


def _totals(
    snapshot: Snapshot, cuts: Sequence[int], metrics: list[str], users: Sequence[str]
) -> Iterator[tuple[dict[str, str], UserTotals]]:
    """Sums per user of each task and kind of users in turn, which bounds memory, of some metrics at some cuts."""
    # Metrics are at most 1: sums of 18 digits are exact as well, and take half the time of exact_sum.
    sums = ", ".join(f'sum("{metric}"::decimal(18, 12))::double as "{metric}"' for metric in metrics)
    query = (
        'select task, users, k, "group", user_key as user, algorithm, n_nights, is_rebuilt, count(*)::integer as n, '
        f"{sums} from ({_ALL_NIGHTS.text}) where task = $task and users = $users group by all order by all"
    )
    for task in sorted(snapshot.lake.profile.tasks):
        for whom in users:
            asked = {"cuts": list(cuts), "metrics": metrics, "task": task, "users": whom}
            rows = snapshot.table(query, asked)
            if rows.num_rows:
                columns = {name: rows[name].to_numpy() for name in rows.column_names}
                del rows
                yield {"task": task, "users": whom}, user_totals(columns, metrics)
