"""The command line ``recsys``.

What belongs here: commands and their help. What they print is in `recsys_jobs.show`, what they do is elsewhere.
"""

from __future__ import annotations

import functools
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from recsys_jobs.audit.command import future
from recsys_jobs.backtest import backtest
from recsys_jobs.check import check
from recsys_jobs.init.command import init

if TYPE_CHECKING:
    from collections.abc import Callable

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.storage.landing.database import Landed

app = typer.Typer(
    name="recsys",
    help="Nightly recommendation tables from raw interactions, and proof that no night saw its own future.\n\n"
    "Start with `recsys demo`. A night is a UTC day; RECSYS_PROFILE chooses the deployment.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
# Into a pipe or a file there is no width to keep to: a table is better read unfolded.
console = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120)
ROW_COUNTS = ("read", "landed", "rejected")
_SLOW_TO_IMPORT = ("sklearn.feature_extraction.text", "mlflow.tracking", "lightgbm", "matplotlib.figure")
NightOption = Annotated[datetime | None, typer.Option("--night", formats=["%Y-%m-%d"], help="Night, e.g. 2017-10-31.")]


audits = typer.Typer(help="Prove that a night saw nothing that came after it.", no_args_is_help=True)
app.add_typer(audits, name="audit")


def command(function: Callable[..., None], group: typer.Typer = app) -> Callable[..., None]:
    """Register a command whose expected failures are printed as one sentence and end with exit code 1."""

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> None:
        import duckdb

        from recsys_assets.checks.located_yaml import CheckError
        from recsys_assets.profile import ProfileError
        from recsys_assets.selects.canonical import SourceError
        from recsys_assets.selects.files import SqlError
        from recsys_assets.storage.lake.lake import LakeError
        from recsys_assets.storage.landing.database import LandingError
        from recsys_assets.storage.release.releases import ReleaseError
        from recsys_jobs.init.look import InitError
        from recsys_jobs.run import NightFailed
        from recsys_jobs.show import UnknownId

        settings = (ProfileError, SourceError, SqlError, CheckError)
        expected = (*settings, LakeError, LandingError, ReleaseError, NightFailed, UnknownId, InitError)
        try:
            function(*args, **kwargs)
        except (*expected, duckdb.Error, OSError) as error:
            Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
            raise typer.Exit(1) from error

    group.command()(guarded)
    return guarded


@command
def demo() -> None:
    """Land the profile's data, build its demo nights, publish, and show what came out.

    Run again, it finds its work done and only shows it.
    """
    from recsys_assets.assets.raw import history_files
    from recsys_jobs import show
    from recsys_jobs.run import imported_meanwhile

    profile = _profile()
    console.print(f"[bold]{profile.title or profile.name}[/bold]")
    has_all = all(_is_built(profile, night) for night in profile.demo_nights)
    with imported_meanwhile(*() if has_all else _SLOW_TO_IMPORT):
        _land(profile, history_files(profile), "history")
    build_nights(profile, [night for night in profile.demo_nights if not _is_built(profile, night)])
    show.landed(console, profile)
    show.grades(console, profile)
    user, item = show.one_user(console, profile)
    show.next_steps(console, profile, user, item)


command(init)


@command
def land(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files, or folders of them; none: the profile's history, or its inbox.")
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Every row was known when it happened (a first load).")
    ] = False,
    arrived_at: Annotated[
        datetime | None, typer.Option(help="UTC instant of arrival, for replays (default: now).")
    ] = None,
    restate: Annotated[
        bool, typer.Option("--restate", help="Let history reach into sealed nights: they must be built again.")
    ] = False,
) -> None:
    """Take delivered files in: each wholly, once, or not at all.

    Without --history rows count as arrived now and become visible with the next open night.
    """
    from recsys_assets.assets.raw import history_files, inbox
    from recsys_assets.nights import night_of, utc_now
    from recsys_assets.storage.landing.database import Landing
    from recsys_jobs import show

    if arrived_at and (history or arrived_at > utc_now()):
        raise typer.BadParameter(
            "history has no arrival, and no file arrives in the future.", param_hint="--arrived-at"
        )
    profile = _profile()
    if not files:
        folder = inbox(profile)
        arrived = [folder] if folder.is_dir() and any(folder.iterdir()) else []
        files = history_files(profile) if history else arrived
    if not files:
        console.print(f"Nothing to land: name files, put them into {inbox(profile)}, or pass --history.")
        return
    landed = _land(profile, files, "history" if history else "arrival", arrived_at=arrived_at, restate=restate)
    names = {file.name for file in landed if file.status == "landed"}
    rejects = [row for row in Landing(profile).reject_counts().to_pylist() if row["name"] in names]
    show.rejected(console, rejects, sum(file.rows_read for file in landed))
    arrives = night_of((arrived_at or utc_now()) - profile.grace)
    if names and not history and profile.last_night and arrives > profile.last_night:
        console.print(
            f"No night will see what arrived: last_night of profile {profile.name} is {profile.last_night}. "
            "Delete that line of the profile if files keep arriving.",
            style="yellow",
        )
    if any(file.status == "quarantined" for file in landed):
        raise typer.Exit(1)


@command
def night(
    night: Annotated[
        datetime | None, typer.Argument(formats=["%Y-%m-%d"], help="Night to build (default: the newest closed one).")
    ] = None,
) -> None:
    """Build one night, from the clean log to the published release.

    Building it again gives the same tables.
    """
    from recsys_jobs.run import newest_night

    profile = _profile()
    build_nights(profile, [night.date() if night else newest_night(profile)])


command(backtest)


@command
def replay(
    days: Annotated[int, typer.Option(min=1, help="Days to replay, from the first night that is not built.")] = 14,
    files: Annotated[
        Path | None,
        typer.Option(help="Folder with one file a day (default: the profile's history).", file_okay=False, exists=True),
    ] = None,
    late: Annotated[float, typer.Option(min=0, max=1, help="Share of files that come 1 to 9 days late.")] = 0.0,
    twice: Annotated[float, typer.Option(min=0, max=1, help="Share of files that come again a day later.")] = 0.0,
    every: Annotated[int, typer.Option(min=1, help="Days from one built night to the next.")] = 1,
    seed: Annotated[int, typer.Option(help="Which files are late or come twice.")] = 0,
) -> None:
    """Live through delivered history: each day's file arrives in the inbox, each night is built at its close.

    What happened before the first day is landed as history. Run again, it goes on where it stopped.
    """
    from recsys_assets.assets.raw import inbox
    from recsys_assets.storage.landing.database import Landing
    from recsys_jobs import show_grades
    from recsys_jobs.replay import arrivals, folder_of, hand_over, missed, moment, plan

    profile = _profile()
    built = _built_nights(profile)
    first = built[-1] + timedelta(days=1) if built else profile.first_night
    history, days_of, nights = plan(profile, files or folder_of(profile), first, days)
    if not built:
        _land(profile, history, "history")
    on_time = arrivals(days_of, nights[0], nights[-1], late, twice, seed)
    coming = missed(days_of, first, {row["name"] for row in Landing(profile).files().to_pylist()}) + on_time
    for night in nights:
        for arrival in (arrival for arrival in coming if arrival.night == night):
            note = " again" if arrival.again else f" {arrival.days_late} day(s) late" if arrival.days_late else ""
            console.print(f"[bold]{moment(profile, night):%Y-%m-%d %H:%M}[/bold] {arrival.path.name} arrives{note}")
            _land(profile, [hand_over(arrival.path, inbox(profile))], "arrival", arrived_at=moment(profile, night))
        if night == nights[-1] or (night - nights[0]).days % every == every - 1:
            build_nights(profile, [night], {"recsys/replay": str(first)})
    waiting = [arrival.path.name for arrival in coming if arrival.night > nights[-1]]
    if waiting:
        console.print(f"Still on their way when the replay ended: {', '.join(waiting)}")
    show_grades.nights(console, profile)


command(check)
command(future, audits)


@command
def releases() -> None:
    """List the releases, newest first, and which one readers see."""
    from recsys_jobs import show

    show.releases(console, _profile())


@command
def rollback(
    to: Annotated[str | None, typer.Option(help="Release to go back to (default: the one published before).")] = None,
) -> None:
    """Let readers see an earlier release again; the next newer night publishes as usual."""
    from recsys_assets.storage.release.releases import Releases

    console.print(Releases(_profile().folder).rollback(to).reason)


@command
def query(
    sql: Annotated[str, typer.Argument(help="SQL over the published release.")],
    rows: Annotated[int, typer.Option(help="Rows to print at most.")] = 20,
) -> None:
    """Run SQL on the published release, read-only.

    For example: recsys query "from serving.recommend(900, k := 5)"
    """
    from recsys_assets.storage.release.releases import Releases
    from recsys_jobs import show

    with Releases(_profile().folder).connect() as connection:
        connection.execute("set enable_external_access = false")  # no files: neither read nor written
        connection.execute("set lock_configuration = true")
        show.table(console, connection.sql(sql), rows)


@command
def why(
    user: Annotated[str, typer.Argument(help="User id as delivered.")],
    item: Annotated[str, typer.Argument(help="Item id as delivered.")],
    night: NightOption = None,
) -> None:
    """Show why a user was recommended an item, down to the delivered rows it rests on."""
    from recsys_jobs import show

    profile = _profile()
    show.why(console, profile, user, item, _built(profile, night))


@command
def costs(night: NightOption = None) -> None:
    """Show what each algorithm of a night cost: seconds and memory of fitting it and of making its lists."""
    from recsys_jobs import show_costs

    profile = _profile()
    show_costs.costs(console, profile, _built(profile, night))


@command
def prune(
    keep: Annotated[int, typer.Option(min=2, help="Newest releases to keep.")] = 14,
) -> None:
    """Delete partitions superseded for over a day, and old releases; never what is current."""
    from datetime import timedelta

    from recsys_assets.storage.lake.lake import Lake
    from recsys_assets.storage.release.releases import Releases

    profile = _profile()
    freed = Lake(profile).prune()
    removed = Releases(profile.folder).prune(keep, timedelta(days=1))
    console.print(f"Freed {freed / 1e6:,.1f} MB of superseded partitions; removed {len(removed)} old release(s).")


def _profile() -> Profile:
    from recsys_assets.profile import load_profile

    return load_profile()


def _land(profile: Profile, files: list[Path], kind: Any, **options: Any) -> list[Landed]:
    from recsys_assets.assets.raw import FilesRefused, land_files
    from recsys_jobs.run import report_landing

    refused = None
    with console.status("Landing"):
        try:
            landed = land_files(profile, files, kind, lambda text: console.print("  " + text, markup=False), **options)
        except FilesRefused as error:
            landed, refused = error.landed, error
    if len(landed) > 1:
        read, rows, rejected = (sum(getattr(file, f"rows_{what}") for file in landed) for what in ROW_COUNTS)
        console.print(f"  In all: {len(landed)} files, {read:,} rows read, {rows:,} landed, {rejected:,} rejected")
    report_landing(landed)
    stale = sorted({night for file in landed for night in file.stale})
    if stale:
        console.print(f"Stale, build them again: {', '.join(map(str, stale))}", style="yellow")
    if refused:
        raise refused
    return landed


def build_nights(profile: Profile, nights: list[Night], tags: dict[str, str] | None = None) -> None:
    """Build nights, oldest first, with a bar that names the step under way."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from recsys_jobs.run import check_night, dagster_instance, nightly_job, run_night

    for night in nights:
        check_night(profile, night)
    if not nights:
        return
    job = nightly_job(profile)
    columns = (TextColumn("night {task.description}"), BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[step]}"), console=console) as bars, dagster_instance() as instance:
        for night in sorted(nights):
            bar = bars.add_task(str(night), total=None, step="")

            def progress(done: int, steps: int, step: str, bar: Any = bar) -> None:
                bars.update(bar, completed=done, total=steps, step=step)

            run_night(profile, job, night, instance, progress, tags)


def _built_nights(profile: Profile) -> list[Night]:
    from recsys_assets.storage.lake.lake import Lake

    return Lake(profile).built_nights()


def _built(profile: Profile, night: datetime | None) -> Night:
    """The built night that was asked for, or else the newest."""
    built = _built_nights(profile)
    if night is None and not built:
        raise FileNotFoundError(
            f"No night of profile {profile.name} is built yet. Run `recsys night` or `recsys demo`."
        )
    asked = night.date() if night else built[-1]
    if asked not in built:
        raise FileNotFoundError(f"Night {asked} is not built. Built are {', '.join(map(str, built[-10:]))}.")
    return asked


def _is_built(profile: Profile, night: Night) -> bool:
    from recsys_assets.storage.lake.lake import Lake

    return Lake(profile).partition("releases.published", night) is not None
