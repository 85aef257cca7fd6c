"""Formats of delivered files: one module each.

A module of this package with a `FORMAT` is a format; nothing else registers it.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from recsys_assets.storage.landing.formats.base import Format


@cache
def formats() -> dict[str, Format]:
    """Every format by its name, as a delivery's ``format`` in a profile has it; in order of names."""
    modules = (importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    known = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    return {each.name: each for each in sorted(known, key=lambda each: each.name)}
