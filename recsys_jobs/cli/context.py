"""What commands share: the console, the profile, choosing a night, landing files and building nights."""

from __future__ import annotations

import logging
import math
import re
import shlex
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from recsys_assets.profile_file import load_profile
from recsys_assets.reports.recommendations import empty_tasks
from recsys_assets.selects.quoting import text
from recsys_assets.storage.lake.lake import Lake, LakeError
from recsys_assets.storage.private import ROOT_WARNING, runs_as_root
from recsys_assets.storage.space import check_room_for_nights
from recsys_assets.visible import visible
from recsys_jobs.cli.console import Console
from recsys_jobs.run import check_night, dagster_instance, report_landing, run_night
from recsys_jobs.warm_up import pilots_before

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster import JobDefinition

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.storage.landing.database import Kind, Landed

NightOption = Annotated[datetime | None, typer.Option("--night", formats=["%Y-%m-%d"], help="Night, e.g. 2017-10-31.")]


def given_path(text: str) -> Path:
    """A path that was typed; an empty one (of a variable that is not set) is none, and not the folder one is in.

    Raises
    ------
    BadParameter
        When it is empty.
    """
    if not text:
        raise typer.BadParameter("is empty. Name a file, or a folder.")
    return Path(text)


def finite(share: float) -> float:
    """A number that was typed; `nan` lies within all bounds.

    Raises
    ------
    BadParameter
        When it is not finite.
    """
    if not math.isfinite(share):
        raise typer.BadParameter(f"{share} is not a number to count with.")
    return share


def recommend_command(user: str) -> str:
    """What one types in a shell to see the lists of a user, whatever characters the id has."""
    query = f"from serving.recommend({text(user)})"
    return "recsys query " + (shlex.quote(query) if re.search(r'["$`\\!]', query) else f'"{query}"')


class Context:
    """One run of the command line; a command gets it with ``ctx.ensure_object(Context)``."""

    def __init__(self) -> None:
        if runs_as_root():
            logging.getLogger(__name__).warning(ROOT_WARNING)
        self.console = Console()

    @cached_property
    def profile(self) -> Profile:
        """The profile that ``RECSYS_PROFILE`` names, loaded when it is first asked for."""
        return load_profile()

    @cached_property
    def _job(self) -> JobDefinition:
        from recsys_jobs.definitions import nightly_job  # It loads Dagster, which takes seconds.

        return nightly_job(self.profile)

    def newest_built_night(self) -> Night:
        """The newest night that is built.

        Raises
        ------
        LakeError
            When none is.
        """
        built = Lake(self.profile).built_nights()
        if not built:
            raise LakeError(
                f"No night of profile {self.profile.name} is built yet. Run `recsys night` or `recsys demo`."
            )
        return built[-1]

    def built_night(self, asked: datetime | None) -> Night:
        """The built night that was asked for, or else the newest.

        Raises
        ------
        LakeError
            When it is not built, or none is.
        """
        newest = self.newest_built_night()
        if asked is None:
            return newest
        night, built = asked.date(), Lake(self.profile).built_nights()
        if night not in built:
            raise LakeError(f"Night {night} is not built. Built are {', '.join(map(str, built[-10:]))}.")
        return night

    def land(
        self, files: list[Path], kind: Kind, *, arrived_at: datetime | None = None, restate: bool = False
    ) -> list[Landed]:
        """Land files, and tell what became of each and which nights they made stale.

        Raises
        ------
        ProfileError
            When a file matches none of the profile's deliveries; nothing has landed then.
        FilesRefused
            After all others have landed, when some were refused or could not be opened.
        """
        from recsys_assets.assets.raw import FilesRefused, land_files  # It loads Dagster.

        console, refused = self.console, None
        with console.status("Landing"):
            try:
                landed = land_files(
                    self.profile,
                    files,
                    kind,
                    lambda text: console.print_lines("  " + text),
                    arrived_at=arrived_at,
                    restate=restate,
                )
            except FilesRefused as error:
                landed, refused = error.landed, error
        if len(landed) > 1:
            read, rows, rejected = (
                sum(getattr(file, f"rows_{what}") for file in landed) for what in ("read", "landed", "rejected")
            )
            console.print(f"  In all: {len(landed)} files, {read:,} rows read, {rows:,} landed, {rejected:,} rejected")
        report_landing(landed)
        stale = sorted({night for file in landed for night in file.stale})
        if stale:
            console.print(f"Stale, build them again: {', '.join(map(str, stale))}", style="yellow")
        if refused:
            raise refused
        return landed

    def build_nights(
        self, nights: Sequence[Night], tags: dict[str, str] | None = None, *, rebuild: bool = False
    ) -> None:
        """Build what is missing, damaged or stale of nights, oldest first, with a bar that names the step under way.

        Before the first that is ever published, its pilots are built (`recsys_jobs.warm_up`).

        Parameters
        ----------
        tags
            Tags of their runs.
        rebuild
            Build what is current, too.

        Raises
        ------
        NightFailed
            When one of them cannot be built (then none is), or when one fails.
        DiskError
            When the disk has no room for one; then it is not begun.
        """
        for night in nights:
            check_night(self.profile, night)
        if not nights:
            return
        from recsys_jobs.definitions import nightly_job, pilot_of  # These load Dagster, which takes seconds.
        from recsys_jobs.staleness import assets_to_build

        pilots = pilots_before(self.profile, min(nights))

        columns = (
            TextColumn("night {task.description}", markup=False),
            BarColumn(20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with (
            Progress(*columns, TextColumn("{task.fields[step]}", markup=False), console=self.console) as bars,
            dagster_instance() as instance,
        ):
            for night in [*pilots, *sorted(nights)]:
                is_pilot = night in pilots
                names = None if rebuild or is_pilot else assets_to_build(self.profile, night, instance)
                if names == []:
                    bars.print(f"Night {night} is built and current.")
                else:
                    bar = bars.add_task(f"{night}{' (warm-up)' if is_pilot else ''}", total=None, step="")

                    def progress(done: int, steps: int, step: str, bar: Any = bar) -> None:
                        bars.update(bar, completed=done, total=steps, step=visible(step))

                    check_room_for_nights(self.profile)
                    job = self._job if names is None else nightly_job(self.profile, names)
                    job = pilot_of(self.profile, job) if is_pilot else job
                    run_night(self.profile, job, night, instance, progress, tags)
                for empty in empty_tasks(self.profile, night):
                    bars.print(f"Night {night}: task {empty.task} is empty, {empty.because}.", style="yellow")
