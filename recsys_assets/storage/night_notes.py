"""Notes on how a night was made, told as it is made and read by its release: what steps cost, what checks found.

What belongs here: one file a night and kind, ``<kind>/<night>.jsonl``, a line a note. They are no part of the lake:
what they say may be another thing at every run, and no list rests on it. An audit's builds neither note nor see any.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from recsys_assets.storage.private import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile


def note(profile: Profile, night: Night, kind: str, lines: Iterable[Mapping[str, Any]]) -> None:
    """Add notes to a night's file; any number of steps may do so at once."""
    text = "".join(f"\n{json.dumps(line)}" for line in lines)
    file = _file(profile, night, kind)
    private_folder(file.parent)
    # Steps run beside one another: what is appended by one call stays together. The break comes first, so that a line
    # that a crash cut short takes no other with it.
    opened = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(opened, text.encode())
    finally:
        os.close(opened)


def notes(profile: Profile, night: Night, kind: str, key: tuple[str, ...]) -> list[dict[str, Any]]:
    """The last note of each key, in the order in which they were first noted; what a crash cut short is left out."""
    by_key: dict[tuple[Any, ...], dict[str, Any]] = {}
    file = _file(profile, night, kind)
    for line in file.read_text(errors="replace").splitlines() if file.exists() else []:
        try:
            told = json.loads(line)
        except json.JSONDecodeError:
            continue
        by_key[tuple(told[name] for name in key)] = told
    return list(by_key.values())


def _file(profile: Profile, night: Night, kind: str) -> Path:
    return profile.folder / kind / f"{night}.jsonl"
