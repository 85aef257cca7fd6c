"""``recsys demo``."""

from __future__ import annotations

import shlex
from datetime import timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING

import typer

from recsys_assets.reports.grades import newest_grades
from recsys_assets.reports.landing import delivered_files, reject_reasons
from recsys_assets.reports.recommendations import recommend, typical_user
from recsys_assets.storage.lake.lake import Lake
from recsys_jobs.cli.console import Table
from recsys_jobs.cli.context import Context, recommend_command
from recsys_jobs.cli.tables import MAX_LINES, print_rejects
from recsys_jobs.run import imported_meanwhile, newest_night

if TYPE_CHECKING:
    from recsys_assets.profile import Profile
    from recsys_assets.reports.grades import NightlyGrade
    from recsys_assets.reports.landing import DeliveredFile
    from recsys_jobs.cli.console import Console

SLOW_TO_IMPORT = ("sklearn.feature_extraction.text", "mlflow.tracking", "lightgbm", "matplotlib.figure")
"""Modules that a night needs, imported while DuckDB lands the files."""


def demo(ctx: typer.Context) -> None:
    """Land the profile's data, build its demo nights, publish, and show what came out.

    Run again, it finds its work done and only shows it.
    """
    from recsys_assets.assets.raw import history_files  # These load Dagster.
    from recsys_jobs.staleness import nights_to_build

    context = ctx.ensure_object(Context)
    console, profile = context.console, context.profile
    console.print(profile.title or profile.name, style="bold")
    left = nights_to_build(profile, profile.demo_nights)
    with imported_meanwhile(*SLOW_TO_IMPORT if left else ()):
        context.land(history_files(profile), "history")
    context.build_nights(left)
    _print_landed(console, profile)
    _print_grades(console, profile)
    user = typical_user(profile)
    if user is None:
        console.print("No user is known yet, so there are no lists: no event has landed that these nights can see.")
        return
    item = _print_lists(console, profile, user)
    _print_next_steps(console, profile, user, item)


def _print_landed(console: Console, profile: Profile) -> None:
    """Files in the ledger, of a raw table with many files only how many they are; and what was rejected."""
    files = delivered_files(profile)
    groups: dict[tuple[str, str], list[DeliveredFile]] = {}
    for file in files:
        groups.setdefault((file.raw_table, file.status), []).append(file)
    table = Table("file", "table", "read", "landed", "rejected", "status", title="What landed")
    for (raw_table, status), group in groups.items():
        lines = [(file.name, [file]) for file in group]
        for name, some in lines if len(group) <= MAX_LINES else [(f"{len(group)} files", group)]:
            counts = [sum(getattr(file, f"rows_{what}") for file in some) for what in ("read", "landed", "rejected")]
            table.add_row(name, raw_table, *(f"{count:,}" for count in counts), status)
    console.print(table)
    print_rejects(console, reject_reasons(profile), sum(file.rows_read for file in files))


def _print_grades(console: Console, profile: Profile) -> None:
    """The newest night's grades per task: the published lists, the ranking's configurations, and every algorithm."""
    rows = newest_grades(profile)
    if not rows:
        console.print(
            "No grades yet: a night grades the lists of the night one horizon before it, once both are built."
        )
        return
    graded = [row for row in rows if row.ndcg is not None]
    if not graded:
        console.print(
            f"Night {rows[0].night} grades nothing: nobody took anything in the {profile.horizon} day(s) up to it."
        )
        return
    known = [row for row in graded if row.users == "known"]
    if known:
        _print_known(console, profile, known)
    for row in graded:
        if row.users == "unknown":
            console.print(
                f"Task {row.task}: {row.n_users:,} users whom {row.graded_night} did not know were served what was "
                f"trending, NDCG@10 {row.ndcg:.4f} ({row.ndcg_low:.3f} to {row.ndcg_high:.3f})."
            )


def _print_known(console: Console, profile: Profile, graded: list[NightlyGrade]) -> None:
    """Grades of users that the graded night knew, a line a list."""
    first = graded[0]
    title = f"Night {first.night} grades the lists of {first.graded_night} "
    title += f"({profile.horizon} days, {first.n_users:,} users known then)"
    table = Table("task", "lists", "NDCG@10", "95% interval", "recall@10", "hit rate@10", "coverage@10", title=title)
    for row, following in zip_longest(graded, graded[1:]):
        is_published = row.algorithm == "published"
        figures = [f"{value:.3f}" if value is not None else "" for value in (row.recall, row.hit_rate, row.coverage)]
        interval = f"{row.ndcg_low:.3f} to {row.ndcg_high:.3f}"
        ends = following is None or following.task != row.task
        cells = (row.task, row.status if is_published else row.algorithm, f"{row.ndcg:.4f}", interval, *figures)
        table.add_row(*cells, end_section=ends, style="bold" if is_published else None)
    console.print(table)


def _print_lists(console: Console, profile: Profile, user: str) -> str:
    """The lists of a user; returns the first item, or an empty text where there is none."""
    first = ""
    for task in profile.tasks:
        rows = recommend(profile, user, task, k=5)
        if not rows:
            console.print(f"User {user} has no list in task {task}: nothing is left to recommend.")
            continue
        table = Table("rank", "item", "title", "why", title=f"User {user}, task {task}")
        for row in rows:
            table.add_row(str(row.rank), row.item_id, row.title or "", row.reason_text or "")
        console.print(table)
        first = first or rows[0].item_id
    return first


def _print_next_steps(console: Console, profile: Profile, user: str, item: str) -> None:
    """What to do after the demo, with ids that exist."""
    following = Lake(profile).built_nights()[-1] + timedelta(days=profile.horizon)
    steps = {
        "make dev": "the Dagster UI on localhost: assets, plots, backfills",
        recommend_command(user): "any SQL over the release",
        f"recsys why {shlex.quote(user)} {shlex.quote(item)}": "the delivered rows behind a recommendation",
        f"recsys night {following}": "one night more",
        "recsys serve": "the dashboard, and the lists over HTTP; docs/dashboard.md",
        "docs/bring-your-own-data.md": "how to bring your own data",
    }
    if following > newest_night(profile):
        del steps[f"recsys night {following}"]
    if not item:
        del steps[f"recsys why {user} {item}"]
    console.print(f"Published: {profile.folder / 'recsys.duckdb'}", soft_wrap=True)
    console.print("Next (commands are in .venv/bin):")
    width = max(map(len, steps))
    for command, what in steps.items():
        console.print(f"  {command:{width}}  {what}", soft_wrap=True)
    console.print("See it: recsys serve, then http://127.0.0.1:8000")
