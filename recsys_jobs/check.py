"""``recsys check``: the declared checks of one night, run without Dagster and printed as ``dbt test`` prints them."""

from __future__ import annotations

import time
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recsys_assets.checks.declared import Check
    from recsys_assets.checks.running import Outcome
    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

STYLES = {"PASS": "green", "WARN": "yellow", "ERROR": "red", "SKIP": "yellow"}


def check(
    select: Annotated[
        list[str] | None,
        typer.Option(help="tag:leakage, a schema, a table or a check; several add up, a comma between two: both."),
    ] = None,
    night: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Night (default: the newest built one).")
    ] = None,
) -> None:
    """Check the tables of a night as they lie in the lake; ends with exit code 1 when a check fails.

    The nightly job runs the same checks, right after each table is written, and stops where one fails.
    """
    from recsys_assets.profile import load_profile
    from recsys_jobs.cli import console

    profile = load_profile()
    asked = night.date() if night else newest_built(profile)
    checks, counts, started = selected(profile, select or []), dict.fromkeys(STYLES, 0), time.perf_counter()
    width = max(len(_title(check)) for check in checks) + 4
    console.print(f"Night {asked} of profile {profile.name}: {len(checks)} checks", highlight=False)
    for place, (found, outcome) in enumerate(_outcomes(profile, checks, asked), 1):
        word = outcome[0] if isinstance(outcome, tuple) else outcome.verdict.upper()
        counts[word] += 1
        line = f"{place:>{len(str(len(checks)))}} of {len(checks)} {word} "
        dots = "." * (width - len(_title(found)) + 5 - len(word))
        end = outcome[1] if isinstance(outcome, tuple) else _end(word, outcome)
        text = f"{line}{_title(found)} {dots} [{end}]"
        console.print(text, style=STYLES[word], highlight=False, soft_wrap=True, markup=False)
        if not isinstance(outcome, tuple) and outcome.failures:
            _explain(found, outcome)
    total = ", ".join(f"{word} {n}" for word, n in counts.items())
    console.print(f"Done in {time.perf_counter() - started:.1f} s: {total}, in all {len(checks)}", highlight=False)
    if counts["ERROR"]:
        raise typer.Exit(1)


def newest_built(profile: Profile) -> Night:
    """Newest night with lists.

    Raises
    ------
    LakeError
        When none is built.
    """
    from recsys_assets.storage.lake.lake import Lake, LakeError

    built = Lake(profile).built_nights()
    if not built:
        raise LakeError(f"No night of profile {profile.name} is built yet. Run `recsys night` or `recsys demo`.")
    return built[-1]


def selected(profile: Profile, select: list[str]) -> list[Check]:
    """Checks that any of the words chooses; all, when there are none.

    Raises
    ------
    CheckError
        When a word chooses no check.
    """
    from recsys_assets.checks.declared import load_checks
    from recsys_assets.checks.located_yaml import CheckError, did_you_mean

    checks = load_checks(profile)
    for word in (part for words in select for part in words.split(",")):
        if not any(word in _words(check) for check in checks):
            known = {known for check in checks for known in _words(check)}
            raise CheckError(f"--select {word} chooses no check{did_you_mean(word, known)}")
    return [
        check
        for check in checks
        if not select or any(all(word in _words(check) for word in words.split(",")) for words in select)
    ]


def _words(check: Check) -> set[str]:
    schema, _, name = check.table.partition(".")
    return {schema, name, check.table, check.name, *(f"tag:{tag}" for tag in check.config.tags)}


def _outcomes(profile: Profile, checks: list[Check], night: Night) -> Iterator[tuple[Check, Outcome | tuple[str, str]]]:
    """What came out of each check, or SKIP (there is nothing to check) or ERROR (it cannot be run) and why."""
    from recsys_assets.checks.located_yaml import CheckError
    from recsys_assets.checks.running import check_tables
    from recsys_assets.storage.lake.lake import Lake, LakeError

    lake = Lake(profile)
    for _, group in groupby(checks, key=lambda check: check.table):
        waiting = [list(group)]
        while waiting:
            some = waiting.pop()
            try:
                yield from list(check_tables(lake, some, night))
            except LakeError as error:
                yield from ((check, ("SKIP", str(error))) for check in some)
            except CheckError as error:
                if len(some) == 1:
                    yield some[0], ("ERROR", str(error))
                else:  # the others can be run
                    waiting = [[check] for check in reversed(some)]


def _title(check: Check) -> str:
    return f"{check.name} of {check.table}"


def _end(word: str, outcome: Outcome) -> str:
    return f"{word if word == 'PASS' else f'{word} {outcome.failures:,}'} in {outcome.seconds:.2f}s"


def _explain(check: Check, outcome: Outcome) -> None:
    """What the check says, and the first row that fails it."""
    from recsys_jobs.cli import console

    row = ", ".join(f"{name} {value}" for name, value in outcome.first_failing[0].items())
    lines = [
        check.description,
        f"{outcome.failures:,} of {outcome.rows:,} rows; {check.config.threshold}; the first: {row}",
        f"all of them: {outcome.stored}" if outcome.stored else "",
    ]
    for line in filter(None, lines):
        console.print(f"    {line}", markup=False, highlight=False, soft_wrap=True)
