"""``recsys check``: the declared checks of one night, run without Dagster and printed as ``dbt test`` prints them."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from recsys_assets.reports.files import STAGES, whole_files
from recsys_jobs.cli.context import Context
from recsys_jobs.cli.tables import print_failing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recsys_assets.profile import Profile
    from recsys_assets.reports.checks import CheckResult
    from recsys_jobs.cli.console import Console

FILES = "files"
"""Word that selects the look at all files."""
STYLES = {"PASS": "green", "WARN": "yellow", "ERROR": "red", "SKIP": "yellow"}


def check(
    ctx: typer.Context,
    select: Annotated[
        list[str] | None,
        typer.Option(
            help="tag:leakage, a schema, a table or a check; several add up, a comma between two: both. files: whether "
            "every file holds the bytes that were written."
        ),
    ] = None,
    night: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Night (default: the newest built one).")
    ] = None,
) -> None:
    """Check the tables of a night as they lie in the lake, and all files; ends with exit code 1 when a check fails.

    The nightly job runs the same checks, right after each table is written, and stops where one fails.
    """
    from recsys_assets.reports.checks import (
        check_results,
        select_checks,
    )  # It loads sqlglot, which takes half a second.

    context = ctx.ensure_object(Context)
    console, profile = context.console, context.profile
    words, counts, started = (
        [word for word in select or [] if word != FILES],
        dict.fromkeys(STYLES, 0),
        time.perf_counter(),
    )
    checks = select_checks(profile, words) if words or not select else []
    # Raw tables have no night, and can be checked before any is built.
    is_raw = all(check.table.startswith("raw.") for check in checks)
    asked = None if is_raw and not night else context.built_night(night)
    with_files = not select or FILES in select
    n_checks = len(checks) + with_files * len(STAGES)
    width = max((len(f"{check.name} of {check.table}") for check in checks), default=30) + 4
    of = f"Night {asked} of profile" if asked else "Raw tables of profile" if checks else "Files of profile"
    console.print(f"{of} {profile.name}: {n_checks} checks")
    for place, result in enumerate(check_results(profile, checks, asked), 1):
        counts[result.status.upper()] += 1
        _print_line(console, result, f"{place:>{len(str(n_checks))}} of {n_checks}", width)
        print_failing(console, result)
    for place, (result, damaged) in enumerate(_files(profile) if with_files else (), len(checks) + 1):
        counts[result.status.upper()] += 1
        _print_line(console, result, f"{place:>{len(str(n_checks))}} of {n_checks}", width)
        for sentence in damaged:
            console.print(f"    {sentence}", soft_wrap=True)
    total = ", ".join(f"{word} {n}" for word, n in counts.items())
    console.print(f"Done in {time.perf_counter() - started:.1f} s: {total}, in all {n_checks}")
    if counts["ERROR"]:
        raise typer.Exit(1)


def _files(profile: Profile) -> Iterator[tuple[CheckResult, list[str]]]:
    """Whether the files of each stage are whole, with a sentence for each that is damaged."""
    from recsys_assets.reports.checks import CheckResult  # It loads sqlglot.

    for whole in whole_files(profile):
        said = f"{len(whole.damaged):,} of {whole.n_files:,} damaged" if whole.damaged else f"{whole.n_files:,} whole"
        status: Literal["error", "pass"] = "error" if whole.damaged else "pass"
        message = f"{status.upper()}, {said}, in {whole.seconds:.2f}s"
        yield CheckResult(FILES, whole.stage, "", status, message), whole.damaged


def _print_line(console: Console, result: CheckResult, place: str, width: int) -> None:
    """One check, the end of the line aligned to ``width``."""
    word, title = result.status.upper(), f"{result.check} of {result.table}"
    end = result.message
    if end is None:
        end = f"{word if word == 'PASS' else f'{word} {result.n_failing:,}'} in {result.seconds:.2f}s"
        end += "" if result.n_rows or result.n_failing else ", nothing to look at yet"
    text = f"{place} {word} {title} {'.' * (width - len(title) + 5 - len(word))} [{end}]"
    console.print(text, style=STYLES[word], soft_wrap=True)
