"""Tables that several commands print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.reports.grades import leading_grades
from recsys_jobs.cli.console import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from recsys_assets.reports.checks import CheckResult
    from recsys_assets.reports.grades import Grade, PooledGrade
    from recsys_assets.reports.landing import RejectReason
    from recsys_jobs.cli.console import Console

MAX_LINES = 10
"""Files or reasons listed one by one."""


def print_rejects(console: Console, reasons: Sequence[RejectReason], n_read: int) -> None:
    """Why rows were rejected, most first, and their share of the ``n_read`` rows; nothing where none was."""
    table = Table("column", "reason", "rows", "of all read", "files", "first", title="What was rejected, and why")
    for row in reasons[:MAX_LINES]:
        first = f"{row.first_file}, row {row.first_row:,}"
        share = f"{row.n_rows / n_read:.1%}"
        reason = f"{row.reason}, such as {row.example}" if row.example else row.reason
        table.add_row(row.column, reason, f"{row.n_rows:,}", share, str(row.n_files), first)
    if reasons:
        console.print(table)
    if len(reasons) > MAX_LINES:
        console.print(f"and {len(reasons) - MAX_LINES} more reasons, with fewer rows each.")


def print_failing(console: Console, result: CheckResult) -> None:
    """What a check says, the first row that fails it, and what to do about it; nothing where none does."""
    if not result.first_failing:
        return
    row = ", ".join(f"{name} {value}" for name, value in result.first_failing.items())
    threshold = f"error if {result.error_if}, " if result.error_if else ""
    lines = [
        result.description,
        f"{result.n_failing:,} of {result.n_rows:,} rows; {threshold}warn if {result.warn_if}; the first: {row}",
        f"all of them: {result.stored_in}" if result.stored_in else "",
        f"What to do: {result.remedy}" if result.remedy else "",
    ]
    for line in filter(None, lines):
        console.print(f"    {line}", soft_wrap=True)


def print_grades(console: Console, grades: Iterable[Grade]) -> None:
    """NDCG@10 of each task and night that graded it: published lists, configurations, and the best algorithm.

    Users that the graded night did not know are a line of their own: what was served to them.
    """
    leading = leading_grades(grades)
    if not leading:
        console.print("No night has grades yet: a night grades the lists of the night one horizon before it.")
        return
    table = Table("task", "lists of", "by", "NDCG@10", "95% interval", "users", "status", title="Grades over nights")
    for row in leading:
        figures = [f"{row.mean:.4f}", interval(row), f"{row.n_users:,} {row.users}", row.status]
        table.add_row(row.task, str(row.graded_night), row.algorithm, *figures)
    console.print(table)


def interval(row: Grade | PooledGrade) -> str:
    """The 95% interval of a mean, as text."""
    return f"{row.low:.3f} to {row.high:.3f}"
