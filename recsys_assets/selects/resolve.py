"""Which stored tables a name in SQL stands for: asked by snapshots, by the asset graph, by checks and by lineage.

What belongs here: taking the clean views apart, and the one name that stands for many tables, ``candidates.lists``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from recsys_assets.selects.files import TableName, load_select, select_files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NEVER_STORED = frozenset({"this", "landed", "made"})
"""Schemas that a step fills for itself: settings of the night, rows out of landing, rows made by Python."""
LISTS = "candidates.lists"
"""Name that stands for the candidates of every algorithm."""

_GRADED_NIGHT = "(select graded_night as night, graded_cutoff as cutoff from memory.this.night)"


def clean_views() -> dict[TableName, Path]:
    """SQL files of the views over the clean log, by the name they are read under."""
    return {TableName("clean", name): path for name, path in select_files("clean/views").items()}


def view_text(name: TableName) -> str | None:
    """SELECT of a view over the clean log, for ``graded.clean.x`` over the log of the graded night; None for others."""
    path = clean_views().get(replace(name, catalog=""))
    if path is None or name.catalog not in {"", "graded"}:
        return None
    text = load_select(path, keyed=False).text
    if not name.catalog:
        return text
    # A view sees its own catalogue first, which has no settings: those of the snapshot are in `memory`.
    text = re.sub(r"\bthis\.(?!night\b)", "memory.this.", text).replace("this.night", _GRADED_NIGHT)
    return re.sub(r"\bclean\.\w+", r"graded.\g<0>", text)


def resolve(names: Iterable[TableName], algorithms: Iterable[str]) -> dict[TableName, tuple[str, ...]]:
    """Stored tables behind names.

    Parameters
    ----------
    names
        Tables as SQL names them, also in the catalogues ``past``, ``before`` and ``graded``.
    algorithms
        Names of the profile's algorithms.

    Returns
    -------
    dict of TableName to tuple of str
        Sorted; instead of a view the tables that it reads, and of each name the lake's tables (``schema.table``).
        Names of schemas that are never stored are left out.
    """
    stored = dict[TableName, tuple[str, ...]]()
    waiting, known = list(names), set[TableName]()
    while waiting:
        name = waiting.pop()
        if name in known:
            continue
        known.add(name)
        if view_text(name) is not None:
            path = clean_views()[replace(name, catalog="")]
            waiting += [replace(read, catalog=name.catalog) for read in load_select(path, keyed=False).reads]
        elif name.schema not in NEVER_STORED:
            every = tuple(f"candidates.{algorithm}" for algorithm in sorted(algorithms))
            stored[name] = every if name.stored == LISTS else (name.stored,)
    return dict(sorted(stored.items()))
