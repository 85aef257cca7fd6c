"""The audit of a sample, begun as soon as the night's clean log stands, in a process beside the one that builds it.

What belongs here: starting that process, what it does, and its answer. It needs nothing else of the night, and gives
way to it: other processes come first. A night costs less time than night and audit one after the other.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from recsys_assets.errors import RecsysError
from recsys_assets.nights import Night
from recsys_assets.profile import Profile
from recsys_jobs.audit.building import python_path
from recsys_jobs.audit.future import audit_sample
from recsys_jobs.audit.outcome import Audit, AuditFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NICENESS = 10
"""By how much it gives way to other processes."""
_OUTCOME = TypeAdapter(Audit)


class Ahead:
    """An audit that goes on in a process of its own, which ends with this one.

    Parameters
    ----------
    order
        Names of all assets, as `graph.asset_order` gives them.
    """

    def __init__(self, profile: Profile, night: Night, order: Sequence[str]) -> None:
        self.night = night
        self._output = TemporaryFile("w+")  # noqa: SIM115  `stop` closes it.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", "from recsys_jobs.audit.ahead import main; main()"],
            env=os.environ | {"PYTHONPATH": python_path()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
            text=True,
            start_new_session=True,
        )
        given = {"profile": profile.model_dump_json(), "data": str(profile.folder.parent), "night": str(night)}
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # What it died of, `result` tells.
            self._process.stdin.write(json.dumps(given | {"order": list(order)}) + "\n")
            self._process.stdin.flush()

    def result(self, tell: Callable[[str], object]) -> Audit:
        """Wait for the outcome.

        Raises
        ------
        AuditFailed
            When the night cannot be audited, or the process died.
        """
        assert self._process.stdout is not None
        answer: dict[str, str] = {}
        for line in self._process.stdout:
            if line.startswith("{"):
                answer = json.loads(line)
            else:
                tell(line.rstrip())
        code = self._process.wait()
        if "failed" in answer:
            raise AuditFailed(answer["failed"])
        if "audit" not in answer:
            self._output.seek(0)
            said = self._output.read()[-1000:]
            raise AuditFailed(f"The process that audits night {self.night} ended with code {code}: {said}")
        return _OUTCOME.validate_json(answer["audit"])

    def stop(self) -> None:
        """End it, with the processes it has started; once it has ended this does nothing."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for file in (self._process.stdin, self._process.stdout, self._output):
            with suppress(BrokenPipeError):
                if file is not None:
                    file.close()


def main() -> None:
    """Audit the night that the first line of the input names; progress, and at last the outcome, a line each."""
    told = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # What a library prints is no progress.
    os.nice(NICENESS)
    given = json.loads(_line(0))
    threading.Thread(target=_end_with_the_night, daemon=True).start()
    profile = Profile.model_validate_json(given["profile"]).inside(Path(given["data"]))
    night = Night.fromisoformat(given["night"])
    try:
        audit = audit_sample(profile, night, lambda text: told.write(f"{text}\n"), given["order"])
        answer = {"audit": _OUTCOME.dump_json(audit).decode()}
    except RecsysError as error:
        answer = {"failed": str(error)}
    told.write(f"{json.dumps(answer)}\n")
    told.flush()


def _line(file: int) -> str:
    """First line of a file, read without a look at what comes after it."""
    read = b""
    while not read.endswith(b"\n") and (more := os.read(file, 65_536)):
        read += more
    return read.decode()


def _end_with_the_night() -> None:
    """Wait until the other end of the input is gone, then end this process and those it has started."""
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)
