"""Files of studies of settings: ``data/<profile>/tuning/night=<N>/``, a journal and a picture of each.

What belongs here: where they lie, the picture, and what a killed process left of a journal. Optuna writes the journals.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from recsys_assets.storage.atomic import rename
from recsys_assets.storage.private import private_folder

if TYPE_CHECKING:
    from pathlib import Path

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile


def studies_folder(profile: Profile, night: Night) -> Path:
    """Folder of the studies of a night; it need not exist."""
    return profile.folder / "tuning" / f"night={night}"


def keep_picture(profile: Profile, night: Night, algorithm: str, png: bytes) -> None:
    """Keep the picture of an algorithm's trials in place of an earlier one; atomic."""
    folder = private_folder(studies_folder(profile, night))
    new = folder / f".tmp-{algorithm}.png"
    new.write_bytes(png)
    rename(new, folder / f"{algorithm}.png")


def cut_torn_line(journal: Path) -> None:
    """Cut off a last line that a killed process began and did not end: Optuna would take the next one for its rest."""
    if not journal.exists():
        return
    with journal.open("r+b") as file:
        end = file.seek(0, os.SEEK_END)
        whole = file.seek(0) or file.read().rfind(b"\n") + 1
        if whole < end:
            file.truncate(whole)
