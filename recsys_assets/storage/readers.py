"""Reading delivered files, exactly as delivered, into a table of staged rows.

What belongs here: one reader per format. Text formats are read as text, so that ids and numbers stay as delivered;
Parquet keeps its types. Lines that cannot be split into columns come back as rejects, not as an error.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from recsys_assets.profile import Delivery


class UnreadableFile(Exception):
    """A file that cannot be read at all; it is quarantined with this message."""


def stage(con: duckdb.DuckDBPyConnection, path: Path, delivery: Delivery) -> list[tuple[int, str, str, str]]:
    """Read a file into the temporary table ``staged``: its columns plus ``landed_row`` (1-based row of data).

    Returns
    -------
    list of (row, column, reason, line)
        Lines that could not be split into the file's columns; ``row`` counts lines after the header.

    Raises
    ------
    UnreadableFile
        When the format is unknown or nothing can be read.
    """
    import duckdb

    kind = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    reader = _READERS.get(kind)
    if reader is None:
        raise UnreadableFile(f"format .{kind} is not known; deliver CSV, CSV.gz, Parquet or JSON lines")
    try:
        con.execute("drop table if exists staged")
        return reader(con, path, delivery)
    except duckdb.Error as error:
        raise UnreadableFile(str(error).strip().splitlines()[0]) from error


def _csv(con: duckdb.DuckDBPyConnection, path: Path, delivery: Delivery) -> list[tuple[int, str, str, str]]:
    con.execute("drop table if exists reject_errors; drop table if exists reject_scans")
    rows = con.read_csv(str(path), header=True, all_varchar=True, store_rejects=True, delimiter=delivery.delimiter)
    rows.create("split")
    con.execute("create temp table staged as select *, rowid + 1 as landed_row from split; drop table split")
    return con.execute(
        "select line - 1, coalesce(min(column_name), ''), min(error_message), min(csv_line) "
        "from reject_errors group by line order by line"
    ).fetchall()


def _parquet(con: duckdb.DuckDBPyConnection, path: Path, delivery: Delivery) -> list[tuple[int, str, str, str]]:
    con.execute(
        "create temp table staged as select * exclude (file_row_number), file_row_number + 1 as landed_row "
        "from read_parquet($1, file_row_number = true)",
        [str(path)],
    )
    return []


def _json_lines(con: duckdb.DuckDBPyConnection, path: Path, delivery: Delivery) -> list[tuple[int, str, str, str]]:
    con.execute(
        "create temp table lines as select json from read_ndjson_objects($1, ignore_errors = false)",
        [str(path)],
    )
    names = con.execute("select distinct unnest(json_keys(json)) as name from lines order by name").fetchall()
    if not names:
        raise UnreadableFile("holds no JSON object with a field; deliver one object a line")
    columns = ", ".join(f"json ->> {text(name)} as {quoted(name)}" for (name,) in names)
    con.execute(f"create temp table staged as select {columns}, rowid + 1 as landed_row from lines; drop table lines")
    return []


def text(value: str) -> str:
    """SQL literal of a text, for the places where DuckDB binds no parameter."""
    return "'" + value.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """Identifier in quotes, for column names as delivered."""
    return '"' + name.replace('"', '""') + '"'


_READERS: dict[str, Callable[[duckdb.DuckDBPyConnection, Path, Delivery], list[tuple[int, str, str, str]]]] = {
    "csv": _csv,
    "tsv": _csv,
    "txt": _csv,
    "parquet": _parquet,
    "jsonl": _json_lines,
    "ndjson": _json_lines,
    "json": _json_lines,
}
