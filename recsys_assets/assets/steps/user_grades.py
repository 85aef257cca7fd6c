"""``grades.candidates`` and ``grades.published``: metrics of each judged list, per user and cut."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from recsys_assets.assets.step import Made, Step
from recsys_assets.evaluation.user_grades import USER_GRADE, grades_by_user
from recsys_assets.selects.files import TableName

if TYPE_CHECKING:
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot


def steps(profile: Profile) -> list[Step]:
    """One table for the algorithms' lists, one for the published ones."""
    whose = {
        "candidates": "Metrics of each algorithm's candidates of the graded night, per user and cut.",
        "published": "Metrics of the lists the graded night published, per user and cut.",
    }
    return [
        Step(
            name=f"grades.{name}",
            description=description,
            make=partial(_grades, f"grades.judged_{name}"),
            reads=(TableName("grades", f"judged_{name}"), TableName("grades", "users")),
            key=USER_GRADE,
            kinds=("python", "numpy"),
        )
        for name, description in whose.items()
    ]


def _grades(judged: str, snapshot: Snapshot) -> Made:
    lists = snapshot.table(f"select distinct task, algorithm from {judged} order by all")
    hits = snapshot.table(f"select task, algorithm, user_key, rank from {judged} where hit")
    users = snapshot.table("select * from grades.users order by task, user_key")
    return Made(grades_by_user(lists, hits, users))
