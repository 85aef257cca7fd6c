"""The notebooks run from top to bottom on a real release, and are committed without what they gave."""

import json
import subprocess
import sys

import pytest

from tests.helpers.committed import PROJECT

NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))
EACH = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
RUN = """
import ast, io, json, sys
import matplotlib.pyplot as plt

namespace, shown, drawn = {}, 0, 0
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] != "code":
        continue
    body = ast.parse("".join(cell["source"])).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), cell["id"], "exec"), namespace)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), cell["id"], "eval"), namespace)
        if hasattr(value, "columns"):
            assert len(value), f"{cell['id']} shows an empty table"
            shown += 1
    for number in plt.get_fignums():
        figure = plt.figure(number)
        assert any(axes.has_data() for axes in figure.axes), f"{cell['id']} draws nothing"
        figure.savefig(io.BytesIO())
        plt.close(figure)
        drawn += 1
print(shown, drawn)
"""
"""Runs the cells as Jupyter would, which we do not need for that."""


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == ["cold_start", "compare_algorithms", "explore_a_release"]


@pytest.mark.slow
@EACH
def test_a_notebook_runs_and_shows_something(built, notebook, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error::FutureWarning", "-c", RUN, str(notebook)],
        cwd=tmp_path,
        env=built.environment | {"MPLBACKEND": "agg", "MPLCONFIGDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown, drawn = map(int, done.stdout.split())
    assert shown >= 2
    assert drawn >= 2


@EACH
def test_a_notebook_is_committed_without_output(notebook):
    book = json.loads(notebook.read_text(encoding="utf-8"))
    assert book["nbformat"] == 4
    assert book["cells"][0]["source"][0].startswith("# ")
    for cell in book["cells"]:
        assert cell["metadata"] == {}
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
    ids = [cell["id"] for cell in book["cells"]]
    assert len(ids) == len(set(ids))
