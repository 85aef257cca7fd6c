"""The command `recsys backtest`: a backfill of the job ``nightly``, and the grades that come out of it.

What belongs here: its options, which nights are built already, and the record that makes its runs one backfill on the
UI's pages.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dagster import DagsterInstance

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.lake import Lake


def backtest(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First night.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last night, included.")],
    every: Annotated[
        int | None, typer.Option(min=1, help="Days from one night to the next (default: the horizon).")
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Build all nights, also those that are built and still up to date.")
    ] = False,
) -> None:
    """Build nights one after the other, oldest first, and show their grades.

    Each night grades the lists of the night one horizon before it, so space them by the horizon or a divisor of it. A
    night that fails stops it; run again, it goes on from there.
    """
    from recsys_assets.nights import nights_between
    from recsys_assets.profile import load_profile
    from recsys_jobs import show_grades
    from recsys_jobs.cli import build_nights, console
    from recsys_jobs.run import NightFailed, check_night, dagster_instance

    if last < first:
        raise typer.BadParameter(f"{last:%Y-%m-%d} lies before {first:%Y-%m-%d}.", param_hint="--to")
    profile = load_profile()
    nights = nights_between(first.date(), last.date(), every or profile.horizon)
    for night in nights:
        check_night(profile, night)
    left = nights if rebuild else _not_up_to_date(profile, nights)
    if len(left) < len(nights):
        console.print(f"{len(nights) - len(left)} of {len(nights)} nights are built and up to date.")
    if left:
        with dagster_instance() as instance, _backfill(instance, left) as (tags, is_cancelled):
            for place, night in enumerate(left):
                if is_cancelled():
                    raise NightFailed(f"Cancelled on the UI's pages; {len(left) - place} nights are left.")
                try:
                    build_nights(profile, [night], tags)
                except NightFailed as failed:
                    n_left = len(left) - place
                    raise NightFailed(
                        f"{failed}\nThe backtest stops there, with {n_left} of {len(nights)} nights left. Mend it and "
                        "run the same command: it goes on with that night."
                    ) from failed
    show_grades.nights(console, profile, nights[0], nights[-1])
    show_grades.pooled(console, profile, nights[-1])
    show_grades.compared(console, profile, nights[-1])
    folder = show_grades.write(profile, nights[0], nights[-1])
    console.print(f"Written: {folder}", soft_wrap=True, highlight=False)


@contextmanager
def _backfill(instance: DagsterInstance, nights: list[Night]) -> Iterator[tuple[dict[str, str], Callable[[], bool]]]:
    """Record a backfill of ``nightly`` on Dagster's instance.

    It is recorded as one whose runs have all been submitted, so that a daemon that is up starts none of them, and
    closes the record if this process is killed. Yields the tags of its runs, and whether it was cancelled.
    """
    from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
    from dagster._core.remote_origin import (
        RegisteredCodeLocationOrigin,
        RemotePartitionSetOrigin,
        RemoteRepositoryOrigin,
    )
    from dagster._core.storage.dagster_run import DagsterRun
    from dagster._core.utils import make_new_backfill_id
    from dagster._time import get_current_timestamp

    from recsys_jobs.definitions import NIGHTLY

    location = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("recsys"), "__repository__")
    record = PartitionBackfill(
        backfill_id=make_new_backfill_id(),
        status=BulkActionStatus.REQUESTED,
        from_failure=False,
        tags={},
        backfill_timestamp=get_current_timestamp(),
        title=f"recsys backtest, {nights[0]} to {nights[-1]}",
        partition_set_origin=RemotePartitionSetOrigin(
            repository_origin=location, partition_set_name=f"{NIGHTLY}_partition_set"
        ),
        partition_names=[str(night) for night in nights],
        last_submitted_partition_name=str(nights[-1]),
    )

    def is_cancelled() -> bool:
        now = instance.get_backfill(record.backfill_id)
        return now is not None and now.status in {BulkActionStatus.CANCELING, BulkActionStatus.CANCELED}

    def end(status: BulkActionStatus) -> None:
        instance.update_backfill(record._replace(status=status, backfill_end_timestamp=get_current_timestamp()))

    instance.add_backfill(record)
    try:
        yield dict(DagsterRun.tags_for_backfill_id(record.backfill_id)), is_cancelled
    except BaseException:
        end(BulkActionStatus.CANCELED if is_cancelled() else BulkActionStatus.COMPLETED_FAILED)
        raise
    end(BulkActionStatus.COMPLETED_SUCCESS)


def _not_up_to_date(profile: Profile, nights: list[Night]) -> list[Night]:
    """The nights from the first on that has to be built: what it writes, later ones may read."""
    from recsys_assets.storage.lake.lake import Lake
    from recsys_assets.storage.release.releases import Releases
    from recsys_jobs.definitions import all_assets

    specs = [spec for assets in all_assets(profile) for spec in assets.specs]
    stages = {"clean", "features", "candidates", "grades", "recommendations"}
    versions = {".".join(s.key.path): s.code_version for s in specs if s.key.path[0] in stages}
    lake, released = Lake(profile), {release.night for release in Releases(profile.folder).list()}
    newest = max(lake.built_nights(), default=None)
    for place, night in enumerate(nights):
        if (night == newest and night not in released) or not _is_up_to_date(lake, night, versions):
            return nights[place:]
    return []


def _is_up_to_date(lake: Lake, night: Night, versions: dict[str, str | None]) -> bool:
    """Whether every table of a night is there, made by the settings and SQL of now from the partitions of now.

    Each table's file names what it was made from. The pooled grades rest on all nights up to it: a night that was
    built between others since is missing there. The settings are a table of their own, so other ones are another file.
    """
    from recsys_assets.storage.lake.provenance import provenance

    for table, version in versions.items():
        partition = lake.partition(table, night)
        if partition is None:
            return False
        about = provenance(partition.path)
        if version and about.code_version and version != about.code_version:
            return False
        for name, days in about.inputs.items():
            for day, stem in days.items():
                current = lake.partition(name, day)
                if current is None or current.path.stem != stem:
                    return False
        if table == "recommendations.settings" and about.profile != lake.profile.fingerprint:
            return False
        if table == "grades.pooled" and len(about.inputs["grades.summary"]) < len(
            lake.partitions("grades.summary", night)
        ):
            return False
    return True
