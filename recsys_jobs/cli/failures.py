"""How a command ends that does not end well: a mistake in its use, an expected failure, or a fault of ours.

What belongs here: exit codes. 1: an expected failure (`RecsysError`), one sentence that says what to do. 2: wrong
usage. 70: anything else, which is a fault of ours (or of code that was added): one line, and the traceback in a log.
"""

from __future__ import annotations

import os
import platform
import shlex
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer import Abort
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.rich_utils import rich_format_error

from recsys_assets.errors import RecsysError, disk_error
from recsys_assets.profile import data_folder
from recsys_assets.visible import blotted, visible
from recsys_jobs.cli.console import Console

if TYPE_CHECKING:
    from collections.abc import Sequence

EXPECTED, FAULT = 1, 70
"""Exit codes; 70 is EX_SOFTWARE of sysexits.h."""


class Commands(TyperGroup):
    """All commands of ``recsys``; every one of them ends through here, so none can forget it."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and, unless it is part of another program, end the process with its exit code."""
        run = partial(super().main, args, prog_name, complete_var, False, windows_expand_args, **extra)
        if not standalone_mode:
            return run()
        given = sys.argv[1:] if args is None else list(args)
        try:
            code = run()
        except TyperException as error:
            error.message = visible(error.message)
            rich_format_error(error)  # type: ignore[arg-type]  # It takes all that a command line raises.
            code = error.exit_code
        except Abort:
            Console(stderr=True).print("Aborted.", style="red")
            code = EXPECTED
        except BrokenPipeError:
            # Whoever read our output (head, less) has seen enough. Python would complain once more when it ends.
            sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115
            code = EXPECTED
        except Exception as error:  # The one place that catches all.
            code = _told(error, given)
        sys.exit(code or 0)


def _told(error: Exception, arguments: list[str]) -> int:
    """Say what happened; returns the exit code."""
    console = Console(stderr=True)
    expected = error if isinstance(error, RecsysError) else disk_error(error)
    if expected:
        console.print_lines(str(expected), style="red")
        return EXPECTED
    said = blotted(f"{type(error).__name__}: {str(error).strip()}".split("\n")[0])
    console.print(
        f"recsys failed, and that is a fault of recsys or of code added to it, not of what you typed: {said} "
        f"The traceback is in {_logged(error, arguments)}; please report it with that file.",
        style="red",
        soft_wrap=True,
    )
    return FAULT


def _logged(error: Exception, arguments: list[str]) -> Path:
    """Write the traceback down where it can be; returns the file."""
    now = datetime.now(UTC)
    try:
        release = version("recsys")
    except PackageNotFoundError:
        release = "not installed"
    text = "\n".join(
        [
            f"recsys {shlex.join(arguments)}",
            f"{now:%Y-%m-%d %H:%M:%S} UTC, recsys {release}, Python {platform.python_version()}, {platform.platform()}",
            "",
            *traceback.format_exception(error),
        ]
    )
    name = f"recsys-{now:%Y%m%dT%H%M%S}-{os.getpid()}.log"
    for folder in (data_folder() / "logs", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            log = folder / name
            log.touch(0o600)  # A traceback may hold delivered values: nobody else reads it.
            log.write_text(blotted(text), encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        return log
    return Path("(nowhere: no folder can be written)")
