"""The ledger of landing: which files were delivered, what became of each, and which nights are sealed.

What belongs here: a file as it was handed over, what became of it, and the lines that say so in ``landing.duckdb``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from recsys_assets.errors import RecsysError
from recsys_assets.storage.queries import first_value

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import duckdb

    from recsys_assets.nights import Night
    from recsys_assets.profile import Delivery
    from recsys_assets.storage.landing.repeats import Repeats

Kind = Literal["history", "arrival"]


class LandingError(RecsysError):
    """A delivery that is refused, or a night that cannot be sealed; the message says what to do."""


@dataclass(frozen=True)
class Delivered:
    """A file as it was handed over."""

    path: Path
    """Where it was, as people can read it; it is read through what was opened."""
    delivery: Delivery
    kind: Kind
    """``history``: each row was known when it happened. ``arrival``: known from ``arrived_at`` on."""
    arrived_at: datetime
    """UTC instant of arrival; for history the moment it is landed."""
    content: str
    """SHA-256 of its bytes, hexadecimal."""
    size: int
    """Bytes."""
    restate: bool = False
    """Whether history may reach into sealed nights."""


@dataclass(frozen=True)
class Landed:
    """What became of one file."""

    name: str
    raw_table: str
    status: Literal["landed", "already landed", "quarantined"]
    rows_read: int = 0
    rows_landed: int = 0
    rows_rejected: int = 0
    message: str = ""
    stale: list[Night] = field(default_factory=list)
    """Nights with lists that ``restate`` unsealed: they must be built again."""
    rows_repeated: int = 0
    """Landed rows that equal an earlier row of the file."""
    rows_adding_nothing: int | None = None
    """Landed rows that add no event to what other files hold, nor, where the profile drops repeated lines, to the
    file's own; None: not known."""
    visible: Visible | None = None
    """Nights that first see its rows; None where none landed."""


@dataclass(frozen=True)
class Visible:
    """The nights that first see the rows of a file."""

    first: Night
    last: Night
    n_late: int = 0
    """Rows of an arrival whose own day's night had closed, or was sealed, when they came."""
    late_since: Night | None = None
    """The earliest of those days."""


def next_file_id(con: duckdb.DuckDBPyConnection) -> int:
    """Number of the file that lands next."""
    return int(first_value(con, "select coalesce(max(file_id), 0) + 1 from landing.ledger.files"))


def last_sealed(con: duckdb.DuckDBPyConnection) -> Night | None:
    """Last night that is sealed, or None."""
    night: Night | None = first_value(con, "select max(night) from landing.ledger.sealed_nights")
    return night


def landed_before(con: duckdb.DuckDBPyConnection, content: str) -> str:
    """Why a file of that content need not land again, or an empty text."""
    rows = con.execute(
        # A file of rejects only may land after all, for example with a mended SELECT.
        "select name, arrived_at from landing.ledger.files where content = $1 and status = 'landed' "
        "and (rows_landed > 0 or rows_read = 0)",
        [content],
    ).fetchall()
    return f"same content as {rows[0][0]}, landed {rows[0][1]:%Y-%m-%d %H:%M} UTC" if rows else ""


def file_number(content: str, earlier: int) -> int:
    """Number that the ids of a file's rows begin with: 96 bits of its content, so that they are the same anywhere.

    Parameters
    ----------
    content
        SHA-256 of its bytes, hexadecimal.
    earlier
        Files of that content that the ledger knew before.
    """
    if earlier:
        content = hashlib.sha256(f"{content}, landing {earlier + 1}".encode()).hexdigest()
    return int(content[:24], 16)


def record(
    con: duckdb.DuckDBPyConnection,
    file_id: int,
    file: Delivered,
    status: str,
    rows: tuple[int, int, int] = (0, 0, 0),
    message: str | None = None,
    sealed: Night | None = None,
    repeats: Repeats | None = None,
) -> None:
    """Write a file's line into the ledger; ``rows`` are (read, landed, rejected), ``sealed`` the last sealed night."""
    con.execute(
        "insert into landing.ledger.files (file_id, name, raw_table, content, bytes, kind, arrived_at, status, "
        "rows_read, rows_landed, rows_rejected, message, sealed_night, rows_repeated, most_equal) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            file_id,
            file.path.name,
            file.delivery.table,
            file.content,
            file.size,
            file.kind,
            file.arrived_at,
            status,
            *rows,
            message,
            sealed,
            repeats and repeats.repeated,
            repeats and repeats.most_equal,
        ],
    )


def record_adding_nothing(con: duckdb.DuckDBPyConnection, file_id: int, rows: int | None) -> None:
    """Write into a file's line how many of its rows add nothing to what other files hold; None: not known."""
    con.execute("update landing.ledger.files set rows_adding_nothing = $1 where file_id = $2", [rows, file_id])
