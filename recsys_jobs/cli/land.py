"""``recsys land``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from recsys_assets.nights import night_of, utc_now
from recsys_assets.reports.landing import reject_reasons
from recsys_jobs.cli.context import Context, given_path
from recsys_jobs.cli.tables import print_failing, print_rejects

INSTANTS = [f"%Y-%m-%d{between}{clock}" for clock in ("%H:%M", "%H:%M:%S", "%H:%M:%S%z") for between in ("T", " ")] + [
    "%Y-%m-%d"
]
"""How an instant may be written; without an offset it is UTC."""


def land(
    ctx: typer.Context,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Files, or folders of them; none: the profile's history, or its inbox.",
            parser=given_path,
            metavar="[FILES]...",
        ),
    ] = None,
    history: Annotated[
        bool, typer.Option("--history", help="Every row was known when it happened (a first load).")
    ] = False,
    arrived_at: Annotated[
        datetime | None, typer.Option(formats=INSTANTS, help="UTC instant of arrival, for replays (default: now).")
    ] = None,
    restate: Annotated[
        bool, typer.Option("--restate", help="Let history reach into sealed nights: they must be built again.")
    ] = False,
) -> None:
    """Take delivered files in: each wholly, once, or not at all.

    Without --history rows count as arrived now and become visible with the next open night.
    """
    from recsys_assets.assets.raw import history_files, inbox  # It loads Dagster.
    from recsys_assets.reports.checks import delivery_warnings  # It loads sqlglot.

    if arrived_at and arrived_at.tzinfo:
        arrived_at = arrived_at.astimezone(UTC).replace(tzinfo=None)
    if arrived_at and (history or arrived_at > utc_now()):
        raise typer.BadParameter(
            "history has no arrival, and no file arrives in the future.", param_hint="--arrived-at"
        )
    if arrived_at and arrived_at.year < 1990:
        raise typer.BadParameter("events before 1990 are rejected, so none arrived then.", param_hint="--arrived-at")
    context = ctx.ensure_object(Context)
    console, profile = context.console, context.profile
    if not files:
        folder = inbox(profile)
        arrived = [folder] if folder.is_dir() and any(folder.iterdir()) else []
        files = history_files(profile) if history else arrived
    if not files:
        console.print(f"Nothing to land: name files, put them into {inbox(profile)}, or pass --history.")
        return
    landed = context.land(files, "history" if history else "arrival", arrived_at=arrived_at, restate=restate)
    names = {file.name for file in landed if file.status == "landed"}
    print_rejects(console, reject_reasons(profile, names), sum(file.rows_read for file in landed))
    for warning in delivery_warnings(profile, {file.raw_table for file in landed}):
        console.print(f"WARN {warning.check} of {warning.table}", style="yellow")
        print_failing(console, warning)
    arrives = night_of((arrived_at or utc_now()) - profile.grace)
    if names and not history and profile.last_night and arrives > profile.last_night:
        console.print(
            f"No night will see what arrived: last_night of profile {profile.name} is {profile.last_night}. "
            "Delete that line of the profile if files keep arriving.",
            style="yellow",
        )
    if any(file.status == "quarantined" for file in landed):
        raise typer.Exit(1)
