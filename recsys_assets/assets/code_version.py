"""The code version of an algorithm: a hash of all the code that makes its model and its lists."""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
from functools import cache

from recsys_assets.algorithms import Recommender
from recsys_assets.assets import training


def code_version(algorithm: type[Recommender]) -> str:
    """Hash of the algorithm's own file, of all that it imports of its package, and of the SQL that feeds it."""
    texts, waiting = dict[str, str](), [algorithm.__module__]
    while waiting:
        name = waiting.pop()
        if name not in texts:
            texts[name] = inspect.getsource(importlib.import_module(name))
            waiting += _imported(texts[name])
    text = "".join(texts[name] for name in sorted(texts)) + training.code_version(algorithm.uses)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@cache
def _imported(text: str) -> list[str]:
    """Modules of the algorithms' package that a module imports, inside functions too."""
    package = Recommender.__module__.rpartition(".")[0]
    names = {node.module or "" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    return sorted(name for name in names if name.startswith(f"{package}."))
