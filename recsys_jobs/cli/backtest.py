"""``recsys backtest``: a backfill of the job ``nightly``, and the grades that come out of it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from recsys_assets.evaluation.plots import grades_over_nights
from recsys_assets.nights import nights_between
from recsys_assets.reports.grades import (
    comparisons,
    leading_comparisons,
    nightly_grades,
    pooled_grades,
    ranked_grades,
)
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.private import private_folder
from recsys_assets.storage.space import check_room_for_nights
from recsys_jobs.cli.console import Table
from recsys_jobs.cli.context import Context
from recsys_jobs.cli.tables import interval, print_grades
from recsys_jobs.run import NightFailed, check_night, dagster_instance

if TYPE_CHECKING:
    from pathlib import Path

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_jobs.cli.console import Console


def backtest(
    ctx: typer.Context,
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
    from recsys_jobs.staleness import nights_to_build  # It loads Dagster.

    if last < first:
        raise typer.BadParameter(f"{last:%Y-%m-%d} lies before {first:%Y-%m-%d}.", param_hint="--to")
    context = ctx.ensure_object(Context)
    console, profile = context.console, context.profile
    nights = nights_between(first.date(), last.date(), every or profile.horizon)
    for night in nights:
        check_night(profile, night)
    left = nights if rebuild else nights_to_build(profile, nights)
    if len(left) < len(nights):
        console.print(f"{len(nights) - len(left)} of {len(nights)} nights are built and up to date.")
    if left:
        _build(context, left, len(nights), rebuild=rebuild)
    graded = [row for row in nightly_grades(profile, "ndcg", 10) if nights[0] <= row.night <= nights[-1]]
    print_grades(console, graded)
    _warn_of_others(console, profile, nights)
    _print_pooled(console, profile, nights[-1])
    folder = _write(profile, nights[0], nights[-1])
    console.print(f"Written: {folder}", soft_wrap=True)


def _build(context: Context, nights: list[Night], n_in_all: int, *, rebuild: bool) -> None:
    """Build nights as one backfill on the UI's pages.

    Raises
    ------
    NightFailed
        When one fails, or when the backfill was cancelled on the UI's pages.
    """
    from recsys_jobs.dagster_internals import LOCATION, recorded_backfill  # These load Dagster.
    from recsys_jobs.definitions import NIGHTLY

    check_room_for_nights(context.profile, len(nights))
    title = f"recsys backtest, {nights[0]} to {nights[-1]}"
    location = context.profile.key_prefix or LOCATION
    with (
        dagster_instance() as instance,
        recorded_backfill(instance, NIGHTLY, title, nights, location) as (tags, is_cancelled),
    ):
        for place, night in enumerate(nights):
            n_left = len(nights) - place
            if is_cancelled():
                raise NightFailed(f"Cancelled on the UI's pages; {n_left} nights are left.")
            try:
                context.build_nights([night], tags, rebuild=rebuild)
            except NightFailed as failed:
                raise NightFailed(
                    f"{failed}\nThe backtest stops there, with {n_left} of {n_in_all} nights left. Mend it and "
                    "run the same command: it goes on with that night."
                ) from failed


def _warn_of_others(console: Console, profile: Profile, nights: list[Night]) -> None:
    """Name graded nights outside of the backtest that are pooled with its own and that today's code did not make."""
    from recsys_jobs.staleness import Inspection  # It loads Dagster.

    others = [night for night in Lake(profile).nights("grades.summary") if night < nights[-1] and night not in nights]
    if not others:
        return
    inspection = Inspection(profile)
    if odd := [night for night in others if not inspection.is_current(night)]:
        console.print(
            f"Pooled with them: grades of {len(odd)} nights, {odd[0]} to {odd[-1]}, made by other code or settings: "
            f"a backtest from {odd[0]} on builds them anew.",
            style="yellow",
        )


def _print_pooled(console: Console, profile: Profile, night: Night) -> None:
    """NDCG@10 of every list over all nights graded up to a night, and the differences that matter."""
    grades = ranked_grades(pooled_grades(profile, night, "ndcg", 10))
    names = ("task", "by", "NDCG@10", "95% interval", "nights", "users", "user-nights", "status")
    pooled = Table(*names, title=f"All nights graded up to {night}")
    for grade in grades:
        counts = [f"{grade.n_nights:,}", f"{grade.n_users:,} {grade.users}", f"{grade.n_user_nights:,}"]
        pooled.add_row(grade.task, grade.algorithm, f"{grade.mean:.4f}", interval(grade), *counts, grade.status)
    console.print(pooled)
    compared = Table(
        *("task", "list", "less", "NDCG@10", "95% interval", "p", "corrected", "status"),
        title=f"Differences on the same user-nights of known users, up to {night}; p corrected for the pairs of a task",
    )
    for pair in leading_comparisons(comparisons(profile, night, "ndcg", 10), grades):
        between = f"{pair.low:+.4f} to {pair.high:+.4f}"
        figures = [f"{pair.difference:+.4f}", between, f"{pair.p:.4f}", f"{pair.p_corrected:.4f}"]
        compared.add_row(pair.task, pair.algorithm, pair.baseline, *figures, pair.status)
    console.print(compared)


def _write(profile: Profile, first: Night, last: Night) -> Path:
    """Write a backtest's grades as CSV and as a picture, for people; returns the folder."""
    import pyarrow as pa
    import pyarrow.csv

    folder = profile.folder / "backtests" / f"{first}_{last}"
    private_folder(folder)
    graded = [row for row in nightly_grades(profile) if first <= row.night <= last]
    tables = {
        "grades": [asdict(row) for row in graded],
        "pooled": [asdict(row) for row in pooled_grades(profile, last)],
        "comparisons": [asdict(row) for row in comparisons(profile, last)],
    }
    for name, rows in tables.items():
        if rows:
            pa.csv.write_csv(pa.Table.from_pylist(rows), folder / f"{name}.csv")
    drawn = [row for row in tables["grades"] if (row["metric"], row["k"], row["users"]) == ("ndcg", 10, "known")]
    if drawn:
        (folder / "grades.png").write_bytes(grades_over_nights(drawn))
    return folder
