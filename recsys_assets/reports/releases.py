"""The releases of a profile, and what a query over the one that readers see gives."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from recsys_assets.errors import DiskError, RecsysError, disk_error
from recsys_assets.selects.quoting import text
from recsys_assets.storage.release.releases import ReleaseInfo, Releases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from recsys_assets.profile import Profile

Format = Literal["csv", "json", "parquet"]
"""What a query's result is written as."""


class QueryError(RecsysError):
    """SQL that the release cannot run; the message is DuckDB's, with where to look."""


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
    with _asked(profile, sql) as relation:
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
    kind
        ``csv`` has a line of names, ``json`` is one list of objects.

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
    import duckdb

    options = {"csv": "format csv, header", "json": "format json, array true", "parquet": "format parquet"}[kind]
    file = file.resolve()  # Behind a link the file is replaced, not the link.
    if file.exists() and not file.is_file():
        raise DiskError(f"{file} is no regular file. Name one, or none to write to standard output.")
    temporary = file.with_name(f".tmp-{file.name}")
    with _asked(profile, sql) as relation, duckdb.connect() as writing:
        if relation is None:
            raise QueryError("The statement gives no rows to write. Write a SELECT, or leave out the format.")
        # A database of its own, since the one that runs the SQL may touch no file.
        writing.register("answer", (relation if n_rows is None else relation.limit(n_rows)).to_arrow_reader())
        try:
            with temporary.open("wb"):  # It says better than DuckDB what is wrong with a place.
                pass
            ((written,),) = writing.execute(f"copy answer to {text(str(temporary))} ({options})").fetchall()
            temporary.replace(file)
        except (OSError, duckdb.IOException) as error:
            raise disk_error(error) or DiskError(f"{file} cannot be written: {error}. Choose another place.") from error
        finally:
            temporary.unlink(missing_ok=True)
    return int(written)


@contextmanager
def _asked(profile: Profile, sql: str) -> Iterator[Any]:
    """The result of a statement, not yet run; None for one that has none."""
    import duckdb

    with Releases(profile.folder).connect() as connection:
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        try:
            yield connection.sql(sql)
        except duckdb.Error as error:
            raise QueryError(
                f'{error}\nMend the SQL. `recsys query "show all tables"` lists the tables; docs/release.md says what '
                "they hold."
            ) from error
