"""What the declared checks of a night say, run on its tables as they lie in the lake."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from recsys_assets.checks.declared import load_checks
from recsys_assets.checks.located_yaml import CheckError, did_you_mean
from recsys_assets.checks.running import check_tables
from recsys_assets.errors import RecsysError
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.lake.partitions import NotBuilt

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from recsys_assets.checks.declared import Check
    from recsys_assets.checks.running import Outcome
    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile


@dataclass(frozen=True)
class CheckResult:
    """What came out of one check."""

    check: str
    table: str
    description: str
    status: Literal["pass", "warn", "error", "skip"]
    """``skip``: the night has no such table; ``error``: too many rows fail, or it cannot be run, also because the
    snapshot refuses to open."""
    message: str | None
    """Why it was skipped or cannot be run; None where it ran."""
    n_failing: int = 0
    n_rows: int = 0
    """Rows looked at."""
    seconds: float = 0.0
    """Time it took; checks that share a scan share its time."""
    error_if: str | None = None
    """Number of failing rows that makes an error, as a comparison such as ``> 10``; None: none does."""
    warn_if: str | None = None
    """Number that makes a warning."""
    first_failing: dict[str, Any] | None = None
    """The first failing row, in order of all its columns."""
    remedy: str = ""
    """What to look at where rows fail, and what to change."""
    stored_in: str | None = None
    """Table and file with all failing rows, where the check keeps them."""


def select_checks(profile: Profile, select: list[str]) -> list[Check]:
    """Checks that any of the words chooses; all, when there are none.

    Parameters
    ----------
    select
        ``tag:leakage``, a schema, a table or a check; several words with commas between them: all of these.

    Raises
    ------
    CheckError
        When a word chooses no check.
    """
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


def delivery_warnings(profile: Profile, raw_tables: Collection[str]) -> list[CheckResult]:
    """What the checks that warn of deliveries find in raw tables, by their names, as things are now."""
    checks = [
        check
        for check in load_checks(profile)
        if check.table.removeprefix("raw.") in raw_tables and check.config.severity == "warn"
    ]
    return [result for result in check_results(profile, checks, None) if result.status != "pass"]


def check_results(profile: Profile, checks: list[Check], night: Night | None) -> Iterator[CheckResult]:
    """Run checks, given in order of their tables, and yield what comes out of each; raw tables need no night."""
    lake = Lake(profile)
    for _, group in groupby(checks, key=lambda check: check.table):
        waiting = [list(group)]
        while waiting:
            some = waiting.pop()
            try:
                # All at once: where one cannot be run, the others are run again without it, and none is told twice.
                results = [_ran(check, outcome) for check, outcome in check_tables(lake, some, night)]
            except NotBuilt as error:
                results = [_not_run(check, "skip", str(error)) for check in some]
            except CheckError as error:
                if len(some) > 1:
                    waiting = [[check] for check in reversed(some)]
                    continue
                results = [_not_run(some[0], "error", str(error))]
            except RecsysError as error:
                results = [_not_run(check, "error", str(error)) for check in some]
            yield from results


def _words(check: Check) -> set[str]:
    schema, _, name = check.table.partition(".")
    return {schema, name, check.table, check.name, *(f"tag:{tag}" for tag in check.config.tags)}


def _ran(check: Check, outcome: Outcome) -> CheckResult:
    return CheckResult(
        check.name,
        check.table,
        check.description,
        outcome.verdict,
        message=None,
        n_failing=outcome.failures,
        n_rows=outcome.rows,
        seconds=outcome.seconds,
        error_if=check.config.error_if if check.config.severity == "error" else None,
        warn_if=check.config.warn_if,
        first_failing=outcome.first_failing[0] if outcome.first_failing else None,
        remedy=check.config.meta.remedy,
        stored_in=outcome.stored,
    )


def _not_run(check: Check, status: Literal["skip", "error"], message: str) -> CheckResult:
    return CheckResult(check.name, check.table, check.description, status, message)
