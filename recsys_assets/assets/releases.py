"""Releases: the night's tables as one read-only DuckDB file, published by swapping a link.

What belongs here: running ``sql/release/`` in a snapshot and handing the tables to `storage.release`.
"""

import hashlib

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, MaterializeResult, MetadataValue, asset

from recsys_assets.assets.partitions import profile_partitions
from recsys_assets.assets.step import (
    OWNERS,
    cost_metadata,
    dependencies,
    measured,
    night_of,
    report,
)
from recsys_assets.profile import Profile
from recsys_assets.selects.files import SQL_FOLDER, load_select, select_files
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.lake.snapshot import Snapshot
from recsys_assets.storage.release.releases import Releases

_PUBLISHED = "releases.published"


def release_asset(profile: Profile) -> AssetsDefinition:
    """The release of a night; its partition in the lake records what was published, for the night that grades it."""
    lake, releases = Lake(profile), Releases(profile.folder)
    selects = {
        f"{schema}.{name}": load_select(path)
        for schema in ("serving", "meta")
        for name, path in select_files(f"release/{schema}").items()
    }
    reads = sorted({name for select in selects.values() for name in select.reads})
    macros = (SQL_FOLDER / "release" / "macros.sql").read_text()

    @asset(
        key=_PUBLISHED.split("."),
        # An audited night is published after its audit, whose check blocks.
        deps=[*dependencies(profile, reads, _PUBLISHED), *([AssetKey(["audits", "future"])] if profile.audit else [])],
        partitions_def=profile_partitions(profile),
        group_name="releases",
        kinds={"duckdb"},
        owners=OWNERS,
        description="recsys.duckdb: the night's recommendations, similar items, trending, items and grades in one "
        "read-only file with macros. Built beside the current one, checked, then published by swapping a link; an "
        "older night than the current one is built but does not become current.",
        code_version=hashlib.sha256("".join(s.text for s in selects.values()).encode()).hexdigest()[:12],
    )
    def published(context: AssetExecutionContext) -> MaterializeResult[None]:
        night = night_of(context)
        with measured() as usage, lake.as_of(night, reads, _PUBLISHED, context.run.run_id) as snapshot:
            release_id = _release_id(snapshot, macros)
            tables = {table: snapshot.table(select.text) for table, select in selects.items()}
            file = releases.build(night, release_id, tables, macros)
            result = releases.publish(night, release_id)
            context.log.info(result.reason)
            metadata = {
                "release": result.name,
                "published": result.published,
                "what happened": result.reason,
                "release_file": MetadataValue.path(str(file)),
                **{f"rows {table}": rows.num_rows for table, rows in tables.items()},
            }
            if not result.published:
                return MaterializeResult(metadata=metadata | cost_metadata(usage))
            lists = next(p for p in snapshot.inputs if p.table == "recommendations.lists")
            written = snapshot.write(
                f"select '{result.name}' as release, '{lists.fingerprint}' as lists_fingerprint order by release",
                ("release",),
            )
        return report(written, usage, metadata)

    return published


def _release_id(snapshot: Snapshot, macros: str) -> str:
    """Name of the content: the same inputs make the same release."""
    content = sorted(f"{p.table} {p.night} {p.fingerprint}" for p in snapshot.inputs)
    return hashlib.sha256("\n".join([*content, macros]).encode()).hexdigest()[:12]
