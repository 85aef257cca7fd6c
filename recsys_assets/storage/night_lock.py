"""One night of a profile at a time: who builds one keeps all others waiting.

A night reads what earlier ones wrote. One that were built beside the night it grades would find half of it, and grade
lists as rebuilt that were never published.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from recsys_assets.storage.private import private_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from recsys_assets.profile import Profile


@contextmanager
def building(profile: Profile, what: str, tell: Callable[[str], object]) -> Iterator[None]:
    """Hold the profile's nights to this process while the block runs; within a process it may be nested.

    Parameters
    ----------
    what
        What is built, for those who wait.
    tell
        Hears what is waited for, once, if another process builds a night.
    """
    folder = profile.folder / "lake"
    private_folder(folder)
    owner = folder / ".building"
    lock = FileLock(folder / ".building.lock", thread_local=False, is_singleton=True)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        tell(f"waiting until {owner.read_text() if owner.exists() else 'another night'} is built")
        lock.acquire()
    try:
        owner.write_text(f"{what} (process {os.getpid()})")
        yield
    finally:
        lock.release()
