"""Who may read what a deployment produces: its owner alone, and a group that the environment lets read the releases.

What people bought is personal data, so folders are 0700 and files 0600 (0400 where they never change), whatever the
umask: entry points set one of 077 (`recsys_jobs`), and the deployment's own folder is kept closed here, which shields
all that lies in it. ``RECSYS_RELEASE_GROUP`` names a group that may pass through that folder (0710) and read the
releases (folders 0550, files 0440), and nothing else.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from stat import S_IMODE

from recsys_assets.errors import RecsysError

OWN_FOLDER, OWN_FILE, OWN_SEALED_FILE = 0o700, 0o600, 0o400
OPEN_OR_NOT_AS_FOUND = frozenset({"inbox", "releases"})
"""Inside a deployment's folder, what may be open to others: who delivers files may not be who reads them."""
ROOT_WARNING = (
    "This runs as root, whom no permission keeps from changing a published release or a finished night: a client that "
    "opens a release without read_only=True could write into it. Run as a user of its own; see docs/operating.md."
)


class AccessError(RecsysError):
    """A group that cannot be given the right to read; says what to do."""


def private_folder(path: Path) -> Path:
    """Make a folder, and those above it that are missing, for its owner alone; one that is there stays as it is."""
    if not path.is_dir():
        private_folder(path.parent)
        path.mkdir(mode=OWN_FOLDER, exist_ok=True)
    return path


def keep_closed(folder: Path, *, has_releases: bool = True) -> None:
    """Make a deployment's folder, or close one that earlier versions left open to others, and say so.

    What belongs to somebody else stays as it is, and is named.

    Parameters
    ----------
    has_releases
        Whether a group that reads releases may pass through it. What lies directly in it is closed then, too.

    Raises
    ------
    AccessError
        When ``RECSYS_RELEASE_GROUP`` is no group, or not one of this user's.
    """
    private_folder(folder)
    group = reader_group() if has_releases else None
    if S_IMODE(folder.stat().st_mode) & 0o077 & ~(0o010 if group is not None else 0):
        _close(folder, OWN_FOLDER)
    if group is not None:
        for path in folder.iterdir():
            wide = not path.is_symlink() and path.stat().st_mode & 0o077
            if wide and path.name not in OPEN_OR_NOT_AS_FOUND:
                _close(path, OWN_FOLDER if path.is_dir() else OWN_FILE)
        let_read(folder, 0o710)


def let_read(path: Path, mode: int) -> None:
    """Give a folder or a file of the releases its mode; the group's bits count where a group may read releases.

    Parameters
    ----------
    mode
        Such as 0o440: owner's and group's bits. Without a group the owner's alone are set.

    Raises
    ------
    AccessError
        When ``RECSYS_RELEASE_GROUP`` is no group, or not one of this user's.
    """
    group = reader_group()
    if group is None:
        path.chmod(mode & 0o700)
        return
    try:
        if path.stat().st_gid != group:
            os.chown(path, -1, group)
    except PermissionError as error:
        raise AccessError(
            f"{path} cannot be given to the group {os.environ['RECSYS_RELEASE_GROUP']} (RECSYS_RELEASE_GROUP): whoever "
            "runs this is not a member of it. Make it one (usermod -aG), and start the services again."
        ) from error
    path.chmod(mode)


def reader_group() -> int | None:
    """Number of the group that may read releases: ``RECSYS_RELEASE_GROUP``, by its name or number; None: nobody.

    Raises
    ------
    AccessError
        When there is no such group.
    """
    name = os.environ.get("RECSYS_RELEASE_GROUP")
    if not name:
        return None
    import grp  # There are no groups on Windows.

    try:
        return int(name) if name.isdigit() else grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise AccessError(
            f"RECSYS_RELEASE_GROUP names {name}, which is no group of this machine. Make it (groupadd {name}), or name "
            "another."
        ) from error


def runs_as_root() -> bool:
    """Whether no permission holds for this process."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _close(path: Path, mode: int) -> None:
    before, log = S_IMODE(path.stat().st_mode), logging.getLogger(__name__)
    try:
        path.chmod(mode)
    except PermissionError:
        log.warning("%s is open to others (mode %03o) and belongs to somebody else: chmod go= %s", path, before, path)
        return
    log.warning(
        "%s was open to others (mode %03o) and is closed now (%03o): what people bought is personal. "
        "RECSYS_RELEASE_GROUP opens the releases to a group.",
        path,
        before,
        mode,
    )
