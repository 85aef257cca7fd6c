"""Building a night for the audit in a fresh process, which is confined before any of our code is imported.

What belongs here: starting such processes, and what one does. It runs the same steps as Dagster does, without it. All
that is imported above is the audit's own and Python's.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from uuid import NAMESPACE_OID, uuid5

from recsys_jobs.audit.conditions import environment, set_clock_ahead
from recsys_jobs.audit.confinement import SAYS, Confinement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PROJECT = Path(__file__).parents[2]
LIBRARIES = (
    *("duckdb", "implicit", "implicit.als", "implicit.nearest_neighbours", "lightgbm", "numba", "numpy", "pyarrow"),
    *("pyarrow.compute", "pyarrow.dataset", "pyarrow.parquet", "pydantic", "scipy.sparse", "sqlglot", "xxhash", "yaml"),
)
"""Imported before the process is confined: they find out about the machine by ways that are closed later."""


@dataclass(frozen=True)
class Build:
    """What one process builds."""

    folder: str
    """Data folder, which holds a folder of the profile's name."""
    profile: str
    """The profile as JSON."""
    profile_file: str
    """File that it was read from."""
    templates: list[str]
    """Files of its own words for reasons."""
    steps: list[tuple[str, list[str]]]
    """Nights, and the assets (``schema.table``) that are made of each, in order; of ``clean`` all or none."""
    data_endings: list[str]
    """Endings of files of data."""
    altered: bool
    """Whether clock and environment are others."""


@dataclass(frozen=True)
class Built:
    """What became of it."""

    problem: str
    """The step that failed and what it says, or what was opened besides; empty: all went well."""
    confined_by: str
    opened: bool = False
    """Whether the problem is that something was opened, connected to or started."""


class BuildDied(Exception):
    """A process that ended without an answer; the message is the last that it printed."""


class Builder:
    """A process that imports libraries at once, and builds when it is told what; a context manager.

    Parameters
    ----------
    folder
        Data folder that it builds in, all of which is open to it.
    profile_file
        File of the profile's settings.
    altered
        Whether clock and environment are others.
    libraries
        What it imports before it is confined.
    n_threads
        Threads that a step may use; None: as many as in this process.
    """

    def __init__(
        self,
        folder: Path,
        profile_file: Path,
        *,
        altered: bool,
        libraries: Sequence[str] = LIBRARIES,
        n_threads: int | None = None,
    ) -> None:
        given = os.environ | {"PYTHONPATH": python_path()}
        if n_threads:
            given |= dict.fromkeys(("RECSYS_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(n_threads))
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._output = (folder / "output.txt").open("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", "from recsys_jobs.audit.building import main; main()", *libraries],
            env=environment(given, folder, str(profile_file), altered=altered),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._output.close()

    def build(self, wanted: Build, tell: Callable[[str], object]) -> Built:
        """Let it build; once.

        Raises
        ------
        BuildDied
            When it ends without an answer: it was killed, or Python could not start.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        (self._folder / "build.json").write_text(json.dumps(asdict(wanted)))
        with suppress(BrokenPipeError):
            self._process.stdin.close()  # It waits for that.
        for line in self._process.stdout:
            tell(line.rstrip())
        code, answer = self._process.wait(), self._folder / "built.json"
        if not answer.exists():
            self._output.seek(0)
            raise BuildDied(f"The process that builds ended with code {code}: {self._output.read()[-1000:]}")
        return Built(**json.loads(answer.read_text()))


def python_path() -> str:
    """``PYTHONPATH`` of a process of ours: the project may lie in a folder that is on this process's path alone."""
    paths = [str(PROJECT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return os.pathsep.join(dict.fromkeys(str(Path(each).absolute()) for each in paths))


def main() -> None:
    """Build what the file ``build.json`` of this folder says, and leave the answer beside it."""
    told = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # What a library prints is no progress.
    platform.uname().processor  # noqa: B018  It runs a program, once; MLflow asks for it.
    for library in sys.argv[1:]:
        with suppress(ImportError):
            importlib.import_module(library)
    sys.stdin.read()
    given = Path("build.json")
    if not given.exists():  # Whoever started this has ended, or found a fault before.
        return
    wanted = Build(**json.loads(given.read_text()))
    ours = importlib.util.find_spec("recsys_assets")  # The folder it lies in cannot be listed later.
    assert ours is not None
    assert ours.loader is not None
    settings = [Path(file) for file in (wanted.profile_file, *wanted.templates)]
    confinement = Confinement(Path(wanted.folder), PROJECT, settings, wanted.data_endings)
    _bring_kernels()
    if wanted.altered:
        set_clock_ahead()
    confined_by = confinement.bind()
    sys.modules["recsys_assets"] = package = importlib.util.module_from_spec(ours)
    ours.loader.exec_module(package)
    problem = _run(wanted, confinement, told.write)
    if not problem and confinement.tried:
        problem = confinement.tried[0]
    answer = Built(problem, confined_by, SAYS in problem)
    Path("built.json").write_text(json.dumps(asdict(answer)))
    told.flush()
    os._exit(0)  # Nothing that was imported may hold the process up.


def _bring_kernels() -> None:
    """Copy what numba compiled of our kernels to where it looks for it here: their folder is closed to writing."""
    from numba.core.caching import UserProvidedCacheLocator

    kernels = PROJECT / "recsys_assets" / "kernels"
    subfolder = UserProvidedCacheLocator.get_suitable_cache_subpath(str(kernels / "best.py"))  # type: ignore[no-untyped-call]
    kept = Path(os.environ["NUMBA_CACHE_DIR"]) / subfolder
    kept.mkdir(parents=True, exist_ok=True)
    for file in (kernels / "__pycache__").glob("*.nb?"):
        shutil.copyfile(file, kept / file.name)


def _run(wanted: Build, confinement: Confinement, tell: Callable[[str], object]) -> str:
    """Build every night; the failed step and why, or nothing."""
    step = "importing the project"
    try:
        for night, names in wanted.steps:
            for step in _made(wanted, night, names):
                tell(f"night {night}: {step}\n")
    except Exception as error:
        said = confinement.denied(error) or _sentence(error)
        return f"{step}: {confinement.tried[0] if confinement.tried else said}"
    return ""


def _sentence(error: Exception) -> str:
    """What an error says, with its class where it is not an expected one, and the place it comes from."""
    import traceback

    from recsys_assets.errors import RecsysError

    if isinstance(error, RecsysError):
        return str(error)
    at = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(at.filename).name}, line {at.lineno})"


def _made(wanted: Build, night: str, names: list[str]) -> Any:
    """Make the assets of a night, and name each before it is made."""
    from recsys_assets.assets.clean_log import write_log
    from recsys_assets.assets.making import opened, save
    from recsys_assets.assets.steps import all_steps
    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

    profile = Profile.model_validate_json(wanted.profile).inside(Path(wanted.folder))
    of, run_id = Night.fromisoformat(night), str(uuid5(NAMESPACE_OID, night))  # Releases tell it: the same everywhere.
    steps = {step.name: step for step in all_steps(profile)}
    if any(name.startswith("clean.") for name in names):
        yield "clean"
        for _ in write_log(profile, of, run_id, print):
            pass
    for name in names:
        if name in steps:
            yield name
            step = steps[name]
            with opened(profile, step, of, run_id) as snapshot:
                if step.prepare is not None:
                    step.prepare(snapshot)
                save(snapshot, step, step.make(snapshot), version="")  # Which code made it, nobody asks here.
