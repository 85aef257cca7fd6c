"""Recommenders: one algorithm per file, arrays in and arrays out.

A module of this package that defines a `Recommender` with a `name` is an algorithm; nothing else registers
it.
"""

from __future__ import annotations

import importlib
import pkgutil

from recsys_assets.algorithms.arrays import Interactions, Lists
from recsys_assets.algorithms.base import Recommender, SimilarItems

__all__ = ["Interactions", "Lists", "Recommender", "SimilarItems", "registry"]


def registry() -> dict[str, type[Recommender]]:
    """Find every algorithm in this package.

    Returns
    -------
    dict of str to type
        The recommenders by name, in order of name.

    Raises
    ------
    ValueError
        If two modules claim one name.
    """
    recommenders: dict[str, type[Recommender]] = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for value in vars(module).values():
            if not _is_algorithm(value, module.__name__):
                continue
            if value.name in recommenders:
                modules = f"{recommenders[value.name].__module__} and {module.__name__}"
                raise ValueError(f"{modules} both define an algorithm named {value.name!r}; rename one.")
            recommenders[value.name] = value
    return dict(sorted(recommenders.items()))


def _is_algorithm(value: object, module: str) -> bool:
    return (
        isinstance(value, type)
        and issubclass(value, Recommender)
        and value.__module__ == module
        and "name" in vars(value)
    )
