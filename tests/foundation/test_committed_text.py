"""What no committed file may hold: addresses of registries, paths of one machine, pickles, long modules."""

import ast
import re
from pathlib import Path

import pytest
import sqlglot

from tests.helpers.committed import PROJECT, committed

# They are put together, so that this file does not hold what it looks for.
REGISTRY = re.compile(r"py[p]i\.|python[h]osted\.|--(?:extra-)?index-url[ =]|--find-" + r"links", re.I)
MACHINE = re.compile(r"(?<![\w.$}])/(?:" + "work|root|home/[a-z]+|Users/[A-Za-z]+|tmp/bash_jobs" + r")\b")
PICKLES = {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}
LONGEST, LONGEST_FUNCTION = 300, 60  # No module or SQL file, and no function, has more lines.


def text_of(path: Path) -> str:
    """Text of a file; empty for a binary one."""
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode()


def offending(pattern: re.Pattern[str]) -> list[str]:
    """Lines that match, as `file:line: text`."""
    return [
        f"{path.relative_to(PROJECT)}:{number}: {line.strip()[:120]}"
        for path in committed()
        if path != Path(__file__)
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if pattern.search(line)
    ]


def pickles(source: str) -> list[str]:
    """Pickle in any guise: an import of a module that does it, or numpy's allow_pickle=True."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names if alias.name.split(".")[0] in PICKLES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PICKLES:
            names.append(str(node.module))
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle" and ast.unparse(node.value) != "False":
            names.append("allow_pickle")
    return names


def statements(sql: str) -> list[str]:
    """First word of each statement of a SQL text."""
    words, starts = [], True
    for token in sqlglot.tokenize(sql, read="duckdb"):
        if token.token_type is sqlglot.TokenType.SEMICOLON:
            starts = True
        elif starts:
            words.append(token.text.lower())
            starts = False
    return words


def test_no_file_names_a_package_registry() -> None:
    assert offending(REGISTRY) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert offending(MACHINE) == []


def test_nothing_is_pickled() -> None:
    by_file = {str(p.relative_to(PROJECT)): pickles(p.read_text()) for p in committed("*.py") if p != Path(__file__)}
    assert {name: names for name, names in by_file.items() if names} == {}


def test_a_sql_file_is_one_statement() -> None:
    """Only definitions (macros, the ledger's tables, comments) may share a file."""
    by_file = {str(path.relative_to(PROJECT)): statements(path.read_text()) for path in committed("*.sql")}
    assert {
        name: words
        for name, words in by_file.items()
        if len(words) != 1 and not set(words) <= {"create", "alter", "comment"}
    } == {}


def test_files_stay_short() -> None:
    files = committed("recsys_*/*.py", "sql/*.sql", "dbt_like_checks/*")
    lengths = {str(path.relative_to(PROJECT)): len(text_of(path).splitlines()) for path in files}
    del lengths["sql/release/comments.sql"]  # Made from docs/release.md.
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


def test_functions_stay_short() -> None:
    lengths = {
        f"{path.relative_to(PROJECT)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in committed("recsys_*/*.py", "benchmarks/*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(lengths) > 500
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_benchmarks_use_no_private_name_of_ours() -> None:
    private = [
        f"{path.relative_to(PROJECT)}: {alias.name}"
        for path in committed("benchmarks/*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("recsys_")
        for alias in node.names
        if alias.name.startswith("_")
    ]
    assert private == []


@pytest.mark.parametrize(
    ("pattern", "line", "caught"),
    [
        (REGISTRY, "pip install --index-url=x", True),
        (REGISTRY, "https://files.python" + "hosted.org/x.whl", True),
        (REGISTRY, "--no-emit-index-url --quiet", False),
        (MACHINE, "cd /wo" + "rk/main", True),
        (MACHINE, 'Path("/home/ana/data")', True),
        (MACHINE, "https://example.com/work", False),
        (MACHINE, "${HOME}/work or lib/root", False),
    ],
)
def test_the_patterns_catch_what_they_should(pattern: re.Pattern[str], line: str, caught: bool) -> None:
    assert bool(pattern.search(line)) is caught


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("import pickle", True),
        ("def f():\n    from joblib import dump", True),
        ("np.load(path, allow_pickle=True)", True),
        ("np.load(path, allow_pickle=False)", False),
        ("import json  # rather than pickle", False),
    ],
)
def test_pickles_are_found_in_any_guise(source: str, caught: bool) -> None:
    assert bool(pickles(source)) is caught


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select 1", ["select"]),
        ("-- so;\nwith a as (select ';') from a;", ["with"]),
        ("create view a as from b; drop table b", ["create", "drop"]),
        ("-- nothing\n", []),
    ],
)
def test_statements_are_told_apart_past_strings_and_comments(sql: str, words: list[str]) -> None:
    assert statements(sql) == words
