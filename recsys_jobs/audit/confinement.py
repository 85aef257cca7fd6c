"""Confinement: the process that builds a night for the audit opens nothing but its folder and installed code.

What belongs here: what is open to such a process, the kernel's bars around it (`landlock`), and Python's own hook,
which gives what was opened a name. Where the kernel has no bars, the hook and wrappers of DuckDB and Arrow are all
there is, and the report says so. It binds the process for good, all of its threads and all that they start.

Nothing else of ours is imported here: our code may open files when it is imported, so it is imported after this.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import sysconfig
import tempfile
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys_jobs.audit import landlock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

CODE = ("recsys_assets", "recsys_jobs", "sql", "dbt_like_checks")
CODE_ENDINGS = frozenset([".pyc", ".py", ".sql", ".toml", ".yaml", ".yml"])
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/sys")
DEVICES = ("/dev/full", "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero")
DATA = frozenset([".arrow", ".db", ".duckdb", ".feather", ".gz", ".sqlite", ".xlsx"])
"""Endings of files of data, which are not open even where code is: a package may carry the whole data set. Those of
files that can be delivered belong to them, too."""
SAYS = "what a night is made of comes from its snapshot and its models"
_STARTS = frozenset(["os.exec", "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen"])
_READERS = {
    "pyarrow": ("memory_map", "OSFile", "input_stream"),
    "pyarrow.csv": ("open_csv", "read_csv"),
    "pyarrow.dataset": ("dataset",),
    "pyarrow.feather": ("read_feather", "read_table"),
    "pyarrow.json": ("read_json",),
    "pyarrow.parquet": ("ParquetDataset", "ParquetFile", "read_metadata", "read_schema", "read_table"),
}
_OURS = ("recsys_assets.storage.", "recsys_jobs.audit.")
"""Modules whose connections lock themselves, or read what belongs to the process."""
_DENIED = re.compile(
    r"(['\"])(?P<path>/[^'\"]+)\1.*Permission denied|Permission denied: (['\"])(?P<other>/[^'\"]+)\3", re.S
)


class OpenedElsewhere(Exception):
    """Code of an asset that opened a file it was not given; the message names the file."""


class Confinement:
    """What a process may open, and what it tried besides.

    Parameters
    ----------
    folder
        All of it is open, and nothing else may be written.
    project
        Folder of this project; of it code is open, and ``settings``.
    settings
        Files of the profile's settings: its own, and those of its words.
    data_endings
        Endings of files of data, beside `DATA`.
    """

    def __init__(self, folder: Path, project: Path, settings: Iterable[Path], data_endings: Iterable[str]) -> None:
        self.folder, self._project = os.path.realpath(folder), os.path.realpath(project)
        self._settings, self._data = [os.path.realpath(each) for each in settings], DATA | frozenset(data_endings)
        self.tried: list[str] = []
        """What was opened, connected to or started besides, whether or not the code went on after that."""
        paths = {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), *filter(None, sys.path)}
        # The project's own folder may be on the path; of it only code is open.
        real = {os.path.realpath(path) for path in paths if os.path.isdir(path)} - {self._project}
        self._packages = tuple(sorted(path for path in real if path != "/"))

    def bind(self, *, kernel: bool = True) -> str:
        """Confine this process for good; what confines it, for the report.

        Parameters
        ----------
        kernel
            Ask the kernel, too.
        """
        tempfile.tempdir = self.folder
        read, listed = [*self._without_data(), *self._code(), *self._settings], [self._code_folder(n) for n in CODE]
        listed += self._packages
        # A process may write what /proc tells of itself: its peak of memory begins anew.
        bound = kernel and landlock.restrict([self.folder, "/proc/self", *DEVICES], read, listed)
        if not bound:
            self._wrap_readers()
        sys.addaudithook(self._hook)  # It stays for good: Python cannot take one away.
        return f"Landlock {landlock.version()}" if bound else "Python's audit hooks alone"

    def denied(self, error: BaseException) -> str:
        """What an error says was opened elsewhere; empty when it is another one."""
        if isinstance(error, OpenedElsewhere):
            return str(error)
        found = _DENIED.search(str(error))
        path = found and (found["path"] or found["other"])
        return f"opened {path}: {SAYS}." if path and not self._is_open(path) else ""

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in {"open", "os.listdir", "os.scandir", "sqlite3.connect"}:
            self._check(arguments[0], is_listing=event.startswith("os."))
        elif event == "socket.connect":
            self._refuse(f"connected to {arguments[1]}")
        elif event in _STARTS:
            self._refuse(f"started {arguments[0]!r}")

    def _check(self, path: Any, *, is_listing: bool = False) -> None:
        if not isinstance(path, str | bytes | os.PathLike):  # A number of a file that is open already.
            return
        name = os.fsdecode(path)
        if not name or ":memory:" in name or "mode=memory" in name:
            return
        if os.path.realpath(name) == self._project:  # Python looks for packages there; a folder's names tell nothing.
            return
        if not self._is_open(name, is_listing=is_listing):
            self._refuse(f"{'listed' if is_listing else 'opened'} {os.path.realpath(name)}")

    def _refuse(self, what: str) -> None:
        self.tried.append(f"{what}: {SAYS}.")
        raise OpenedElsewhere(self.tried[-1])

    def _is_open(self, path: str, *, is_listing: bool = False) -> bool:
        real = os.path.realpath(path)
        if _is_inside(real, (self.folder,)) or real in self._settings or real in DEVICES:
            return True
        ending = os.path.splitext(real)[1].lower()
        if _is_inside(real, [self._code_folder(name) for name in CODE]):
            return is_listing or ending in CODE_ENDINGS or os.path.isdir(real)
        return ending not in self._data and _is_inside(real, (*self._packages, *SYSTEM))

    def _code_folder(self, name: str) -> str:
        return os.path.join(self._project, name)

    def _code(self) -> Iterator[str]:
        """Files of this project's code."""
        for name in CODE:
            for folder, _, files in os.walk(self._code_folder(name)):
                yield from (os.path.join(folder, file) for file in files if os.path.splitext(file)[1] in CODE_ENDINGS)

    def _without_data(self) -> Iterator[str]:
        """Folders and files that hold all installed code, and no file of data of a package."""
        outside = [path for path in self._packages if not _is_inside(path, SYSTEM)]
        for root in (*SYSTEM, *outside):
            if os.path.isdir(root):
                yield from self._without_packages(os.path.realpath(root))

    def _without_packages(self, root: str) -> Iterator[str]:
        """A folder of the system, where packages lie in it without their data."""
        if root in self._packages and not _is_inside(sys.base_prefix, (root,)):
            yield from self._data_free(root)[1]
        elif any(_is_inside(path, (root,)) for path in self._packages):
            for entry in _entries(root):
                if entry.is_dir(follow_symlinks=False):
                    yield from self._without_packages(entry.path)
                elif not self._is_data(entry):
                    yield entry.path
        else:
            yield root

    def _data_free(self, folder: str) -> tuple[bool, list[str]]:
        """Whether no file of data lies in a folder or below, and the paths that hold all the others."""
        is_free, below, files = True, [], []
        for entry in _entries(folder):
            if entry.is_dir(follow_symlinks=False):
                its_free, paths = self._data_free(entry.path)
                is_free &= its_free
                below += paths
            elif self._is_data(entry):
                is_free = False
            else:
                files.append(entry.path)
        return is_free, [folder] if is_free else below + files

    def _is_data(self, file: os.DirEntry[str]) -> bool:
        name = os.path.realpath(file.path) if file.is_symlink() else file.name
        return os.path.splitext(name)[1].lower() in self._data

    def _wrap_readers(self) -> None:
        """Let libraries that open files by themselves ask first."""
        for module_name, names in _READERS.items():
            module = importlib.import_module(module_name)
            for name in names:
                setattr(module, name, self._asking(getattr(module, name)))
        duckdb: Any = importlib.import_module("duckdb")
        duckdb.connect = self._locked(duckdb.connect)
        self._lock(duckdb.default_connection())  # That of `duckdb.sql`.

    def _asking(self, reader: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(reader, updated=())
        def asking(*args: Any, **kwargs: Any) -> Any:
            for path in [*args[:1], *(kwargs[name] for name in ("source", "where", "input_file") if name in kwargs)]:
                self._check(path)
            return reader(*args, **kwargs)

        return asking

    def _locked(self, connect: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(connect)
        def locked(*args: Any, **kwargs: Any) -> Any:
            for path in [*args[:1], *(kwargs[name] for name in ("database",) if name in kwargs)]:
                self._check(path)
            con = connect(*args, **kwargs)
            caller = sys._getframe(1).f_globals.get("__name__", "")
            return con if caller.startswith(_OURS) else self._lock(con)

        return locked

    def _lock(self, con: Any) -> Any:
        con.execute("set allowed_directories = $1", [[self.folder]])
        con.execute("set enable_external_access = false")
        return con


def _entries(folder: str) -> list[os.DirEntry[str]]:
    """What lies in a folder but links to other folders: a rule for one would open all of the other."""
    try:
        return [each for each in os.scandir(folder) if not (each.is_symlink() and each.is_dir())]
    except OSError:  # It went meanwhile, or is not for us.
        return []


def _is_inside(path: str, roots: Iterable[str]) -> bool:
    return any(path == root or path.startswith(root.rstrip(os.sep) + os.sep) for root in roots)
