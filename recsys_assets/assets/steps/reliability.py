"""``grades.reliability``: how far the confidence of published rows held, with its picture."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from recsys_assets.assets.pages import markdown_table, picture
from recsys_assets.assets.step import Made, Step, sql_step
from recsys_assets.evaluation.plots import reliability_figure
from recsys_assets.selects.files import SQL_FOLDER, load_select

if TYPE_CHECKING:
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

TABLE = "grades.reliability"
_SELECT = load_select(SQL_FOLDER / "grades" / "shared" / "reliability.sql")
_OF_TASK = ("task", "brier", "base_brier", "ece")


def steps(profile: Profile) -> list[Step]:
    """The bins of every task."""
    return [replace(sql_step(TABLE, _SELECT), make=_reliability)]


def _reliability(snapshot: Snapshot) -> Made:
    return Made(_SELECT, partial(_results, snapshot.table(_SELECT.text).to_pylist()))


def _results(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The picture, and what it comes to in each task."""
    if not rows:
        return {"Reliability": "no confidence yet: that takes lists that were made when a night had been graded"}
    tasks = {row["task"]: {name: row[name] for name in _OF_TASK} for row in rows}
    return {
        "Reliability": picture(reliability_figure(rows), "Confidence and what was taken"),
        "Brier score and calibration error": markdown_table(tasks.values()),
    }
