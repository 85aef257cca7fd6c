"""``recommendations.champions``: which ranking tonight's lists follow, decided by the grades of earlier nights."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from recsys_assets.assets.pages import markdown_table
from recsys_assets.assets.step import Made, Step
from recsys_assets.evaluation.champions import ENOUGH_USERS, decide_by_task
from recsys_assets.ranking import CONFIGURATIONS
from recsys_assets.selects.contracts import declared_rows
from recsys_assets.selects.files import SQL_FOLDER, load_select

if TYPE_CHECKING:
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

TABLE = "recommendations.champions"
_CHALLENGES = load_select(SQL_FOLDER / "training" / "challenges.sql")


def steps(profile: Profile) -> list[Step]:
    """Every list that could be published, how it did beside the champion so far, and which is the champion now."""
    return [
        Step(
            name=TABLE,
            description="Which lists are published: of the rankings of the union those that lead over all user-nights "
            "graded so far, or an algorithm's own, where it was better beyond chance.",
            make=partial(_decisions, profile),
            reads=_CHALLENGES.reads,
            key=("task", "configuration"),
            stage="rerankers",
            kinds=("python", "numpy"),
        )
    ]


def _decisions(profile: Profile, snapshot: Snapshot) -> Made:
    asked = {"algorithms": sorted(profile.algorithms), "enough": ENOUGH_USERS}
    challenges = snapshot.table(_CHALLENGES.text, asked)
    rows = decide_by_task(challenges, CONFIGURATIONS, seed=profile.seed + snapshot.night.toordinal())
    return Made(declared_rows(TABLE, rows), {"Decision": markdown_table(rows)})
