"""The asset graph of a night: the order of its assets.

Importing it loads Dagster.
"""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from recsys_assets.assets.night_assets import all_assets

if TYPE_CHECKING:
    from recsys_assets.profile import Profile


def asset_order(profile: Profile) -> list[str]:
    """Names of all assets, ``schema.table``, each after those it is made from; by name where that leaves a choice."""
    specs = [spec for assets in all_assets(profile) for spec in assets.specs]
    # A table that reads its own earlier partitions waits for no other.
    sorter = TopologicalSorter({spec.key: {dep.asset_key for dep in spec.deps} - {spec.key} for spec in specs})
    sorter.prepare()
    names = []
    while sorter.is_active():
        level = sorted(sorter.get_ready())
        names += [".".join(key.path) for key in level]
        sorter.done(*level)
    return names
