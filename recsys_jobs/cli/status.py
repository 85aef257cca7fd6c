"""``recsys status``: how a deployment stands, on one screen, with an exit code for cron."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import typer

from recsys_assets.reports.status import status as status_of
from recsys_jobs.cli.console import Table, several_lines
from recsys_jobs.cli.context import Context, NightOption
from recsys_jobs.run import check_night, dagster_instance

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.reports.status import Status
    from recsys_jobs.cli.console import Console
    from recsys_jobs.troubles import LastRun

WRONG, ODD = 1, 3
"""Exit codes: readers' tables are late or missing, or work failed; nothing of that, but something is worth a look."""
STYLES = {"stale": "yellow", "damaged": "red", "missing": "red"}
MAX_LINES = 5
"""Files in quarantine named."""


def status(ctx: typer.Context, night: NightOption = None) -> None:
    """Show how the deployment stands: nights, what readers see, the last run, failed checks, the next night, disk.

    With --night: whether each table and model of a night is current, stale (and what changed), damaged or missing.

    Ends with exit code 0 when all is well, 1 when something is wrong (of a night: damaged or missing), and 3 when
    something is only worth a look: a check that warns, a file in quarantine, a table that is stale.
    """
    from recsys_assets.checks.declared import load_checks
    from recsys_jobs.definitions import check_keys  # It loads Dagster, which takes seconds.
    from recsys_jobs.troubles import find_troubles, last_run

    context = ctx.ensure_object(Context)
    console, profile = context.console, context.profile
    if night is not None:
        _show_night(console, profile, night.date())
        return
    found = status_of(profile)
    with dagster_instance() as instance:
        troubles = find_troubles(profile, instance, check_keys(profile, load_checks(profile)), found)
        run = last_run(profile, instance)
    table = Table(show_header=False, box=None, title=f"Profile {profile.name}", title_justify="left")
    n_failed = sum(trouble.key.startswith("check ") for trouble in troubles)
    for name, value in (*_rows(found, run), ("failed checks", str(n_failed or "none"))):
        table.add_row(name, several_lines(value.split("\n")))
    console.print(table)
    for trouble in troubles:
        style = "red" if trouble.is_error else "yellow"
        console.print(f"{trouble.sentence} {trouble.next_step}", style=style, soft_wrap=True)
    if any(trouble.is_error for trouble in troubles):
        raise typer.Exit(WRONG)
    if troubles or found.quarantined:
        raise typer.Exit(ODD)


def _show_night(console: Console, profile: Profile, night: Night) -> None:
    """Tables and models of a night that are not current, with the reason; ends with an exit code for cron."""
    from recsys_jobs.staleness import Inspection  # It loads Dagster.

    check_night(profile, night)
    with console.status(f"Looking at night {night}"):
        tables = Inspection(profile).tables(night)
    counts = Counter[str](table.state for table in tables)
    odd = [table for table in tables if table.state != "current"]
    if odd:
        shown = Table("table", "night", "state", "why", title=f"Night {night} of profile {profile.name}")
        for table in odd:
            shown.add_row(table.name, str(table.night), table.state, table.reason, style=STYLES[table.state])
        console.print(shown)
    listed = ", ".join(f"{counts[state]} {state}" for state in ("current", *STYLES) if counts[state])
    console.print(f"Night {night}: {listed}." + (f" To build it: recsys night {night}" if odd else ""))
    if counts["damaged"] or counts["missing"]:
        raise typer.Exit(WRONG)
    if odd:
        raise typer.Exit(ODD)


def _rows(found: Status, run: LastRun | None) -> list[tuple[str, str]]:
    """Names and values, a line each."""
    nights = f"{found.n_nights} built, {found.first_built} to {found.last_built}" if found.n_nights else "none is built"
    published, due = "nothing", "none: the profile's last night has closed"
    if found.published and found.published.published_at:
        at = found.published.published_at.replace(tzinfo=None)
        published = f"night {found.published.night}, since {at:%Y-%m-%d %H:%M} UTC ({_ago(found.now - at)})"
    if found.next_night and found.next_close:
        due = f"night {found.next_night} closes {_at(found.next_close)} UTC"
    ran = "none in the last two weeks"
    if run is not None:
        ran = f"{run.job}{f' of night {run.night}' if run.night else ''}: {run.status}, begun {_at(run.began_at)} UTC"
    waiting = [f"{file.name}: {file.reason}" for file in found.quarantined[-MAX_LINES:]]
    n_more = len(found.quarantined) - len(waiting)
    quarantined = "\n".join([*waiting, *([f"and {n_more} before"] if n_more else [])])
    used, free, night = found.bytes_used / 1e9, found.bytes_free / 1e9, found.bytes_of_night / 1e6
    return [
        ("nights", nights),
        ("readers see", published),
        ("next", due),
        ("last run", ran),
        ("quarantined", quarantined or "no file of the last week"),
        ("disk", f"{used:,.2f} GB used, {free:,.1f} GB free; a night takes {night:,.1f} MB"),
    ]


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _ago(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours:.0f} hours ago" if hours < 48 else f"{hours / 24:.0f} days ago"
