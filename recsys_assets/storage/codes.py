"""What stands behind the code versions that files note: ``data/<profile>/code/<version>.json``, one file a version."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

from recsys_assets.storage import atomic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from recsys_assets.profile import Profile


def write_code(profile: Profile, version: str, code: Mapping[str, str]) -> None:
    """Keep the hash of each file, and the version of each library, behind a code version; once."""
    path = _path(profile, version)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.tmp")
        temporary.write_text(json.dumps(dict(code), indent=1) + "\n")
        atomic.sync(temporary)
        atomic.rename(temporary, path)


def read_code(profile: Profile, version: str) -> dict[str, str]:
    """What `write_code` kept; empty where nothing was."""
    path = _path(profile, version)
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _path(profile: Profile, version: str) -> Path:
    return profile.folder / "code" / f"{version}.json"
