"""``recommendations.algorithm_settings``: what each algorithm is fitted with tonight, and who says so."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from recsys_assets.algorithms.instances import configured
from recsys_assets.assets.algorithm_settings import TABLE, worked_out
from recsys_assets.assets.pages import markdown_table
from recsys_assets.assets.step import Made, Step
from recsys_assets.selects.contracts import declared_rows
from recsys_assets.selects.files import SQL_FOLDER, load_select

if TYPE_CHECKING:
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

_STUDIES = load_select(SQL_FOLDER / "training" / "tuned_settings.sql")


def steps(profile: Profile) -> list[Step]:
    """One row for each setting of each algorithm."""
    return [
        Step(
            name=TABLE,
            description="Which settings each algorithm is fitted with: those that the profile writes, else those that "
            "the newest study of an earlier night learned (`recsys tune`), else the defaults.",
            make=partial(_settings, profile),
            reads=_STUDIES.reads,
            key=("algorithm", "setting"),
            stage="models",
            modules=tuple(sorted({algorithm.__module__ for algorithm, _ in configured(profile.algorithms).values()})),
        )
    ]


def _settings(profile: Profile, snapshot: Snapshot) -> Made:
    rows = worked_out(profile, snapshot.table(_STUDIES.text).to_pylist())
    tuned = [{name: str(value) for name, value in row.items()} for row in rows if row["origin"] == "tuned"]
    return Made(declared_rows(TABLE, rows), {"Tuned settings": markdown_table(tuned)} if tuned else {})
