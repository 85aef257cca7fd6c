"""The publication history of a profile's releases: one JSON object a line, oldest first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from recsys_assets.storage import atomic
from recsys_assets.storage.private import OWN_FILE
from recsys_assets.storage.release.file import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Publication", "read_history", "write_history"]


@dataclass(frozen=True)
class Publication:
    """One entry of the history: from `at` (UTC) on, readers saw the release `<night>-<id>` named `name`."""

    at: datetime
    name: str
    action: Literal["publish", "rollback"]


def read_history(file: Path) -> list[Publication]:
    """Read the history.

    Parameters
    ----------
    file : Path
        A file that `write_history` wrote; need not exist.

    Returns
    -------
    list[Publication]
        Oldest first; a torn last line is left out.

    Raises
    ------
    ReleaseError
        If a line before the last cannot be read.
    """
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
    entries = []
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            at = datetime.fromisoformat(entry["at"])
            entries.append(Publication(at, f"{entry['night']}-{entry['id']}", entry["action"]))
        except (ValueError, KeyError, TypeError) as error:
            if number < len(lines):
                raise ReleaseError(
                    f"Line {number} of {file} cannot be read ({error}): mend or delete it and try again."
                ) from error
    return entries


def write_history(file: Path, entries: Sequence[Publication]) -> None:
    """Replace the history file as a whole, so that a crash leaves the old one or the new one.

    Parameters
    ----------
    file : Path
        The file to replace.
    entries : Sequence[Publication]
        All of them, oldest first.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    temporary = file.with_name(f".tmp-{file.name}")
    temporary.touch(mode=OWN_FILE)
    with temporary.open("w", encoding="utf-8") as out:
        for entry in entries:
            night, release_id = entry.name[:10], entry.name[11:]
            line = {"at": entry.at.isoformat(), "night": night, "id": release_id, "action": entry.action}
            out.write(json.dumps(line) + "\n")
    atomic.sync(temporary)
    atomic.rename(temporary, file)
