"""The files of the project as git sees them, for tests about the text itself."""

import subprocess
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def committed(*patterns: str) -> list[Path]:
    """Return the files that `git add` would take or has taken and that match a pattern, if any is given."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [path for name in listed.split("\0") if name and (path := PROJECT / name).is_file()]
