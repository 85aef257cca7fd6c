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
        raise UnreadableFile(" ".join(str(error).strip().splitlines()[:2])) from error


def _csv(con: duckdb.DuckDBPyConnection, path: Path, delivery: Delivery) -> list[tuple[int, str, str, str]]:
    # The dialect is stated, not sniffed: one bad line would change how every line is read.
    delimiter, names = _header(path, delivery.delimiter)
    _split(con, path, delimiter, '"', dict.fromkeys(names, "varchar"), header=True)
    rejects: list[tuple[int, str, str, str]] = con.execute(
        "select line - 1, coalesce(min(column_name), ''), min(error_message), min(csv_line) "
        "from reject_errors group by line order by line"
    ).fetchall()
    # Kept rows are counted through, so each comes after as many rejected ones as lie before it.
    con.execute(
        "create temp table shifts as select kept_before, max(n_bad) as n_bad from ("
        "select row - row_number() over (order by row) as kept_before, row_number() over (order by row) as n_bad "
        "from (select distinct line - 1 as row from reject_errors)) group by kept_before"
    )
    con.execute(
        "create temp table staged as select split.*, rowid + 1 as landed_row from split"
        if not rejects
        else "create temp table staged as select kept.* replace (landed_row + coalesce(n_bad, 0) as landed_row) "
        "from (select *, rowid + 1 as landed_row from split) as kept "
        "asof left join (select kept_before, n_bad from shifts) as shifts on kept.landed_row > shifts.kept_before "
        "order by landed_row"
    )
    con.execute("drop table split; drop table shifts")
    return rejects


def _header(path: Path, delimiter: str | None) -> tuple[str, list[str]]:
    """Delimiter (the one the first line has most of, unless said) and column names, made unique."""
    import csv
    import gzip

    opened = gzip.open if path.name.lower().endswith(".gz") else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
            first = file.readline()
            found = delimiter or max(",;\t|", key=first.count)
            file.seek(0)
            given = next(csv.reader(file, delimiter=found), []) if len(found) == 1 else first.strip().split(found)
    except (OSError, EOFError, csv.Error) as error:
        raise UnreadableFile(f"its first line cannot be read: {error}") from error
    if not any(name.strip() for name in given):
        raise UnreadableFile("its first line holds no column names")
    names: list[str] = []
    for position, name in enumerate(given):
        taken = {known.lower() for known in names}
        free = name.strip() or f"column{position}"
        names.append(f"{free}_{position}" if free.lower() in taken else free)
    return found, names


def _split(
    con: duckdb.DuckDBPyConnection, path: Path, delimiter: str, quote: str, columns: dict[str, str], *, header: bool
) -> None:
    """Read a text file into the table ``split``; lines that cannot be split go to ``reject_errors``."""
    con.execute("drop table if exists reject_errors; drop table if exists reject_scans")
    con.read_csv(
        str(path),
        header=header,
        columns=columns,
        auto_detect=False,
        store_rejects=True,
        delimiter=delimiter,
        quotechar=quote,
        escapechar=quote,
        comment="",
        max_line_size=16 * 2**20,
        strict_mode=bool(quote),
    ).create("split")


def _parquet(con: duckdb.DuckDBPyConnection, path: Path, delivery: Delivery) -> list[tuple[int, str, str, str]]:
    con.execute(
        "create temp table staged as select * exclude (file_row_number), file_row_number + 1 as landed_row "
        "from read_parquet($1, file_row_number = true)",
        [str(path)],
    )
    return []


def _json_lines(con: duckdb.DuckDBPyConnection, path: Path, delivery: Delivery) -> list[tuple[int, str, str, str]]:
    # One column: no text holds the delimiter.
    _split(con, path, "\x01\x02\x03\x04", "", {"line": "varchar"}, header=False)
    con.execute(
        "create temp table lines as select rowid + 1 as landed_row, line, json_valid(line) and "
        "coalesce(json_type(try_cast(line as json)) = 'OBJECT', false) as is_object from split where line is not null; "
        "drop table split"
    )
    names = con.execute(
        "select distinct unnest(json_keys(line::json)) as name from lines where is_object order by name"
    ).fetchall()
    if not names:
        raise UnreadableFile("holds no JSON object with a field; deliver one object a line")
    columns = ", ".join(f"object ->> {text(_pointer(name))} as {quoted(name)}" for (name,) in names)
    con.execute(
        f"create temp table staged as select {columns}, landed_row "
        "from (select line::json as object, landed_row from lines where is_object) order by landed_row"
    )
    rejects = con.execute(
        "select landed_row, '', 'not a JSON object', line from lines where not is_object "
        "union all select line, '', min(error_message), min(csv_line) from reject_errors group by line order by all"
    ).fetchall()
    con.execute("drop table lines")
    return rejects


def _pointer(name: str) -> str:
    """JSON pointer (RFC 6901) to a field, whatever characters its name has."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


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
