"""How commands end that do not end well: an expected failure, a fault of ours, a reader that has gone."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from dagster import DagsterInstance, job, op

from recsys_assets.errors import RecsysError
from recsys_assets.storage.release.releases import ReleaseError
from recsys_jobs.run import failure_of
from tests.helpers.project import copy_project

COMMAND = """
import typer

from recsys_assets.errors import RecsysError


def boom(ctx: typer.Context, kind: str) -> None:
    "Fail."
    if kind == "expected":
        raise RecsysError("The [/] file \\x1b[31m is not there. Bring it.")
    if kind == "interrupt":
        raise KeyboardInterrupt
    if kind == "flood":
        for _ in range(100_000):
            typer.echo("a line")
    raise KeyError("secret [/] \\x1b[31m")
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project with a command that fails."""
    folder = copy_project(tmp_path_factory.mktemp("failures") / "project")
    (folder / "recsys_jobs" / "cli" / "boom.py").write_text(COMMAND)
    return folder


def boom(project, data, *arguments, pipe=""):
    code = "from recsys_jobs.cli import app; app()"
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(project), "RECSYS_DATA": str(data)}
    if pipe:
        line = f"{sys.executable} -c '{code}' boom {' '.join(arguments)} | {pipe}"
        words = ["bash", "-o", "pipefail", "-c", line]
    else:
        words = [sys.executable, "-c", code, "boom", *arguments]
    return subprocess.run(words, cwd=project, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_an_expected_failure_is_its_sentence(project, tmp_path):
    done = boom(project, tmp_path, "expected")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The [/] file \\x1b[31m is not there. Bring it.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_fault_is_one_line_with_the_path_of_its_traceback(project, tmp_path):
    done = boom(project, tmp_path / "data", "bug")
    assert (done.returncode, done.stdout) == (70, "")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
    assert "KeyError: 'secret [/] \\x1b[31m'" in done.stderr
    log = Path(re.search(r"The traceback is in (\S+\.log)", done.stderr)[1])
    assert log.parent == tmp_path / "data" / "logs"
    assert log.stat().st_mode & 0o777 == 0o600
    content = log.read_text()
    assert content.startswith("recsys boom bug\n")
    assert "Traceback (most recent call last)" in content
    assert "boom.py" in content


def test_where_no_log_can_be_written_in_the_data_folder_it_is_elsewhere(project, tmp_path):
    (tmp_path / "file").touch()
    done = boom(project, tmp_path / "file" / "data", "bug")
    assert done.returncode == 70
    log = Path(re.search(r"The traceback is in (\S+\.log)", done.stderr)[1])
    assert "boom.py" in log.read_text()
    log.unlink()


def test_an_interrupt_and_a_reader_that_has_gone_are_no_faults(project, tmp_path):
    done = boom(project, tmp_path, "interrupt")
    assert (done.returncode, done.stderr) == (130, "")
    done = boom(project, tmp_path, "flood", pipe="head -n 1")
    assert (done.stdout, done.stderr) == ("a line\n", "")
    assert list(tmp_path.iterdir()) == []


def failed(error, cause=None):
    """What is told of a run whose step raises an error."""

    @op
    def step() -> None:
        raise error from cause

    @job
    def run() -> None:
        step()

    with DagsterInstance.ephemeral() as instance:
        return failure_of(run.execute_in_process(instance=instance, raise_on_error=False))


def test_a_step_is_told_by_its_outermost_expected_error():
    failure = failed(ReleaseError("The release is broken. Build it again."), KeyError("inner"))
    assert failure.sentence == "step: The release is broken. Build it again."
    assert failure.crash is None
    assert failed(RecsysError("Mend it.")).sentence == "step: Mend it."


def test_a_step_that_met_a_full_disk_says_so():
    failure = failed(RuntimeError("writing"), OSError(28, "No space left on device"))
    assert failure.sentence.startswith("step: The disk is full: [Errno 28] No space left on device. Free some space")
    assert failure.crash is None


def test_a_step_with_a_fault_keeps_its_traceback():
    failure = failed(KeyError("what"))
    assert failure.sentence == "step: KeyError: 'what'"
    assert "test_failures.py" in failure.crash
