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
    """Every format by its name, as a delivery's ``format`` in a profile has it; in order of names.

    Raises
    ------
    ValueError
        If two modules claim one name, or one end of file names.
    """
    claimed: dict[str, str] = {}
    known: dict[str, Format] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        if not hasattr(module, "FORMAT"):
            continue
        each: Format = module.FORMAT
        for claim in (each.name, *(f".{ending}" for ending in each.endings)):
            if claim in claimed:
                raise ValueError(f"{claimed[claim]} and {info.name} both are the format of {claim}; change one.")
            claimed[claim] = info.name
        known[each.name] = each
    return dict(sorted(known.items()))
