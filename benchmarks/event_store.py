"""What our store of Dagster's events saves: a night with it and with Dagster's own, in turn."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.timing import compare

if TYPE_CHECKING:
    from collections.abc import Iterator

CLI = "from recsys_jobs.cli import app; app()"
N_PAIRS = 3


def run() -> Iterator[str]:
    """Land the default data, build its first demo night, then build that night again and again with either store."""
    from recsys_assets.profile import PROJECT
    from recsys_assets.profile_file import load_profile

    with tempfile.TemporaryDirectory() as folder:
        settings = (PROJECT / "deploy" / "dagster.yaml").read_text()
        before, _, rest = settings.partition("storage:\n")
        plain = before + rest[rest.index("\ntelemetry:") + 1 :]
        homes = {name: Path(folder, name) for name in ("ours", "plain")}
        for home, text in zip(homes.values(), (settings, plain), strict=True):
            home.mkdir()
            (home / "dagster.yaml").write_text(text)
        night = str(load_profile().demo_nights[0])
        _recsys(folder, homes["ours"], "land", "--history")
        with_ours, with_plain = (partial(_recsys, folder, home, "night", night) for home in homes.values())
        yield compare(("a night with our store", "with Dagster's"), with_ours, with_plain, N_PAIRS)


def _recsys(data: str, home: Path, *arguments: str) -> None:
    """Run a command in a process of its own, as people do."""
    environment = os.environ | {"RECSYS_DATA": data, "DAGSTER_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", CLI, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
