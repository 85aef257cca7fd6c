"""One release as a file: tables and macros in a self-contained DuckDB database, written once and checked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from recsys_assets.errors import RecsysError
from recsys_assets.selects.quoting import quoted, text
from recsys_assets.storage.checksums import checksum, is_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from pathlib import Path

    import pyarrow as pa
    from duckdb import DuckDBPyConnection

__all__ = [
    "ARRAYS_NAME",
    "CHECKSUM_NAME",
    "FILE_NAME",
    "STORAGE_VERSION",
    "ReleaseError",
    "check_file",
    "damaged_file",
    "night_made_for",
    "write_checksum",
    "write_file",
]

FILE_NAME = "recsys.duckdb"
ARRAYS_NAME = "serving.npz"
"""File beside it with the arrays that a server maps; releases of first versions have none."""
CHECKSUM_NAME = "checksum"
"""File beside it with the checksum of its bytes, as 16 hexadecimal digits; below, with its name, the arrays'."""
STORAGE_VERSION = "v1.4.0"  # DuckDB 1.4 and every later client can open it.
ROW_GROUP_SIZE = 16_384
"""Rows that are decoded where one of them is asked for. DuckDB's own 122,880 make a file a fifth smaller, and the call
for one user two milliseconds dearer."""
_CATALOGUE = "recsys"  # Clients see this name: DuckDB takes it from the file's stem.
_TABLE_NAME = re.compile(r"[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*")
_IDS = {"u": "user_id", "i": "item_id"}
"""Columns with ids that a macro can be asked for, by the first letter of its parameter."""
_UNKNOWN_IDS = ("no such id", -1)  # One is a text and one a number, as clients pass either.


class ReleaseError(RecsysError):
    """A release that cannot be built, published, rolled back or read; the message says what to do next."""


def write_file(file: Path, tables: Mapping[str, pa.Table | pa.RecordBatchReader], macros_sql: str) -> dict[str, int]:
    """Write a new release file.

    Parameters
    ----------
    file : Path
        The file to write; must not exist. Its folder must hold nothing else.
    tables : Mapping[str, pyarrow.Table | pyarrow.RecordBatchReader]
        Tables by `schema.table`, rows in the order they are stored. Readers are streamed, and used up.
    macros_sql : str
        `create macro` statements over those tables, without a catalogue's name. A scalar macro without parameters is a
        constant: it is called once, here, and written as the text or texts that it gave.

    Returns
    -------
    dict[str, int]
        Rows given, by table.

    Raises
    ------
    ReleaseError
        If a table's name is not `schema.table` in lower case, or DuckDB refuses a table or a macro.
    OSError
        If the disk refuses.
    """
    import duckdb

    rows: dict[str, int] = {}
    try:
        with duckdb.connect(":memory:", config={"temp_directory": str(file.parent)}) as con:
            con.execute(
                f"attach {text(str(file))} as {_CATALOGUE} ("
                f"storage_version '{STORAGE_VERSION}', row_group_size {ROW_GROUP_SIZE})"
            )
            con.execute(f"use {_CATALOGUE}")
            for name, table in tables.items():
                rows[name] = _write_table(con, name, table)
            con.execute(macros_sql)
            _fix_constants(con)
            con.execute(f"checkpoint {_CATALOGUE}")
            con.execute("use memory")
            con.execute(f"detach {_CATALOGUE}")
    except duckdb.Error as error:
        raise ReleaseError(
            f"DuckDB could not write the release: {error}. "
            "Mend the table, the macro or the disk it names and build again."
        ) from error
    return rows


def write_checksum(folder: Path) -> None:
    """Write the checksums of a finished release beside it, before it gets its name."""
    lines = [checksum(folder / FILE_NAME)]
    if (folder / ARRAYS_NAME).exists():
        lines.append(f"{checksum(folder / ARRAYS_NAME)}  {ARRAYS_NAME}")
    (folder / CHECKSUM_NAME).write_text("\n".join(lines) + "\n")


def damaged_file(folder: Path) -> Path | None:
    """First file of a release whose bytes are not those that were written; None where all are whole; O(bytes).

    Raises
    ------
    DamagedFile
        If one cannot be read, or is a link.
    OSError
        If one is missing.
    """
    written = folder / CHECKSUM_NAME
    for line in written.read_text().splitlines() if written.exists() else []:
        expected, _, name = line.partition("  ")
        if not is_whole(folder / (name or FILE_NAME), expected):
            return folder / (name or FILE_NAME)
    return None


def night_made_for(file: Path) -> date | None:
    """Night that a release says it was made for: the latest of its `meta.build`; None where it does not say.

    Raises
    ------
    ReleaseError
        If DuckDB cannot read it.
    """
    import duckdb

    try:
        with duckdb.connect(str(file), read_only=True) as con:
            says = "from duckdb_columns() where (schema_name, table_name, column_name) = ('meta', 'build', 'night')"
            if not con.execute(says).fetchall():
                return None
            ((night,),) = con.execute("select max(night)::date from meta.build").fetchall()
            return cast("date | None", night)
    except duckdb.Error as error:
        raise ReleaseError(f"Release file {file} cannot be read: {error}. Build it again.") from error


def _write_table(con: DuckDBPyConnection, name: str, table: pa.Table | pa.RecordBatchReader) -> int:
    """Create one table and return the number of rows given."""
    import pyarrow as pa

    schema = name.partition(".")[0]
    if not _TABLE_NAME.fullmatch(name) or schema == _CATALOGUE:
        raise ReleaseError(
            f"Release table {name!r} needs a name like serving.items: lower case, and a schema other than "
            f"{_CATALOGUE!r}, which is the database's own name. Rename it."
        )
    given = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal given
        for batch in table.to_batches() if isinstance(table, pa.Table) else table:
            given += batch.num_rows
            yield batch

    con.register("given", pa.RecordBatchReader.from_batches(table.schema, counted()))
    con.execute(f"create schema if not exists {quoted(schema)}")
    con.execute(f"create table {_identifier(name)} as select * from temp.main.given")
    con.unregister("given")
    return given


def _fix_constants(con: DuckDBPyConnection) -> None:
    """Write each macro without parameters as the text or texts it gives, so that no call plans its query again."""
    query = """
        select schema_name || '.' || function_name
        from duckdb_functions()
        where not internal and function_type = 'macro' and len(parameters) = 0 order by all"""
    for (name,) in con.execute(query).fetchall():
        ((value,),) = con.execute(f"select {_identifier(name)}()").fetchall()
        if isinstance(value, str):
            con.execute(f"create or replace macro {_identifier(name)}() as {text(value)}")
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            texts = ", ".join(map(text, value))
            con.execute(f"create or replace macro {_identifier(name)}() as [{texts}]::varchar[]")


def _identifier(name: str) -> str:
    """Return `schema.name` quoted, so that a reserved word may be a table's name."""
    schema, _, relation = name.partition(".")
    return f"{quoted(schema)}.{quoted(relation)}"


def check_file(file: Path, rows: Mapping[str, int | None]) -> None:
    """Check a release file as a reader finds it.

    It stands alone in its folder (no write-ahead log) but for its arrays and checksums, opens read-only, holds exactly
    the tables given with every row, shows its instants as plain timestamps, and each macro answers.

    A macro whose first parameter starts with `u` is asked for users, with `i` for items (and so for its second, by one
    id), and any other is called without arguments: for the first id of every table that has a `user_id` or `item_id`,
    of which one must give a row; and for an unknown id, as text and as a number, which must not fail.

    Parameters
    ----------
    file : Path
        The release file.
    rows : Mapping[str, int | None]
        Rows expected by table; None where any number will do.

    Raises
    ------
    ReleaseError
        If anything is amiss; names the table or the macro.
    """
    import duckdb

    known = (file.name, ARRAYS_NAME, CHECKSUM_NAME)
    beside = sorted(path.name for path in file.parent.iterdir() if path.name not in known)
    if beside:
        raise ReleaseError(f"Release file {file} is not whole: {', '.join(beside)} lies beside it. Build it again.")
    try:
        with duckdb.connect(str(file), read_only=True) as con:
            _check_tables(con, rows)
            _check_macros(con)
    except duckdb.Error as error:
        raise ReleaseError(f"Release file {file} cannot be read: {error}. Build it again.") from error


def _check_tables(con: DuckDBPyConnection, rows: Mapping[str, int | None]) -> None:
    """Compare tables and row counts with those given."""
    query = "select schema_name || '.' || table_name from duckdb_tables() where not internal"
    tables = {name for (name,) in con.execute(query).fetchall()}
    if tables != set(rows):
        raise ReleaseError(
            f"The release holds the tables {sorted(tables)}, given were {sorted(rows)}. Build it under another id."
        )
    for name, expected in rows.items():
        ((count,),) = con.execute(f"select count(*) from {_identifier(name)}").fetchall()
        if expected is not None and count != expected:
            raise ReleaseError(
                f"Release table {name} holds {count} rows, given were {expected}. Build it under another id."
            )
    query = """
        select schema_name || '.' || table_name || '.' || column_name
        from duckdb_columns() where not internal and data_type like '%WITH TIME ZONE%'"""
    zoned = [name for (name,) in con.execute(query).fetchall()]
    if zoned:
        raise ReleaseError(
            f"Release columns {zoned} carry a time zone, which older clients cannot show: "
            "cast them to timestamp, in UTC, and build again."
        )


def _check_macros(con: DuckDBPyConnection) -> None:
    """Call every macro of the file with known and unknown ids."""
    query = """
        select schema_name || '.' || function_name, function_type = 'table_macro', parameters
        from duckdb_functions() where not internal order by all"""
    for name, is_table, parameters in con.execute(query).fetchall():
        source = "select * from" if is_table else "select"
        asked = [_IDS[each[0].lower()] for each in parameters[:2] if each[0].lower() in _IDS]
        column = asked[0] if parameters and parameters[0][0].lower() in _IDS else None
        try:
            if column is None:
                con.execute(f"{source} {_identifier(name)}()").fetchall()
                continue
            call = f"{source} {_identifier(name)}({', '.join('?' for _ in asked)})"
            known = _first_ids(con, column, name)
            others = [(_first_ids(con, each, name) or _UNKNOWN_IDS)[0] for each in asked[1:]]
            answers = [con.execute(call, [key, *others]).fetchall() for key in (*known, *_UNKNOWN_IDS)]
        except Exception as error:
            raise ReleaseError(
                f"Release macro {name} fails: {error}. Mend it in sql/release/macros.sql and build again."
            ) from error
        if known and not any(answers[: len(known)]):
            raise ReleaseError(
                f"Release macro {name} has no answer for {column} {' or '.join(map(repr, known))}, the first "
                "of the release. Mend it in sql/release/macros.sql, or the tables it reads, and build again."
            )


def _first_ids(con: DuckDBPyConnection, column: str, macro: str) -> list[str]:
    """Smallest id of each table that has the column and a row; of the macro's own table alone, where there is one.

    ``serving.similar`` has ``serving.similar_items``, ``serving.profile`` has ``serving.user_profiles``: empty, and so
    without an answer, where no algorithm knows any, or the profile leaves them out.
    """
    query = """
        select schema_name || '.' || table_name
        from duckdb_columns() where not internal and column_name = ? order by all"""
    tables = [name for (name,) in con.execute(query, [column]).fetchall()]
    tables = [name for name in tables if name.replace(".user_", ".").startswith(macro)] or tables
    smallest = [con.execute(f"select min({column}) from {_identifier(name)}").fetchall() for name in tables]
    return sorted({key for ((key,),) in smallest if key is not None})
