"""Sentences that were paid for, kept across nights: ``data/<profile>/sentences/<hash>.json``, one file a sentence.

What belongs here: reading and writing them. A sentence is a function of its evidence alone, by whose hash it is kept,
so any night may use what another had made; what was refused is kept, too, and not asked for again.
"""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, TypedDict

from recsys_assets.storage import atomic
from recsys_assets.storage.private import private_folder

if TYPE_CHECKING:
    from pathlib import Path

    from recsys_assets.profile import Profile


class Kept(TypedDict):
    """What is kept of a sentence."""

    blurb: str | None
    explanation: str | None
    refused_because: str | None


def read_sentence(profile: Profile, name: str) -> Kept | None:
    """What is kept under a hash; None: nothing, or nothing whole."""
    try:
        told = json.loads(_path(profile, name).read_text(encoding="utf-8"))
        return Kept(blurb=told["blurb"], explanation=told["explanation"], refused_because=told["refused_because"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_sentence(profile: Profile, name: str, kept: Kept) -> None:
    """Keep a sentence; atomic."""
    path = _path(profile, name)
    private_folder(path.parent)
    temporary = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.tmp")
    temporary.write_text(json.dumps(kept, ensure_ascii=False) + "\n", encoding="utf-8")
    atomic.sync(temporary)
    atomic.rename(temporary, path)


def _path(profile: Profile, name: str) -> Path:
    return profile.folder / "sentences" / name[:2] / f"{name}.json"
