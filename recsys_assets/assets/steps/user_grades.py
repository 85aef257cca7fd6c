"""``grades.candidates``, ``.published``, ``.trending`` and ``.newcomers``: metrics of judged lists, per user, cut."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from recsys_assets.assets.step import Made, Step
from recsys_assets.evaluation.user_grades import USER_GRADE, grades_by_user
from recsys_assets.selects.files import TableName

if TYPE_CHECKING:
    import pyarrow as pa

    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot


_EVERYBODY = "from grades.users order by task, user_key"
_UNKNOWN = "from grades.users where is_cold_user order by task, user_key"


def steps(profile: Profile) -> list[Step]:
    """Tables for the algorithms' lists, for the published ones, and for what was trending by window and place."""
    whose = {
        "candidates": ("Metrics of each algorithm's candidates of the graded night, per user and cut.", _EVERYBODY),
        "published": ("Metrics of the lists the graded night published, per user and cut.", _EVERYBODY),
        "trending": ("Metrics of what was trending by each window, per user then unknown and cut.", _UNKNOWN),
        "newcomers": ("Metrics of what newcomers could have been shown, per user then unknown and cut.", _UNKNOWN),
    }
    return [
        Step(
            name=f"grades.{name}",
            description=description,
            make=partial(_grades, f"grades.judged_{name}", users),
            reads=(TableName("grades", f"judged_{name}"), TableName("grades", "users")),
            key=USER_GRADE,
            kinds=("python", "numpy"),
        )
        for name, (description, users) in whose.items()
    ]


def _grades(judged: str, graded_users: str, snapshot: Snapshot) -> Made:
    lists = snapshot.table(f"select distinct task, algorithm from {judged} order by all")
    hits = snapshot.table(f"select task, algorithm, user_key, rank from {judged} where hit")
    users = snapshot.table(graded_users)
    grades = grades_by_user(lists, hits, users)
    return Made(_of_judged(grades, judged, snapshot) if judged.endswith("newcomers") else grades)


def _of_judged(grades: pa.Table, judged: str, snapshot: Snapshot) -> pa.Table:
    """Grades of the users whom each list was made for: who told no store has no list by store, not an empty one."""
    snapshot.add("made.grades", grades)
    asked = f"select distinct task, algorithm, user_key from {judged}"
    return snapshot.table(
        f"from made.grades semi join ({asked}) using (task, algorithm, user_key) order by task, algorithm, user_key, k"
    )
