"""One SQLite file: a table each, indexed by its key, lists and structs as JSON, days and instants as ISO 8601."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING

from recsys_assets.selects.quoting import quoted
from recsys_assets.storage import atomic
from recsys_assets.storage.export.base import Destination, ExportError
from recsys_assets.storage.export.folder import own_place
from recsys_assets.storage.private import let_read, private_folder

if TYPE_CHECKING:
    from pathlib import Path
    from sqlite3 import Connection

    from recsys_assets.storage.export.base import Export, Place, Table


def _write(export: Export, place: Place) -> str:
    """Write a file beside, and rename it; who has the one before open reads on."""
    from filelock import FileLock

    file = own_place(place, "recsys.sqlite")
    private_folder(file.parent)
    if file.exists() and not file.is_file():
        raise ExportError(f"{file} is no regular file: name another with --into, or move it away.")
    with FileLock(file.with_name(f".{file.name}.lock")):
        temporary = file.with_name(f".tmp-{file.name}")
        temporary.unlink(missing_ok=True)  # A killed export may have left it.
        try:
            _fill(export, temporary)
            let_read(temporary, 0o440)
            atomic.sync(temporary)
            for journal in ("-wal", "-journal"):  # SQLite would play that of the old file into the new one.
                if file.with_name(file.name + journal).exists():
                    raise ExportError(
                        f"Somebody writes into {file}, which is for reading: beside it lies {file.name}{journal}. "
                        "Close that program, delete what it left, and export again."
                    )
            atomic.rename(temporary, file)
        finally:
            temporary.unlink(missing_ok=True)
    return f"{file}: {len(export.tables)} tables, {file.stat().st_size / 1e6:,.1f} MB"


def _fill(export: Export, file: Path) -> None:
    import sqlite3

    with closing(sqlite3.connect(file, isolation_level=None)) as con:
        # Nobody reads it before it is whole, so it needs no journal; it is flushed once, at the end.
        con.execute("pragma journal_mode = off")
        con.execute("pragma synchronous = off")
        con.execute("begin")
        for table in export.tables:
            _add(export, table, con)
        con.execute("commit")


def _add(export: Export, table: Table, con: Connection) -> None:
    columns = ", ".join(f"{quoted(name)} {_type(kind)}" for name, kind in table.columns.items())
    con.execute(f"create table {table.flat} ({columns}) strict")
    insert = f"insert into {table.flat} values ({', '.join('?' * len(table.columns))})"
    for batch in export.read(table, table.plain()):
        con.executemany(insert, zip(*(column.to_pylist() for column in batch.columns), strict=True))
    if table.key:
        con.execute(f"create unique index {table.flat}_key on {table.flat} ({', '.join(table.key)})")


def _type(kind: str) -> str:
    if kind in {"FLOAT", "DOUBLE"}:
        return "real"
    return "integer" if kind == "BOOLEAN" or re.fullmatch(r"U?(TINY|SMALL|BIG)?INT(EGER)?", kind) else "text"


DESTINATION = Destination(("sqlite",), False, _write)
