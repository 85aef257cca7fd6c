"""What every destination of an export gets: the tables of one release, read in batches, in the forms that others read.

What belongs here: the tables and their SELECTs. A release's instants are UTC without saying so; outside they say it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from recsys_assets.errors import RecsysError
from recsys_assets.selects.quoting import quoted, text
from recsys_assets.storage.queries import column_types, first_value
from recsys_assets.visible import blotted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    import pyarrow as pa
    from duckdb import DuckDBPyConnection

BATCH = 50_000
"""Rows that are in memory at once, some 15 MB of the widest table."""
KEYS = {
    "serving.recommendations": ("user_id", "task", "rank"),
    "serving.similar_items": ("item_id", "rank"),
    "serving.trending": ("scope", "rank"),
    "serving.items": ("item_id",),
    "serving.users": ("user_id",),
}
"""The tables that are exported unless others are named; and by what they are looked up, where indexes are made."""
SUMMARY = "meta.export"
"""One row per exported table: that there is one is how a reader knows which release it sees."""
_PLAIN = re.compile(r"U?(TINY|SMALL)INT|U?INTEGER|BIGINT|BOOLEAN|FLOAT|DOUBLE|VARCHAR")
"""DuckDB's types of which every reader of text understands what is written."""
_ISO = "'%Y-%m-%dT%H:%M:%S.%fZ'"


class ExportError(RecsysError):
    """An export that cannot be made; what was there before stays. The message says what to do, and no password."""

    def __init__(self, message: str) -> None:
        super().__init__(blotted(message))


@dataclass(frozen=True)
class Destination:
    """Where tables go.

    Attributes
    ----------
    names : tuple[str, ...]
        Words or schemes of URLs that choose it.
    is_server : bool
        Whether it is named by a URL.
    write : Callable
        Writes the tables, in place of what an earlier export wrote, so that a reader sees all of the one or all of the
        other; returns a sentence that says how to read them. A killed one leaves the earlier export, and rests that the
        next one removes. Raises `ExportError`.
    """

    names: tuple[str, ...]
    is_server: bool
    write: Callable[[Export, Place], str]


@dataclass(frozen=True)
class Place:
    """What was asked for: a URL (or a word), and the name under which the tables are to lie there.

    Attributes
    ----------
    to : str
        The URL, password and all: never show it.
    into : str or None
        A folder, a file, a schema or a prefix; None: the destination's own choice.
    folder : Path
        The deployment's folder, for what is written to this machine and was given no place.
    profile : str
        Name of the profile, for servers that hold several.
    """

    to: str
    into: str | None
    folder: Path
    profile: str

    @property
    def name(self) -> str:
        """What the tables of this deployment are called on a server."""
        return self.into or self.profile


@dataclass(frozen=True)
class Table:
    """One table of the release.

    Attributes
    ----------
    name : str
        As the release has it, `serving.items`.
    relation : str
        What SQL calls it here.
    columns : dict[str, str]
        DuckDB's types by name, in their order.
    n_rows : int
        Rows.
    """

    name: str
    relation: str
    columns: dict[str, str]
    n_rows: int

    @property
    def flat(self) -> str:
        """Name without the dot: of a file, and of a table where there is no schema to put it into."""
        return self.name.replace(".", "_")

    @property
    def key(self) -> tuple[str, ...]:
        """Columns by which rows are looked up, unique together; empty where we know of none."""
        key = KEYS.get(self.name, ())
        return key if set(key) <= self.columns.keys() else ()

    def typed(self) -> str:
        """SELECT of the columns in their types, instants with their time zone."""
        return self._select(
            f"{quoted(name)}::timestamptz as {quoted(name)}" if kind.startswith("TIMESTAMP") else quoted(name)
            for name, kind in self.columns.items()
        )

    def plain(self) -> str:
        """SELECT of numbers, booleans and texts only: lists and structs as JSON, days and instants as ISO 8601."""
        return self._select(f"{_as_text(name, kind)} as {quoted(name)}" for name, kind in self.columns.items())

    def as_json(self, columns: Sequence[str] | None = None) -> str:
        """SQL expression of a row as a JSON object, in one line; what is no number in JSON (nan, inf) is null."""
        fields = (f"{text(name)}, {_in_json(name, self.columns[name])}" for name in columns or self.columns)
        return f"json_object({', '.join(fields)})::varchar"

    def _select(self, columns: Iterator[str]) -> str:
        return f"select {', '.join(columns)} from {self.relation}"


def _instant(name: str) -> str:
    return f"strftime({quoted(name)}::timestamptz at time zone 'UTC', {_ISO})"


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION"))


def _as_text(name: str, kind: str) -> str:
    if _is_nested(kind):
        return f"to_json({quoted(name)})::varchar"
    if kind.startswith("TIMESTAMP"):
        return _instant(name)
    return quoted(name) if _PLAIN.fullmatch(kind) else f"{quoted(name)}::varchar"


def _in_json(name: str, kind: str) -> str:
    if kind in {"FLOAT", "DOUBLE"}:
        return f"case when isfinite({quoted(name)}) then {quoted(name)} end"
    return _instant(name) if kind.startswith("TIMESTAMP") else quoted(name)


class Export:
    """The tables of one release, and what of them has been read so far.

    Parameters
    ----------
    connection
        To a database in memory that has the release attached as ``release``.
    release
        The release's name.
    night
        Its night.
    names
        Tables to export; empty: those of `KEYS` that the release has.
    progress
        Told the table that is being read, and its rows read so far and in all.

    Raises
    ------
    ExportError
        When the release has no such table.
    """

    def __init__(
        self,
        connection: DuckDBPyConnection,
        release: str,
        night: date,
        names: Sequence[str],
        progress: Callable[[str, int, int], None],
    ) -> None:
        self.release, self.night = release, night
        self._connection, self._progress = connection, progress
        found = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'release' order by all"
        ).fetchall()
        known = [name for (name,) in found]
        for name in names:
            if name not in known:
                raise ExportError(f"Release {release} has no table {name!r}. It has {', '.join(known)}.")
        chosen = list(dict.fromkeys(names)) or [name for name in KEYS if name in known]
        tables = [self._table(name, f"release.{'.'.join(map(quoted, name.split('.')))}") for name in chosen]
        connection.execute(
            "create table exported as select $1 as release, $2::date as night, unnest($3) as table_name, "
            "unnest($4)::bigint as n_rows",
            [release, night, chosen, [table.n_rows for table in tables]],
        )
        self.tables = (*tables, self._table(SUMMARY, "exported"))

    def _table(self, name: str, relation: str) -> Table:
        n_rows = first_value(self._connection, f"select count(*) from {relation}")
        return Table(name, relation, column_types(self._connection, relation), n_rows)

    def read(self, table: Table, select: str, part: int = 0, n_parts: int = 1) -> pa.RecordBatchReader:
        """Rows of a SELECT over a table, in the release's order, at most `BATCH` in memory at once.

        Parameters
        ----------
        table
            The table, for those who look on.
        select
            SELECT, such as `Table.typed`.
        part, n_parts
            Which part of the table the SELECT reads, counted from 0, and of how many equal ones.
        """
        import pyarrow as pa

        rows = self._connection.cursor().sql(select).to_arrow_reader(BATCH)

        def told() -> Iterator[Any]:
            done = table.n_rows * part // n_parts
            self._progress(table.name, done, table.n_rows)
            for batch in rows:
                yield batch
                if n_parts == 1:
                    done += batch.num_rows
                    self._progress(table.name, done, table.n_rows)

        return pa.RecordBatchReader.from_batches(rows.schema, told())


def address(to: str) -> str:
    """Host and port of a URL, for sentences.

    Raises
    ------
    ExportError
        When it is no URL.
    """
    parts = urlsplit(to)
    try:
        return f"{parts.hostname or 'this machine'}{f':{parts.port}' if parts.port else ''}"
    except ValueError as error:  # Its message may hold a part of the password.
        raise ExportError(
            "The URL cannot be read: what stands behind its host is no port. In a user and a password the characters "
            "/ : @ # ? % are written %2F %3A %40 %23 %3F %25."
        ) from error


def has_password(to: str) -> bool:
    """Whether a URL carries a password."""
    parts = urlsplit(to)
    return bool(parts.password) or any("password" in name.lower() for name, _ in parse_qsl(parts.query))
