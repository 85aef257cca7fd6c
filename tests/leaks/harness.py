"""Planting a leak: a copy of the project, edited as a colleague would, builds a night on a copy of a deployment.

What belongs here: the edit, the commands that are run with it, and who stopped them. The deployment has been built
beyond the night that is tried, so that every stage of the lake has a future, and then rolled back: what the readers see
is the release of an earlier night, and must stay it.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from recsys_assets.profile import PROJECT
from tests.helpers.sample import SWITCHES
from tests.leaks import shop

CODE = ("recsys_assets", "recsys_jobs", "sql", "dbt_like_checks", "data/profiles", "deploy", "pyproject.toml")
NIGHT, NEVER_BUILT = "2017-10-31", "2017-11-01"
BUILT = ("2017-10-25", "2017-10-28", NIGHT, "2017-11-03")
SERVED = "2017-10-28"
"""Night whose release is the published one."""
RUNS = """
import os, shlex, sys
from recsys_jobs.cli import app
for line in sys.argv[1:]:
    print("$ recsys", line, flush=True)
    command, *arguments = shlex.split(line)
    if command == "export":
        os.environ[arguments[0]] = arguments[1]
        continue
    try:
        app([command, *arguments])
    except SystemExit as ended:  # As on the command line, where an expected error is a sentence.
        if ended.code:
            raise
"""
CatchBy = Literal["construction", "check", "audit", "confinement", "full audit"]


@dataclass(frozen=True)
class Edit:
    """A text of a project's file and what stands there instead; a file that is not there is new."""

    file: str
    old: str
    new: str


AUDITED = Edit("data/profiles/corner_shop.toml", 'audit = "off"\n', "")
"""A night that is tried is audited before it is published, as every night is; those of the base need not be."""


@dataclass(frozen=True)
class Leak:
    """One planted leak."""

    name: str
    """What was done, as people read it in the table."""
    edits: tuple[Edit, ...]
    by: CatchBy
    """What stops it."""
    says: str
    """The name by which it is stopped: a regular expression that the message of the failed command matches."""
    commands: tuple[str, ...] = (f"night {NIGHT}",)
    """What is run with the edit, until one fails; `export NAME VALUE` sets a variable for those that follow."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Files that lie in the deployment's data folder, by path."""
    copies: Mapping[str, str] = field(default_factory=dict)
    """Files or folders of the deployment, by the pattern of their path, and where each is copied to; a star there
    stands for its name behind the number."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables of the edited project's process."""
    empty: bool = False
    """Whether the deployment starts empty, because the leak is in landing: the edited project lands the files."""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Outcome:
    """What became of the commands."""

    failed: str
    """The command that failed; empty: none did."""
    output: str
    """All that was printed."""
    published: str
    """Release that readers see, empty when there is none."""

    @property
    def message(self) -> str:
        """What the last command printed, on one line."""
        return " ".join(self.output.rpartition("$ recsys ")[2].split())

    @property
    def by(self) -> str:
        """What stopped the commands."""
        if not self.failed:
            return "nothing"
        if "Traceback (most recent call last)" in self.message:
            return "a crash"
        if self.failed.startswith("audit") or "failed in audits__future" in self.message:
            by_whom = "full audit" if self.failed.startswith("audit") else "audit"
            return "confinement" if "comes from its snapshot" in self.message else by_whom
        # A snapshot refuses to open for a check's step as for any other.
        return "check" if re.search(r"failed in \w+__checks\w*: (?!snapshot, night)", self.message) else "construction"


@dataclass(frozen=True)
class Deployment:
    """A data folder, and the copy of the project that works on it."""

    data: Path
    project: Path
    profile: str = "corner_shop"

    @property
    def link(self) -> Path:
        """Link to the published release."""
        return self.data / self.profile / "recsys.duckdb"

    def published(self) -> str:
        """Name of the published release, empty when there is none."""
        return self.link.readlink().parent.name if self.link.is_symlink() else ""

    def run(self, *commands: str, environment: Mapping[str, str] | None = None, files: Path | None = None) -> Outcome:
        """Run commands of `recsys` in one process, until one fails; ``files`` is the folder that they name files in."""
        kept = {name: value for name, value in os.environ.items() if name not in SWITCHES}
        ours = {
            "RECSYS_DATA": str(self.data),
            "RECSYS_PROFILE": self.profile,
            "DAGSTER_HOME": str(self.data / ".dagster"),
            "PYTHONPATH": str(self.project),
            "RECSYS_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "300",
        }
        done = subprocess.run(
            [sys.executable, "-c", RUNS, *commands],
            env=kept | ours | (environment or {}),
            cwd=files or self.data,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=3_600,
            check=False,
        )
        begun = re.findall(r"^\$ recsys (.*)$", done.stdout, re.MULTILINE)
        return Outcome(begun[-1] if done.returncode else "", done.stdout, self.published())


def copy_project(folder: Path) -> Path:
    """The project's code, with the corner shop among its sources and profiles."""
    for name in CODE:
        given, copy = PROJECT / name, folder / name
        if given.is_dir():
            shutil.copytree(given, copy)
        else:
            shutil.copy(given, copy)
    source = folder / "sql" / "sources" / "corner_shop"
    source.mkdir()
    for file in (Path(__file__).parent / "corner_shop").iterdir():
        shutil.copy(file, source if file.suffix == ".sql" else folder / "data" / "profiles")
    return folder


def edit_project(folder: Path, edits: tuple[Edit, ...]) -> None:
    """Apply edits.

    Raises
    ------
    LookupError
        When a file does not hold an edit's text exactly once: the project has changed, so must the leak.
    """
    for edit in edits:
        path = folder / edit.file
        text = path.read_text() if path.exists() else ""
        if path.exists() and text.count(edit.old) != 1:
            raise LookupError(f"{edit.file} holds {text.count(edit.old)} times: {edit.old}")
        path.write_text(text.replace(edit.old, edit.new) if text else edit.new)


def make_base(folder: Path, files: Path) -> Deployment:
    """A deployment built beyond the night that is tried, and rolled back."""
    base = Deployment(folder / "data", copy_project(folder / "project"))
    base.data.mkdir()
    done = base.run(*shop.LAND, *(f"night {night}" for night in BUILT), files=files)
    assert not done.failed, done.output
    (release,) = (path.name for path in (base.data / "corner_shop" / "releases").glob(f"{SERVED}-*"))
    done = base.run(f"rollback --to {release}")
    assert done.published == release, done.output
    return base


def plant(leak: Leak, base: Deployment | None, files: Path, folder: Path) -> Outcome:
    """Run a leak's commands with its edit in a new folder, on a copy of the deployment or on an empty one (None)."""
    folder.mkdir(exist_ok=True)
    tried = Deployment(folder / "data", copy_project(folder / "project"))
    if base is None:
        tried.data.mkdir()
    else:
        shutil.copytree(base.data, tried.data, symlinks=True, copy_function=_link_or_copy)
    for name, text in leak.files.items():
        (tried.data / name).parent.mkdir(parents=True, exist_ok=True)
        (tried.data / name).write_text(text)
    for pattern, place in leak.copies.items():
        (source,) = tried.link.parent.glob(pattern)
        target = tried.link.parent / place.replace("*", source.name[6:])
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    edit_project(tried.project, (AUDITED, *leak.edits))
    return tried.run(*leak.commands, environment=leak.environment, files=files)


def _link_or_copy(source: str, target: str) -> None:
    """Files that never change are linked."""
    if source.endswith(".parquet") or "/models/" in source:
        os.link(source, target)
    else:
        shutil.copy2(source, target)
