"""Confinement: while a night is built for the audit, Python code opens nothing but that deployment and installed code.

What belongs here: the hook behind Python's own ``open`` (and what is made of it: pathlib, numpy, json, sqlite3), the
network, and the two libraries that open files by themselves, DuckDB and Arrow. Files that other native code opens are
not seen. A snapshot's SQL is confined by DuckDB itself.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys_assets.profile import PROJECT
from recsys_assets.storage.landing.formats import formats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CODE = ("recsys_assets", "recsys_jobs", "sql", "dbt_like_checks", "data/profiles", "pyproject.toml", ".git")
SYSTEM = ("/proc", "/sys", "/dev", "/etc", "/usr", "/lib", "/bin", "/opt")
CACHES = (".cache/matplotlib", ".cache/fontconfig", ".config/matplotlib", ".fonts", ".local/share/fonts")
DATA = frozenset([".arrow", ".db", ".duckdb", ".feather", ".gz", ".sqlite", ".xlsx"])
"""Endings of files of data, which are not open even where code is: a package may carry the whole data set. Those of
files that can be delivered belong to them, too."""
_OF_CODE = frozenset([".json", ".txt"])
"""Endings of deliveries that installed code has files of, too."""
_READERS = {
    "duckdb": ("connect",),
    "pyarrow.parquet": ("ParquetFile", "read_table", "read_metadata", "read_schema"),
    "pyarrow.dataset": ("dataset",),
}
_allowed: ContextVar[tuple[str, ...] | None] = ContextVar("allowed", default=None)


class OpenedElsewhere(Exception):
    """Code of an asset that opened a file it was not given; the message names the file."""


@contextmanager
def confined(folder: Path) -> Iterator[None]:
    """Let this thread open nothing outside ``folder``, installed code and this project's code.

    Raises
    ------
    OpenedElsewhere
        Out of the call that opens, when it names another file or reaches for the network.
    """
    _delivered()  # It imports modules, so it is asked before the hook looks at what is opened.
    _install_hook()
    folder.mkdir(parents=True, exist_ok=True)
    installed = {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), *filter(None, sys.path)}
    # The project's own folder may be on the path; of it only code is open.
    installed -= {str(PROJECT)}
    roots = [*installed, *SYSTEM, *(str(Path.home() / name) for name in CACHES), *(str(PROJECT / n) for n in CODE)]
    allowed = tuple(os.path.realpath(root) for root in [str(folder), *roots])
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    token = _allowed.set(allowed)
    try:
        with _confined_readers():
            yield
    finally:
        _allowed.reset(token)
        tempfile.tempdir = before


@cache
def _install_hook() -> None:
    sys.addaudithook(_hook)  # It stays for good: Python cannot take one away.


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"open", "sqlite3.connect"}:
        _check(arguments[0])
    elif event == "socket.connect" and _allowed.get() is not None:
        raise OpenedElsewhere(f"connected to {arguments[1]}: what a night is made of comes from its snapshot.")


def _check(path: Any) -> None:
    allowed = _allowed.get()
    if allowed is None or not isinstance(path, str | bytes | os.PathLike):
        return
    name = os.fsdecode(path)
    if not name or ":memory:" in name or "mode=memory" in name:
        return
    token = _allowed.set(None)  # What follows may open something itself.
    try:
        real = os.path.realpath(name)
    finally:
        _allowed.reset(token)
    folder, *code = allowed
    is_data = Path(real).suffix.lower() in DATA | _delivered()
    roots = [folder] if is_data else [folder, *code]
    if not any(real == root or real.startswith(root + os.sep) for root in roots):
        raise OpenedElsewhere(f"opened {real}: what a night is made of comes from its snapshot and its models.")


@cache
def _delivered() -> frozenset[str]:
    return frozenset(f".{ending}" for each in formats().values() for ending in each.endings) - _OF_CODE


@contextmanager
def _confined_readers() -> Iterator[None]:
    import importlib

    replaced: list[tuple[Any, str, Any]] = []
    try:
        for module_name, names in _READERS.items():
            module = importlib.import_module(module_name)
            for name in names:
                replaced.append((module, name, getattr(module, name)))
                setattr(module, name, _checked(getattr(module, name)))
        yield
    finally:
        for module, name, original in replaced:
            setattr(module, name, original)


def _checked(reader: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(reader, updated=())
    def checked(*args: Any, **kwargs: Any) -> Any:
        given = [*args[:1], *(kwargs[name] for name in ("database", "source", "where") if name in kwargs)]
        for path in given:
            _check(path)
        return reader(*args, **kwargs)

    return checked
