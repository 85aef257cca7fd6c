"""Destinations of exports: one module each.

A module of this package with a `DESTINATION` is one; nothing else registers it.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from recsys_assets.storage.export.base import Destination, ExportError


@cache
def destinations() -> dict[str, Destination]:
    """Every destination by each of its names: the word, or the scheme of the URL, that one exports to.

    Raises
    ------
    ValueError
        If two modules claim one name.
    """
    claimed: dict[str, str] = {}
    known: dict[str, Destination] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        if not hasattr(module, "DESTINATION"):
            continue
        each: Destination = module.DESTINATION
        for name in each.names:
            if name in claimed:
                raise ValueError(f"{claimed[name]} and {info.name} both are the destination {name}; change one.")
            claimed[name], known[name] = info.name, each
    return dict(sorted(known.items()))


def destination(to: str) -> Destination:
    """Find the destination that a word or a URL names.

    Raises
    ------
    ExportError
        When there is none.
    """
    known = destinations()
    name, is_url, _ = to.partition("://")
    found = known.get(name)
    if found is None or found.is_server != bool(is_url):
        written = (f"{name}://…" if each.is_server else name for name, each in known.items())
        raise ExportError(f"Nothing can be exported to {to!r}. Choose one of {', '.join(written)}.")
    return found
