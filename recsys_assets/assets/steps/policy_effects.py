"""``grades.policy_effects``: what each rule of the graded night cost or won, now that its future is known."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from recsys_assets.assets.pages import markdown_table
from recsys_assets.assets.step import Made, Step
from recsys_assets.evaluation.policy_effects import effects_of_rules
from recsys_assets.evaluation.user_grades import grades_by_user
from recsys_assets.selects.contracts import declared_rows
from recsys_assets.selects.files import SQL_FOLDER, TableName, load_select

if TYPE_CHECKING:
    import pyarrow as pa

    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

TABLE = "grades.policy_effects"
_LISTS, _FIGURES = (
    load_select(SQL_FOLDER / "grades" / "shared" / f"policy_{name}.sql", keyed=False) for name in ("lists", "figures")
)
_USERS = """
select users.*
from grades.users as users
semi join graded.recommendations.policies as lists
    on lists.without = 'all' and lists.task = users.task and lists.user_key = users.user_key
where not users.is_cold_user
order by users.task, users.user_key
"""


def steps(profile: Profile) -> list[Step]:
    """One row for each task, rule and metric; none where the graded night had no rules."""
    return [
        Step(
            name=TABLE,
            description="NDCG@10, precision@1, diversity and revenue of what was published beside the same night's "
            "lists without each rule of `[policy]`, and without all of them, over a sample of users.",
            make=partial(_effects, profile),
            reads=tuple(sorted({*_LISTS.reads, TableName("grades", "users")})),
            key=("task", "rule", "metric"),
            kinds=("python", "numpy"),
            sql=(_LISTS.path, _FIGURES.path),
        )
    ]


def _effects(profile: Profile, snapshot: Snapshot) -> Made:
    (n_lists,) = snapshot.row("select count(*) from graded.recommendations.policies")
    (night,) = snapshot.row("select graded_night from this.night")
    if not n_lists:
        return Made(declared_rows(TABLE, []), {"Effects": "the graded night had no rules"})
    snapshot.add("made.policy_lists", snapshot.table(_LISTS.text))
    figures = snapshot.table(f"from ({_FIGURES.text}) order by task, without, user_key")
    rows = effects_of_rules(_accuracy(snapshot), figures, seed=profile.seed + snapshot.night.toordinal())
    rows = [row | {"graded_night": night} for row in rows]
    return Made(declared_rows(TABLE, rows), {"Effects": markdown_table(rows)})


def _accuracy(snapshot: Snapshot) -> pa.Table:
    """Metrics of each list of each user of the sample who is graded, as `grades_by_user` gives them."""
    kinds = snapshot.table(
        "select distinct task, without as algorithm from graded.recommendations.policies order by all"
    )
    hits = snapshot.table("select task, without as algorithm, user_key, rank from made.policy_lists where hit")
    return grades_by_user(kinds, hits, snapshot.table(_USERS))
