"""One night of a profile at a time, whoever builds it: the command line, the schedule, or somebody at the pages.

What belongs here: Dagster's side of `storage.night_lock`, a resource that lives as long as a run.
"""

import warnings
from collections.abc import Callable, Iterator  # Dagster resolves annotations when it loads.
from typing import Any

from dagster import (
    AssetsDefinition,
    BetaWarning,
    InitResourceContext,
    ResourceDefinition,
    multi_asset,
    resource,
)

from recsys_assets.profile import Profile
from recsys_assets.storage.night_lock import building

_resources: dict[str, ResourceDefinition] = {}
"""By the profile's folder: Dagster wants all assets of a run to name the same object."""


def night_asset(profile: Profile, **options: Any) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """`dagster.multi_asset` for what belongs to a night: its run waits until no other process builds a night."""
    folder = str(profile.folder)
    if folder not in _resources:
        _resources[folder] = _resource(profile)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BetaWarning)  # Resources of an asset's own are a beta feature.
        return multi_asset(resource_defs={"night": _resources[folder]}, **options)


def _resource(profile: Profile) -> ResourceDefinition:
    @resource(description="No other process builds a night of the profile meanwhile.")
    def night(context: InitResourceContext) -> Iterator[None]:
        built = context.run.tags.get("dagster/partition", "") if context.run else ""
        with building(profile, f"night {built}".strip(), context.log.info if context.log else print):
            yield

    return night
