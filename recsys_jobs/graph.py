"""The asset graph of a night: its assets, their order, and the version of the code that makes each.

What belongs here: what both the code location (`recsys_jobs.definitions`) and the audit put together anew. Importing
it loads Dagster.
"""

from __future__ import annotations

from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from recsys_assets.assets.algorithms import algorithm_assets
from recsys_assets.assets.champions import champions_asset
from recsys_assets.assets.clean import clean_assets
from recsys_assets.assets.grades import grade_assets
from recsys_assets.assets.pooled_grades import pooled_grade_assets
from recsys_assets.assets.raw import raw_assets
from recsys_assets.assets.recommendations import recommendation_assets
from recsys_assets.assets.releases import release_asset
from recsys_assets.assets.reranking import reranking_assets
from recsys_assets.assets.step import sql_assets
from recsys_assets.assets.tracking import tracking_asset

if TYPE_CHECKING:
    from dagster import AssetsDefinition

    from recsys_assets.profile import Profile


def all_assets(profile: Profile) -> list[AssetsDefinition]:
    """Every asset of a night, in order of the stages."""
    return [
        raw_assets(profile),
        clean_assets(profile),
        *sql_assets(profile, "features", "features"),
        *algorithm_assets(profile),
        *grade_assets(profile),
        *pooled_grade_assets(profile),
        *recommendation_assets(profile),
        *reranking_assets(profile),
        champions_asset(profile),
        release_asset(profile),
        tracking_asset(profile),
    ]


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


def code_versions(profile: Profile) -> dict[str, str | None]:
    """Version of the code that makes each asset now, by its name, ``schema.table``; None where none is kept."""
    specs = [spec for assets in all_assets(profile) for spec in assets.specs]
    return {".".join(spec.key.path): spec.code_version for spec in specs}
