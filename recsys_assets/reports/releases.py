"""The releases of a profile, and what a query over the one that readers see gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recsys_assets.storage.release.queries import QueryError, asked, write_rows
from recsys_assets.storage.release.releases import ReleaseInfo, Releases

if TYPE_CHECKING:
    from pathlib import Path

    from recsys_assets.profile import Profile
    from recsys_assets.storage.release.queries import Format


@dataclass(frozen=True)
class QueryResult:
    """The first rows of a query's result."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    """Values as DuckDB gives them to Python."""
    has_more: bool
    """Whether the query has more rows than these."""


def releases(profile: Profile) -> list[ReleaseInfo]:
    """Releases on disk, the latest built first; empty before the first."""
    return sorted(Releases(profile.folder).list(), key=lambda release: release.built_at, reverse=True)


def query(profile: Profile, sql: str, n_rows: int | None) -> QueryResult | None:
    """Run SQL on the published release, read-only and without access to any file.

    Parameters
    ----------
    n_rows
        Rows to return at most; None: all.

    Returns
    -------
    QueryResult or None
        None for a statement that has no result.

    Raises
    ------
    ReleaseError
        When nothing is published.
    QueryError
        When the SQL is wrong, or would write or read a file.
    """
    with asked(Releases(profile.folder), sql) as relation:
        if relation is None:
            return None
        rows = (relation if n_rows is None else relation.limit(n_rows + 1)).fetchall()
        return QueryResult(tuple(relation.columns), tuple(rows[:n_rows]), n_rows is not None and len(rows) > n_rows)


def write_query(profile: Profile, sql: str, n_rows: int | None, file: Path, kind: Format) -> int:
    """Run SQL on the published release and write what it gives to a file, wholly or not at all.

    Parameters
    ----------
    n_rows
        Rows to write at most; None: all.
    file
        File to write; one that is there is replaced.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    ReleaseError
        When nothing is published.
    QueryError
        When the SQL is wrong, has no result, or would write or read a file.
    DiskError
        When the file cannot be written.
    """
    with asked(Releases(profile.folder), sql) as relation:
        if relation is None:
            raise QueryError("The statement gives no rows to write. Write a SELECT, or leave out the format.")
        return write_rows(relation if n_rows is None else relation.limit(n_rows), file, kind)
