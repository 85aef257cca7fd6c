"""A small lake, filled by hand through the lake's own writes, and folders of checks."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from recsys_assets.checks.declared import CHECKS_FOLDER, load_checks
from recsys_assets.checks.running import check_tables
from recsys_assets.profile import Profile
from recsys_assets.storage.lake.lake import Lake

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

    def outcomes(self, folder, table=None, night=NIGHT, tests=None):
        """Outcome of every check of a folder (of one table, of some tests) by name."""
        by_table = {}
        for check in load_checks(self.profile, folder):
            if table in (None, check.table) and (tests is None or check.test in tests):
                by_table.setdefault(check.table, []).append(check)
        return {
            check.name: outcome
            for checks in by_table.values()
            for check, outcome in check_tables(self.lake, checks, night)
        }


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
