"""API keys: who may ask, who may send feedback, and how often.

What belongs here: the file of keys, making one, and recognising one. A key has 256 bits of chance, so its plain SHA-256
is kept, and the key itself nowhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from filelock import FileLock

from recsys_assets.errors import RecsysError
from recsys_assets.storage import atomic
from recsys_assets.storage.private import OWN_FILE, private_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Scope = Literal["read", "write"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
FILE_NAME = "api_keys.json"
VARIABLE = "RECSYS_API_KEYS"
"""Keys of the environment, a JSON list like that of the file."""
_PREFIX = "recsys_"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class KeysError(RecsysError):
    """Keys that cannot be read or made; the message says what to do."""


@dataclass(frozen=True)
class Key:
    """One key.

    Attributes
    ----------
    name : str
        Who has it.
    sha256 : str
        Hash of the key, hexadecimal.
    scopes : tuple of str
        ``read``: all but feedback. ``write``: feedback.
    per_second : float
        Requests a second, over time; twice as many may come at once.
    """

    name: str
    sha256: str
    scopes: tuple[Scope, ...] = ("read",)
    per_second: float = 100.0


@dataclass
class Allowance:
    """What a key may still ask for: a bucket that `per_second` fills, and which holds two seconds."""

    per_second: float
    left: float = field(init=False)
    at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.left = max(2 * self.per_second, 1.0)

    def take(self) -> float:
        """Take one request; returns the seconds to wait, 0 where it may go on."""
        now = time.monotonic()
        self.left = min(max(2 * self.per_second, 1.0), self.left + (now - self.at) * self.per_second)
        self.at = now
        if self.left < 1:
            return (1 - self.left) / self.per_second
        self.left -= 1
        return 0.0


class Keys:
    """The keys of a deployment, from its file and the environment; the file is read again when it changes.

    Parameters
    ----------
    file : Path
        Need not exist.

    Raises
    ------
    KeysError
        When the file or the variable cannot be read.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._of_environment = _parsed(os.environ.get(VARIABLE) or "[]", VARIABLE)
        self._changed, self._looked = -1, 0.0
        self._keys: dict[str, Key] = {}
        self._allowances: dict[str, Allowance] = {}
        self._read()

    def __bool__(self) -> bool:
        return bool(self._keys)

    def find(self, key: str) -> Key | None:
        """The key that was sent; None: unknown. A file that was changed counts within a second.

        Raises
        ------
        KeysError
            When the file was changed and cannot be read.
        """
        return self.known(hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest())

    def known(self, sha256: str) -> Key | None:
        """The key of a hash; None: unknown, or removed.

        Raises
        ------
        KeysError
            When the file was changed and cannot be read.
        """
        if time.monotonic() - self._looked > 1:
            self._read()
        return self._keys.get(sha256)

    def wait(self, key: Key) -> float:
        """Count one request; returns the seconds to wait before the next is taken, 0 where this one may go on."""
        if key.name not in self._allowances or self._allowances[key.name].per_second != key.per_second:
            self._allowances[key.name] = Allowance(key.per_second)
        return self._allowances[key.name].take()

    def _read(self) -> None:
        self._looked = time.monotonic()
        changed = self.file.stat().st_mtime_ns if self.file.exists() else 0
        if changed != self._changed:
            self._keys = {}  # A file that cannot be read lets nobody in, until it is mended.
            self._keys = {key.sha256: key for key in (*read_keys(self.file), *self._of_environment)}
            self._changed = changed


def read_keys(file: Path) -> list[Key]:
    """Keys of a file; none where there is no file.

    Raises
    ------
    KeysError
        When it cannot be read.
    """
    try:
        return _parsed(file.read_text(encoding="utf-8"), str(file)) if file.exists() else []
    except (OSError, UnicodeDecodeError) as error:
        raise KeysError(f"{file} cannot be read: {error}. Mend its permissions, or delete it and add keys.") from error


def add_key(file: Path, name: str, scopes: Iterable[Scope], per_second: float) -> str:
    """Make a key and add its hash to the file; returns the key, which is kept nowhere.

    Raises
    ------
    KeysError
        When the name is taken or no name, or the file cannot be read.
    """
    if not _NAME.fullmatch(name):
        raise KeysError(f"{name!r} is no name of a key: up to 64 letters, digits, '.', '_' and '-'.")
    if not per_second > 0:
        raise KeysError(f"{per_second} requests a second are none: give a number above 0.")
    secret = _PREFIX + secrets.token_urlsafe(32)
    key = Key(name, hashlib.sha256(secret.encode()).hexdigest(), tuple(scopes), per_second)
    with _lock(file):
        keys = read_keys(file)
        if any(each.name == name for each in keys):
            raise KeysError(
                f"There is a key named {name} already: remove it (recsys keys remove {name}), or name another."
            )
        _write(file, [*keys, key])
    return secret


def remove_key(file: Path, name: str) -> None:
    """Take a key out of the file; servers refuse it within a second.

    Raises
    ------
    KeysError
        When there is none of that name.
    """
    with _lock(file):
        keys = read_keys(file)
        if all(key.name != name for key in keys):
            known = ", ".join(key.name for key in keys) or "none"
            raise KeysError(f"There is no key named {name} in {file}. There are: {known}.")
        _write(file, [key for key in keys if key.name != name])


def _lock(file: Path) -> FileLock:
    """Lock held from reading the file to writing it: of two who add at once, neither loses the other's key."""
    return FileLock(private_folder(file.parent) / f".{file.stem}.lock", mode=OWN_FILE)


def _write(file: Path, keys: list[Key]) -> None:
    temporary = file.with_name(f".tmp-{file.name}")
    temporary.touch(mode=OWN_FILE)
    temporary.write_text(json.dumps([asdict(key) for key in keys], indent=1) + "\n", encoding="utf-8")
    atomic.sync(temporary)
    atomic.rename(temporary, file)


def _parsed(text: str, where: str) -> list[Key]:
    try:
        keys = [Key(**{**each, "scopes": tuple(each.get("scopes", ("read",)))}) for each in json.loads(text)]
        wrong = [
            key.name
            for key in keys
            if not set(key.scopes) <= set(SCOPES) or not re.fullmatch("[0-9a-f]{64}", key.sha256) or key.per_second <= 0
        ]
    except (ValueError, TypeError, AttributeError) as error:
        raise KeysError(
            f"{where} holds no list of keys ({error}): mend it as docs/serving.md shows, or make keys anew "
            "(recsys keys add)."
        ) from error
    if wrong:
        raise KeysError(f"{where}: key {wrong[0]} has a scope other than read and write, no hash, or no rate. Mend it.")
    return keys
