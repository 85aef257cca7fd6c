"""A copy of the project in a folder of its own, and commands that are run in it, where `recsys` is the copy's own."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.helpers.committed import PROJECT, committed

SCRIPT = """
import os, shlex, subprocess, sys
from recsys_jobs.cli import app
for line in sys.argv[1].splitlines():
    words = [os.path.expanduser(word) for word in shlex.split(line, comments=True)]
    if words[:1] == ["recsys"]:
        if app(words[1:], standalone_mode=False):
            sys.exit(f"failed: {line}")
    elif words[:1] == ["export"]:
        name, _, value = words[1].partition("=")
        os.environ[name] = value
    else:
        sys.stdout.flush()
        subprocess.run(line, shell=True, check=True)
"""


def copy_project(folder: Path) -> Path:
    """The project as git sees it, without documents and data."""
    kept = ("recsys_assets/*", "recsys_jobs/*", "sql/*", "dbt_like_checks/*", "data/profiles/*", "deploy/*", "tests/*")
    for path in committed(*kept, "pyproject.toml", "workspace.yaml", ".env"):
        target = folder / path.relative_to(PROJECT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    compiled = Path("recsys_assets/kernels/__pycache__")  # Compiling them anew takes longer than most tests.
    (folder / compiled).mkdir()
    for file in (PROJECT / compiled).glob("*.nb?"):
        shutil.copy(file, folder / compiled)
    return folder


def run(project: Path, *command: str, **environment: str) -> str:
    """Output of a command run in a copy of the project; it must succeed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RECSYS_", "DAGSTER_"))}
    kept |= {"PYTHONPATH": str(project), "COLUMNS": "118"}
    done = subprocess.run(
        command, cwd=project, env=kept | environment, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)[:500]}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def run_script(project: Path, script: str, **environment: str) -> str:
    """Output of lines of shell, one command a line; those of `recsys` share a process, so all is imported once."""
    return run(project, sys.executable, "-c", SCRIPT, script, **environment)


def recsys(project: Path, *arguments: object, **environment: str) -> str:
    """Output of one command of `recsys`."""
    return run_script(project, shlex.join(["recsys", *map(str, arguments)]), **environment)
