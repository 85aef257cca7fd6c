"""A schema of PostgreSQL: a view a table, which names the rows of the last export.

All is one transaction: new tables are filled by COPY, indexed and counted, then the views are replaced. Views rather
than tables that are renamed, so that what was granted on them, and what others built upon them, stays; and so that no
reader waits for a lock longer than the replacing takes.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from recsys_assets.selects.quoting import quoted, text
from recsys_assets.storage.export.base import Destination, ExportError, address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import LiteralString

    import psycopg

    from recsys_assets.storage.export.base import Export, Place, Table

PIP = "pip install 'psycopg[binary]>=3.3.9,<4'"
LOCK_SECONDS, ATTEMPTS = 3, 5
"""For so long, and so often, we wait for transactions that read the views."""
OURS = "recsys export"
"""Comment of all that an export made, and so may delete."""
_TYPES = {
    "BOOLEAN": "boolean",
    "TINYINT": "smallint",
    "UTINYINT": "smallint",
    "SMALLINT": "smallint",
    "USMALLINT": "integer",
    "INTEGER": "integer",
    "UINTEGER": "bigint",
    "BIGINT": "bigint",
    "UBIGINT": "numeric",
    "HUGEINT": "numeric",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "DATE": "date",
}


def _write(export: Export, place: Place) -> str:
    try:
        import psycopg
    except ModuleNotFoundError as error:
        raise ExportError(f"Exporting to PostgreSQL needs its client, psycopg: {PIP}") from error
    server, schema = address(place.to), place.name
    with (
        _said(server, schema),
        psycopg.connect(place.to, connect_timeout=10, application_name="recsys export", client_encoding="utf8") as con,
    ):
        # One export at a time into a schema; it ends with the transaction, also with a process that is killed.
        _run(con, "select pg_advisory_xact_lock(hashtextextended(%s, 0))", f"{OURS} {schema}")
        if not _run(con, "select from pg_namespace where nspname = %s", schema).fetchall():
            _run(con, f"create schema {quoted(schema)}")
        generation = uuid4().hex[:12]
        made = {table.flat: f"{table.flat}_{generation}" for table in export.tables}
        for table in export.tables:
            _fill(con, export, table, f"{quoted(schema)}.{quoted(made[table.flat])}")
        _when_free(con, lambda: _replace_views(con, schema, made))
        con.commit()
        _drop_older(con, schema, generation)
    return f"schema {schema} on {server}: {len(made)} views"


def _run(con: psycopg.Connection, statement: str, *values: str) -> psycopg.Cursor:
    """Run a statement whose names are quoted; values are bound where they can be."""
    checked: LiteralString = statement
    return con.execute(checked, values or None)


def _fill(con: psycopg.Connection, export: Export, table: Table, name: str) -> None:
    """Make one table; its rows are frozen, so that a transaction that began earlier sees them, too."""
    from pyarrow.csv import CSVWriter, WriteOptions

    columns = ", ".join(f"{quoted(column)} {_type(kind)}" for column, kind in table.columns.items())
    _run(con, f"create table {name} ({columns})")
    _run(con, f"comment on table {name} is {text(OURS)}")
    copy: LiteralString = f"copy {name} from stdin with (format csv, freeze)"
    rows = export.read(table, table.plain())
    options = WriteOptions(include_header=False)
    with con.cursor().copy(copy) as sent, CSVWriter(_Sink(sent), rows.schema, write_options=options) as lines:
        for batch in rows:
            lines.write_batch(batch)
    if table.key:
        _run(con, f"alter table {name} add primary key ({', '.join(map(quoted, table.key))})")
    _run(con, f"analyze {name}")


class _Sink:
    """What Arrow writes into goes into a COPY."""

    closed = False

    def __init__(self, copy: psycopg.Copy) -> None:
        self._copy = copy

    def write(self, data: bytes) -> int:
        self._copy.write(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing to do: what is written is sent."""


def _when_free(con: psycopg.Connection, replace: Callable[[], None]) -> None:
    """Replace the views when no transaction that read them is open; whoever comes meanwhile waits behind us."""
    import psycopg

    for attempt in range(ATTEMPTS):
        try:
            with con.transaction():
                _run(con, f"set local lock_timeout = '{LOCK_SECONDS}s'")
                return replace()
        except psycopg.errors.LockNotAvailable:
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(LOCK_SECONDS)
    return None


def _replace_views(con: psycopg.Connection, schema: str, made: dict[str, str]) -> None:
    """Point the views at the new tables; one whose columns changed is made anew, one without a table goes."""
    import psycopg

    found = _run(
        con,
        "select relname, obj_description(pg_class.oid) from pg_class "
        "inner join pg_namespace on pg_namespace.oid = relnamespace where nspname = %s and relkind = 'v'",
        schema,
    ).fetchall()
    for view, comment in found:
        if comment == OURS and view not in made:
            _run(con, f"drop view {quoted(schema)}.{quoted(view)}")
    for view, table in made.items():
        name = f"{quoted(schema)}.{quoted(view)}"
        select = f"view {name} as select * from {quoted(schema)}.{quoted(table)}"
        try:
            with con.transaction():
                _run(con, f"create or replace {select}")
        except psycopg.errors.InvalidTableDefinition:
            _run(con, f"drop view {name}")
            _run(con, f"create {select}")
        _run(con, f"comment on view {name} is {text(OURS)}")


def _drop_older(con: psycopg.Connection, schema: str, generation: str) -> None:
    """Drop tables of earlier exports; one that is being read is left to the next export."""
    import psycopg

    found = _run(
        con,
        "select relname from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace "
        "where nspname = %s and relkind = 'r' and obj_description(pg_class.oid) = %s",
        schema,
        OURS,
    ).fetchall()
    for (table,) in found:
        if re.search(r"_[0-9a-f]{12}$", table) and not table.endswith(generation):
            is_used = suppress(psycopg.errors.LockNotAvailable, psycopg.errors.DependentObjectsStillExist)
            with is_used, con.transaction():
                _run(con, f"set local lock_timeout = '{LOCK_SECONDS}s'")
                _run(con, f"drop table {quoted(schema)}.{quoted(table)}")
    con.commit()


def _type(kind: str) -> str:
    if kind.startswith("TIMESTAMP"):
        return "timestamptz"
    if kind.startswith("DECIMAL"):
        return "numeric"
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        return "jsonb"
    return _TYPES.get(kind, "text")


@contextmanager
def _said(server: str, schema: str) -> Iterator[None]:
    """Turn what psycopg raises into what to do."""
    import psycopg

    try:
        yield
    except psycopg.errors.DependentObjectsStillExist as error:
        raise ExportError(
            f"A view in schema {schema} on {server} has to be made anew, or to go, and others depend on it: "
            f"{_first(error)}. Drop those first, or export into another schema (--into). The export before stays."
        ) from error
    except psycopg.errors.LockNotAvailable as error:
        raise ExportError(
            f"A transaction on {server} has been reading schema {schema} for long, and views cannot be replaced under "
            "it. End it (select * from pg_stat_activity shows whose it is), and export again. The export before stays."
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise ExportError(
            f"{server} forbids it: {_first(error)}. Let the user create in that database (grant create on database …), "
            f"or own the schema {schema}. The export before stays."
        ) from error
    except psycopg.OperationalError as error:
        raise ExportError(
            f"PostgreSQL at {server} cannot be used: {_first(error)}. Start it, or mend host, port, user and database "
            "of the URL; the password is PGPASSWORD, or in ~/.pgpass. The export before stays."
        ) from error
    except psycopg.Error as error:
        raise ExportError(f"PostgreSQL at {server} refused: {_first(error)}. The export before stays.") from error


def _first(error: Exception) -> str:
    """First lines of what a server says."""
    return " ".join(str(error).split())[:400].rstrip(".")


DESTINATION = Destination(("postgresql", "postgres"), True, _write)
