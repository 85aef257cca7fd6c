"""Deployments of ours for benchmarks: a copy of the project in a folder, its data, and nights built by processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

CODE = ("recsys_assets", "recsys_jobs", "sql", "dbt_like_checks", "deploy", "data/profiles", "benchmarks")
CLI = "from recsys_jobs.cli import app; app()"


@dataclass(frozen=True)
class Deployment:
    """A profile with its data and its copy of the project, in a folder of its own."""

    folder: Path
    profile: str
    file: Path | None = None
    """What is landed as history; None: the profile's own deliveries."""

    def make(self, algorithms: str = "") -> Deployment:
        """Copy the project; of a file have `recsys init` write source and profile, with other algorithms if given."""
        from recsys_assets.profile import PROJECT

        for part in CODE:
            shutil.copytree(PROJECT / part, self.folder / "project" / part)
        (self.folder / "data").mkdir()
        if self.file is not None:
            self.run("-c", CLI, "init", self.profile, "--file", str(self.file))
            text = self.profile_file.read_text()
            if algorithms:
                text = text[: text.index("# Algorithms")] + algorithms
            self.profile_file.write_text(text)
        return self

    @property
    def profile_file(self) -> Path:
        """The profile in the project's copy."""
        return self.folder / "project" / "data" / "profiles" / f"{self.profile}.toml"

    def build(self, *nights: date, lands: bool = False) -> list[dict[str, Any]]:
        """Build nights in a process of their own; what each cost, as `rivals.nights` tells it."""
        given = str(self.file) if self.file is not None else "own"
        told = self.run("-m", "benchmarks.rivals.nights", given if lands else "none", *(n.isoformat() for n in nights))
        return [json.loads(line) for line in told.splitlines() if line.startswith("{")]

    def twin(self, folder: Path) -> Deployment:
        """The same with data of its own: what never changes is linked, the rest copied."""
        shutil.copytree(self.folder, folder, symlinks=True, copy_function=_link_or_copy)
        return Deployment(folder, self.profile, self.file)

    def run(self, *arguments: str) -> str:
        """What Python prints when it is given these arguments in the project's copy.

        Raises
        ------
        SystemExit
            With the end of what it printed, when it fails.
        """
        # Where Python may not keep what it compiled, each process compiles the copy again.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | {
            "RECSYS_DATA": str(self.folder / "data"),
            "RECSYS_PROFILE": self.profile,
            "DAGSTER_HOME": str(self.folder / ".dagster"),
            "PYTHONPATH": str(self.folder / "project"),
        }
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder / "project",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")
        return done.stdout


def _link_or_copy(source: str, target: str) -> None:
    if source.endswith(".parquet") or "/models/" in source:
        os.link(source, target)
    else:
        shutil.copy2(source, target)
