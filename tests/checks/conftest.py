"""A small lake, filled by hand through the lake's own writes, and folders of checks."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from recsys_assets.checks.asset_checks import run_checks
from recsys_assets.checks.declared import CHECKS_FOLDER, load_checks
from recsys_assets.profile import Profile
from recsys_assets.storage.lake import Lake

NIGHT = date(2020, 3, 10)


class SmallLake:
    """One profile with two algorithms, whose tables tests write and check."""

    def __init__(self):
        self.profile = Profile(
            name="small",
            source="complete_journey",
            deliveries=[],
            first_night=date(2020, 3, 1),
            last_night=date(2020, 3, 31),
            event_weights={"purchase": 1.0, "view": 0.0},
            algorithms={"popularity": {}, "buy_again": {}},
        )
        self.lake = Lake(self.profile)

    def write(self, table, key, rows, night=NIGHT):
        """Write a partition; rows are SQL without its order."""
        keys = tuple(key.split(", "))
        with self.lake.as_of(night, [], table) as snapshot:
            return snapshot.write(f"select * from ({rows}) order by {key}", keys)

    def outcomes(self, folder, table=None, night=NIGHT):
        """Outcome of every check of a folder (of one table) by name."""
        checks = [c for c in load_checks(self.profile, folder) if table in (None, c.table)]
        with self.lake.as_of(night, {name for check in checks for name in check.reads}) as snapshot:
            return {check.name: outcome for check, outcome in run_checks(snapshot, checks)}


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.setenv("RECSYS_DATA", str(tmp_path / "data"))
    return SmallLake()


@pytest.fixture
def folder(tmp_path):
    """Folder of checks with the real generic tests and nothing else."""
    made = tmp_path / "dbt_like_checks"
    shutil.copytree(CHECKS_FOLDER / "generic", made / "generic")
    (made / "singular").mkdir()
    return made


@pytest.fixture
def declare(folder):
    """Write files into the folder of checks, by their path in it; returns the folder."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            (folder / name).write_text(text)
        return folder

    return write
