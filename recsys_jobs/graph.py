"""The asset graph of a night: the order of its assets, and what follows from some of them.

Importing it loads Dagster.
"""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from recsys_assets.assets.keys import name_of
from recsys_assets.assets.night_assets import all_assets

if TYPE_CHECKING:
    from collections.abc import Collection

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
        names += [name_of(profile, key) for key in level]
        sorter.done(*level)
    return names


def made_from(profile: Profile, names: Collection[str]) -> tuple[set[str], set[str]]:
    """What has to be made again with some assets.

    Returns
    -------
    tuple of set of str
        The assets with all that is made from them, and what these are made from directly; ``schema.table``.
    """
    deps = {
        name_of(profile, spec.key): {name_of(profile, dep.asset_key) for dep in spec.deps}
        for assets in all_assets(profile)
        for spec in assets.specs
    }
    again = set(names)
    for name in asset_order(profile):  # Each stands after what it is made from.
        if deps.get(name, set()) & again:  # The audit is no asset of these.
            again.add(name)
    if any(name.startswith("clean.") for name in again):  # One step writes all of them.
        again |= {name for name in deps if name.startswith("clean.")}
    return again, {dep for name in again for dep in deps.get(name, ())} - again
