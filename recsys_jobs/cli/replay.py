"""``recsys replay``."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from recsys_assets.reports.grades import nightly_grades
from recsys_assets.reports.landing import delivered_files
from recsys_assets.storage.lake.lake import Lake
from recsys_jobs.cli.context import Context, finite, given_path
from recsys_jobs.cli.tables import print_grades
from recsys_jobs.replay import arrivals, folder_of, hand_over, missed, moment, plan


def replay(
    ctx: typer.Context,
    days: Annotated[
        int, typer.Option(min=1, max=36_500, help="Days to replay, from the first night that is not built.")
    ] = 14,
    files: Annotated[
        Path | None,
        typer.Option(
            help="Folder with one file a day (default: the profile's history).", parser=given_path, metavar="FOLDER"
        ),
    ] = None,
    late: Annotated[
        float, typer.Option(min=0, max=1, callback=finite, help="Share of files that come 1 to 9 days late.")
    ] = 0.0,
    twice: Annotated[
        float, typer.Option(min=0, max=1, callback=finite, help="Share of files that come again a day later.")
    ] = 0.0,
    every: Annotated[int, typer.Option(min=1, help="Days from one built night to the next.")] = 1,
    seed: Annotated[int, typer.Option(help="Which files are late or come twice.")] = 0,
) -> None:
    """Live through delivered history: each day's file arrives in the inbox, each night is built at its close.

    What happened before the first day is landed as history. Run again, it goes on where it stopped.
    """
    from recsys_assets.assets.raw import inbox  # It loads Dagster.

    if files and not files.is_dir():
        raise typer.BadParameter(f"{files} is no folder.", param_hint="--files")
    context = ctx.ensure_object(Context)
    console, profile = context.console, context.profile
    built = Lake(profile).built_nights()
    first = built[-1] + timedelta(days=1) if built else profile.first_night
    history, days_of, nights = plan(profile, files or folder_of(profile), first, days)
    if not built:
        context.land(history, "history")
    on_time = arrivals(days_of, nights[0], nights[-1], late, twice, seed)
    coming = missed(days_of, first, {file.name for file in delivered_files(profile)}) + on_time
    for night in nights:
        for arrival in (arrival for arrival in coming if arrival.night == night):
            note = " again" if arrival.again else f" {arrival.days_late} day(s) late" if arrival.days_late else ""
            console.print(f"{moment(profile, night):%Y-%m-%d %H:%M} {arrival.path.name} arrives{note}")
            context.land([hand_over(arrival.path, inbox(profile))], "arrival", arrived_at=moment(profile, night))
        if night == nights[-1] or (night - nights[0]).days % every == every - 1:
            context.build_nights([night], {"recsys/replay": str(first)})
    waiting = [arrival.path.name for arrival in coming if arrival.night > nights[-1]]
    if waiting:
        console.print(f"Still on their way when the replay ended: {', '.join(waiting)}")
    print_grades(console, nightly_grades(profile, "ndcg", 10))
