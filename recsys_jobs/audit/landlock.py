"""Landlock: the kernel lets this thread, and whatever it starts from now on, open nothing but what was named.

What belongs here: the three calls of the kernel, Linux 5.13 and later (Landlock, Salaün 2021). No root is needed, and
nothing takes it back. Threads that exist already are not bound. Nothing of ours is imported here.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""Numbers of the calls, the same on every processor."""
_VERSION = 1
"""Flag of ``create_ruleset`` that asks for the version alone."""
_NO_NEW_PRIVILEGES = 38
_PATH_BENEATH = 1
_EXECUTE, _WRITE, _READ, _READ_DIR, _IOCTL = 1, 1 << 1, 1 << 2, 1 << 3, 1 << 15
_OF_FILES = _EXECUTE | _WRITE | _READ | 1 << 14 | _IOCTL
"""Rights that a file can have; the others are of folders."""
_RIGHTS = (13, 14, 15, 15, 16)
"""How many rights versions 1 to 5 of Landlock know."""
_TCP = 0b11
"""To listen, and to connect."""
_SOCKETS = 1
"""To reach sockets that have a name and no file."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """Version of Landlock that the kernel offers; 0: none."""
    if sys.platform != "linux":
        return 0
    return max(0, _call(_CREATE_RULESET, None, 0, _VERSION))


def restrict(written: Iterable[str], read: Iterable[str], listed: Iterable[str]) -> bool:
    """Bind this thread, and every thread and process that it starts, for good.

    Parameters
    ----------
    written
        Folders and devices, all of which is open to it.
    read
        Folders and files that it may read and run.
    listed
        Folders of which, and of all below them, it may see the names.

    Returns
    -------
    bool
        False where the kernel has no Landlock, or it is switched off: nothing is bound then.
    """
    offered = version()
    if not offered:
        return False
    rights = (1 << _RIGHTS[min(offered, len(_RIGHTS)) - 1]) - 1
    wanted = _Ruleset(rights, _TCP if offered >= 4 else 0, _SOCKETS if offered >= 6 else 0)
    # Earlier kernels know a shorter structure, and take a longer one when the rest is zero.
    ruleset = _call(_CREATE_RULESET, ctypes.byref(wanted), ctypes.sizeof(wanted), 0)
    if ruleset < 0:
        return False
    try:
        for paths, allowed in ((written, rights), (read, _READ | _READ_DIR | _EXECUTE), (listed, _READ_DIR)):
            for path in paths:
                with suppress(FileNotFoundError):
                    _allow(ruleset, path, allowed & rights)
        libc().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return _call(_RESTRICT_SELF, ruleset, 0) == 0
    finally:
        os.close(ruleset)


def libc() -> ctypes.CDLL:
    """The C library that this process runs with."""
    return ctypes.CDLL(None, use_errno=True)


def _allow(ruleset: int, path: str, rights: int) -> None:
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        mine = rights if os.path.isdir(path) else rights & _OF_FILES
        beneath = _Beneath(mine, opened)
        if _call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(beneath), 0):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
    finally:
        os.close(opened)


def _call(number: int, *arguments: object) -> int:
    return int(libc().syscall(number, *arguments))
