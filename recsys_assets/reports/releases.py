"""The releases of a profile, and what a query over the one that readers see gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recsys_assets.storage.release.releases import ReleaseInfo, Releases

if TYPE_CHECKING:
    from recsys_assets.profile import Profile


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


def query(profile: Profile, sql: str, n_rows: int) -> QueryResult | None:
    """Run SQL on the published release, read-only and without access to any file.

    Parameters
    ----------
    n_rows
        Rows to return at most.

    Returns
    -------
    QueryResult or None
        None for a statement that has no result.

    Raises
    ------
    ReleaseError
        When nothing is published.
    duckdb.Error
        When the SQL is wrong, or would write or read a file.
    """
    with Releases(profile.folder).connect() as connection:
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        relation: Any = connection.sql(sql)
        if relation is None:
            return None
        rows = relation.limit(n_rows + 1).fetchall()
        return QueryResult(tuple(relation.columns), tuple(rows[:n_rows]), len(rows) > n_rows)
