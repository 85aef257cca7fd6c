"""What landed: files in the ledger, and why rows were rejected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from recsys_assets.storage.landing.database import Landing

if TYPE_CHECKING:
    from collections.abc import Collection

    from recsys_assets.profile import Profile


@dataclass(frozen=True)
class DeliveredFile:
    """One file of the ledger."""

    name: str
    raw_table: str
    status: Literal["landed", "superseded", "quarantined"]
    """``superseded``: a corrected file of its name came later; ``quarantined``: it could not be read at all."""
    rows_read: int
    rows_landed: int
    rows_rejected: int


@dataclass(frozen=True)
class RejectReason:
    """Rejected rows that have one column and reason in common."""

    column: str
    reason: str
    n_rows: int
    n_files: int
    first_file: str
    """First of these files, by name."""
    first_row: int
    """First such row of that file, counted from 1 without the header."""
    example: str | None = None
    """One of the values at fault, in quotes, where the reason tells it."""


def delivered_files(profile: Profile) -> list[DeliveredFile]:
    """Every file of the ledger, in order of landing."""
    return [
        DeliveredFile(
            name=row["name"],
            raw_table=row["raw_table"],
            status=row["status"],
            rows_read=row["rows_read"],
            rows_landed=row["rows_landed"],
            rows_rejected=row["rows_rejected"],
        )
        for row in Landing(profile).files().to_pylist()
    ]


def reject_reasons(profile: Profile, files: Collection[str] | None = None) -> list[RejectReason]:
    """Rejected rows by column and reason, most first.

    Parameters
    ----------
    files
        Names of the files to look at; None: all.
    """
    by_reason: dict[tuple[str, str], list[tuple[str, int, int, str | None]]] = {}
    for row in Landing(profile).reject_counts().to_pylist():
        if files is None or row["name"] in files:
            counted = (row["name"], row["first_row"], row["n_rows"], row["example"])
            by_reason.setdefault((row["column_name"], row["reason"]), []).append(counted)
    reasons = []
    for (column, reason), counted_files in by_reason.items():
        name, first_row, _, example = min(counted_files, key=lambda counted: counted[0])
        n_rows = sum(n for _, _, n, _ in counted_files)
        reasons.append(RejectReason(column, reason, n_rows, len(counted_files), name, first_row, example))
    return sorted(reasons, key=lambda row: (row.n_rows, row.column, row.reason), reverse=True)
