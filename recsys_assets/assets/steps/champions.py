"""``recommendations.champions``: which ranking tonight's lists follow, decided by the grades of earlier nights."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from recsys_assets.assets.pages import markdown_table
from recsys_assets.assets.step import Made, Step
from recsys_assets.evaluation.champions import decide_by_task
from recsys_assets.selects.contracts import declared_rows
from recsys_assets.selects.files import SQL_FOLDER, load_select

if TYPE_CHECKING:
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

TABLE = "recommendations.champions"
_CHALLENGES = load_select(SQL_FOLDER / "training" / "challenges.sql")


def steps(profile: Profile) -> list[Step]:
    """Every ranking of tonight, its test against the champion so far, and which of them is the champion now."""
    return [
        Step(
            name=TABLE,
            description="Which ranking is published. The champion so far stays until a challenger was better on the "
            "same user-nights, by a paired test over all nights graded so far.",
            make=partial(_decisions, profile),
            reads=_CHALLENGES.reads,
            key=("task", "configuration"),
            stage="rerankers",
            kinds=("python", "numpy"),
        )
    ]


def _decisions(profile: Profile, snapshot: Snapshot) -> Made:
    challenges = snapshot.table(_CHALLENGES.text)
    rows = decide_by_task(challenges, seed=profile.seed + snapshot.night.toordinal())
    return Made(declared_rows(TABLE, rows), {"Decision": markdown_table(rows)})
