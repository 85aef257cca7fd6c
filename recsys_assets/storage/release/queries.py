"""SQL that people give, run on a release: read-only, without access to any file, and its rows written to one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from recsys_assets.errors import DiskError, RecsysError, disk_error
from recsys_assets.selects.quoting import text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from recsys_assets.storage.release.folder import ReleaseFolder

Format = Literal["csv", "json", "parquet"]
"""What rows are written as: ``csv`` has a line of names, ``json`` is one list of objects."""
_OPTIONS: dict[Format, str] = {
    "csv": "format csv, header",
    "json": "format json, array true",
    "parquet": "format parquet",
}


class QueryError(RecsysError):
    """SQL that the release cannot run; the message is DuckDB's, with where to look."""


@contextmanager
def asked(releases: ReleaseFolder, sql: str) -> Iterator[Any]:
    """The result of a statement (a DuckDB relation, not yet run); None for a statement that has none.

    Raises
    ------
    ReleaseError
        When nothing is published.
    QueryError
        When the SQL is wrong, or would write or read a file; also while its rows are fetched.
    """
    import duckdb

    if not sql.strip():
        raise QueryError("There is no SQL to run. Write a SELECT, for example: from serving.recommend('some user')")
    with releases.connect() as connection:
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        try:
            yield connection.sql(sql)
        except duckdb.Error as error:
            raise QueryError(
                f'{error}\nMend the SQL. `recsys query "show all tables"` lists the tables; docs/release.md says what '
                "they hold."
            ) from error


def write_rows(relation: Any, file: Path, kind: Format) -> int:
    """Write all rows of a relation to a file, wholly or not at all; returns how many.

    Parameters
    ----------
    file
        File to write; one that is there is replaced.

    Raises
    ------
    DiskError
        When the file cannot be written.
    """
    import duckdb

    file = file.resolve()  # Behind a link the file is replaced, not the link.
    if file.exists() and not file.is_file():
        raise DiskError(f"{file} is no regular file. Name one, or none to write to standard output.")
    temporary = file.with_name(f".tmp-{file.name}")
    with duckdb.connect() as writing:
        # A database of its own, since the one that runs the SQL may touch no file.
        writing.register("answer", relation.to_arrow_reader())
        try:
            with temporary.open("wb"):  # It says better than DuckDB what is wrong with a place.
                pass
            ((n_rows,),) = writing.execute(f"copy answer to {text(str(temporary))} ({_OPTIONS[kind]})").fetchall()
            temporary.replace(file)
        except (OSError, duckdb.IOException) as error:
            raise disk_error(error) or DiskError(f"{file} cannot be written: {error}. Choose another place.") from error
        finally:
            temporary.unlink(missing_ok=True)
    return int(n_rows)
