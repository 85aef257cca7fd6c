"""One night of a profile at a time, whoever builds it: the command line, the schedule, or somebody at the pages.

What belongs here: Dagster's side of `storage.night_lock`, a resource that lives as long as a run.
"""

from collections.abc import Iterator  # Dagster resolves annotations when it loads.

from dagster import InitResourceContext, ResourceDefinition, resource

from recsys_assets.profile import Profile
from recsys_assets.storage.night_lock import building

_resources: dict[str, ResourceDefinition] = {}
"""By the profile's folder: Dagster wants all assets of a run to name the same object."""


def one_night_at_a_time(profile: Profile) -> dict[str, ResourceDefinition]:
    """The resource that every asset of a night needs; a run waits for it until no other process builds a night."""
    folder = str(profile.folder)
    if folder not in _resources:
        _resources[folder] = _resource(profile)
    return {"night": _resources[folder]}


def _resource(profile: Profile) -> ResourceDefinition:
    @resource(description="No other process builds a night of the profile meanwhile.")
    def night(context: InitResourceContext) -> Iterator[None]:
        built = context.run.tags.get("dagster/partition", "") if context.run else ""
        with building(profile, f"night {built}".strip(), context.log.info if context.log else print):
            yield

    return night
