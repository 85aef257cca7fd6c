"""`make venv` with and without a C compiler."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.committed import PROJECT


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A checkout whose environment has the locked packages, and LightFM not yet."""
    for path in (PROJECT / "Makefile", PROJECT / "pyproject.toml", *PROJECT.glob("requirements*.lock")):
        shutil.copy(path, tmp_path)
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(sys.executable)
    (tmp_path / ".venv" / ".installed").touch()
    return tmp_path


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # The make that runs the tests leaves its own flags in the environment.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_without_a_compiler_venv_leaves_lightfm_out_and_says_so(installed: Path) -> None:
    run = make(installed, "venv", "CC=no-such-compiler")
    assert run.returncode == 0, run.stderr
    assert "LightFM is not installed: it needs a C compiler" in run.stdout
    assert "apt install gcc libc6-dev python3-dev" in run.stdout


def test_without_a_compiler_venv_dev_stops_and_says_why(installed: Path) -> None:
    run = make(installed, "venv-dev", "CC=no-such-compiler")
    assert run.returncode != 0
    assert "LightFM is not installed: it needs a C compiler" in run.stderr
    assert not (installed / ".venv" / ".installed-dev").exists()


@pytest.mark.parametrize("goal", ["venv", "venv-dev"])
def test_with_one_lightfm_is_compiled_as_locked_and_for_any_processor(installed: Path, goal: str) -> None:
    (line,) = [line for line in make(installed, "-n", goal).stdout.splitlines() if "requirements-lightfm.lock" in line]
    assert "LIGHTFM_NO_CFLAGS=1" in line
    for option in ("--require-hashes", "--no-deps", "--no-binary :all:", "--no-build-isolation", "--no-cache-dir"):
        assert option in line
