"""An algorithm's code version follows all the code that makes its lists."""

import importlib
import sys

import pytest

from recsys_assets.algorithms import Recommender
from recsys_assets.assets.code_version import code_version

MAIN = """
from recsys_assets.algorithms import Recommender
class Made(Recommender):
    name = "made"
    def _fit(self, train):
        from recsys_assets.algorithms.made_for_it import value
    def _score(self, users, n): ...
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The algorithms' package with room for modules of a test's own."""
    import recsys_assets.algorithms as package

    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("recsys_assets.algorithms.made")]:
        del sys.modules[name]


def version(folder, **modules):
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)
        sys.modules.pop(f"recsys_assets.algorithms.{name}", None)
    importlib.invalidate_caches()
    made: type[Recommender] = importlib.import_module("recsys_assets.algorithms.made").Made
    return code_version(made)


def test_it_follows_what_the_algorithm_imports_and_what_that_imports(package):
    deep = "from recsys_assets.algorithms.made_deeper import more\nvalue = more\n"
    first = version(package, made=MAIN, made_for_it=deep, made_deeper="more = 1\n", made_for_another="x = 1\n")
    assert version(package, made_for_another="x = 2\n") == first
    assert version(package, made_deeper="more = 22\n") != first
    assert version(package, made_deeper="more = 1\n") == first
    assert version(package, made_for_it=deep + "# said otherwise\n") != first
    assert version(package, made_for_it=deep, made=MAIN + "# said otherwise\n") != first
