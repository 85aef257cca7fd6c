"""Steps that are SQL files of ``sql/features/``, ``sql/grades/`` and ``sql/recommendations/``, or of the source's own.

A file is a table by its place: ``sql/features/user.sql`` is ``features.user``. One that reads rows made by Python
(``made.…``) is run by the step that makes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.assets.step import Step, sql_step
from recsys_assets.selects.files import load_select, table_files

if TYPE_CHECKING:
    from recsys_assets.profile import Profile

FOLDERS = ("features", "grades", "recommendations")


def steps(profile: Profile) -> list[Step]:
    """One step a file."""
    selects = {
        f"{folder}.{name}": load_select(path)
        for folder in FOLDERS
        for name, path in table_files(folder, profile.source).items()
    }
    return [
        sql_step(name, select)
        for name, select in selects.items()
        if not any(read.schema == "made" for read in select.reads)
    ]
