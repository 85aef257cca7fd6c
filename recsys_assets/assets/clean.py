"""The clean stage: the canonical log, in partitions by visible night.

What belongs here: Dagster's side of `assets.clean_log`.
"""

from collections.abc import Callable, Iterator  # Dagster resolves annotations when it loads.
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetMaterialization,
    AssetsDefinition,
    DataVersion,
    MaterializeResult,
)

from recsys_assets.assets.clean_log import clean_steps, write_log
from recsys_assets.assets.columns import Lineages, column_metadata
from recsys_assets.assets.factory import night_of, spec_of
from recsys_assets.assets.keys import asset_key
from recsys_assets.assets.metadata import as_metadata, table_metadata
from recsys_assets.assets.one_night import night_asset
from recsys_assets.profile import Profile
from recsys_assets.selects.files import Select
from recsys_assets.storage.costs import note_cost
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.lake.partitions import LakeError
from recsys_assets.storage.lake.snapshot import Snapshot
from recsys_assets.storage.lake.writer import Written
from recsys_assets.storage.landing.database import Landing
from recsys_assets.storage.space import check_room_for_nights


def clean_assets(
    profile: Profile, log_written: Callable[[AssetExecutionContext], object] | None = None
) -> AssetsDefinition:
    """The clean tables as one step: a night's rows are exported from landing once and written to all of them.

    Parameters
    ----------
    log_written
        Called in a run when all of them are written.
    """
    landing, lineages = Landing(profile), Lineages()

    def describe(snapshot: Snapshot, select: Select, written: Written) -> dict[str, Any]:
        return table_metadata(written, column_metadata(written, snapshot, select, lineages))

    @night_asset(
        profile,
        name="clean",
        specs=[spec_of(profile, step) for step in clean_steps(landing).values()],
        can_subset=False,
    )
    def clean(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
        night = night_of(context)
        check_room_for_nights(profile)  # It is the first step of every night.
        if lost := Lake(profile).lost(night):
            raise LakeError(
                f"{lost[0]} was built and used by an earlier night, but its file is gone. Restore data/ from a backup, "
                f"or build that night again. Lost in all: {len(lost)}."
            )
        for n, tables in write_log(profile, night, context.run.run_id, context.log.info, describe):
            for name, (written, told) in tables.items():
                note_cost(profile, n, f"clean.{name}", written.rows, told)
                key, version = asset_key(profile, f"clean.{name}"), DataVersion(written.partition.fingerprint)
                metadata = as_metadata(told)
                if n == night:
                    yield MaterializeResult(asset_key=key, metadata=metadata, data_version=version)
                else:
                    context.log_event(
                        AssetMaterialization(
                            key,
                            partition=n.isoformat(),
                            metadata=metadata,
                            tags={"dagster/data_version": version.value},
                        )
                    )
        if log_written is not None:
            log_written(context)

    return clean
