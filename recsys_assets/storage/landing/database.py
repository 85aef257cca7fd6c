"""Landing: raw rows exactly as delivered, and the night each became visible.

What belongs here: ``landing.duckdb`` (opened only through `Landing.open`, under one file lock that waits), landing a
file once, sealing nights, and handing a sealed night's rows, in canonical columns, to the clean stage.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from filelock import FileLock

from recsys_assets.nights import ONE_DAY, Night, close, nights_between, utc_now
from recsys_assets.selects.canonical import CANONICAL, SourceError, canonical
from recsys_assets.selects.files import SQL_FOLDER
from recsys_assets.selects.source import Source, driver
from recsys_assets.storage.checksums import DamagedFile
from recsys_assets.storage.connections import connect
from recsys_assets.storage.landing import readers
from recsys_assets.storage.landing.export import canonical_rows
from recsys_assets.storage.landing.formats import formats
from recsys_assets.storage.landing.intake import Intake
from recsys_assets.storage.landing.ledger import (
    Delivered,
    Kind,
    Landed,
    LandingError,
    landed_before,
    last_sealed,
    next_file_id,
    record,
)
from recsys_assets.storage.landing.locking import attach
from recsys_assets.storage.landing.mapping import has_raw
from recsys_assets.storage.landing.opening import opened
from recsys_assets.storage.private import keep_closed
from recsys_assets.storage.queries import first_value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    import duckdb
    import pyarrow as pa

    from recsys_assets.profile import Delivery, Profile
    from recsys_assets.storage.lake.partitions import Partitions
    from recsys_assets.storage.landing.opening import OpenFile

__all__ = ["Kind", "Landed", "Landing", "LandingError"]


class Landing:
    """The landing database of one profile."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.path = profile.folder / "landing.duckdb"
        self.source = Source(profile.source)
        for delivery in profile.deliveries:
            if delivery.format is not None and delivery.format not in formats():
                raise SourceError(
                    f"Profile {profile.name}: format {delivery.format!r} of raw table {delivery.table} is unknown. "
                    f"Known are {', '.join(formats())}."
                )
        unknown = sorted(profile.known_earlier.keys() - set(self.source.extras))
        if unknown:
            raise SourceError(
                f"Profile {profile.name}: known_earlier names {', '.join(unknown)}, not an extra table of the source; "
                f"what happened is never known before it did. Extra tables: {', '.join(self.source.extras) or 'none'}."
            )

    @contextmanager
    def open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Connection with the database attached as ``landing``; waits for whoever holds it, readers too.

        Raises
        ------
        LandingLocked
            When a program that is not ours has it open, and does not close it soon.
        DamagedFile
            When a block that is read is not what was written: DuckDB keeps a checksum of each.
        """
        keep_closed(self.path.parent)
        with FileLock(self.path.with_suffix(".lock")), self._damage_is_named(), connect() as con:
            con.execute("set temp_directory = $1", [str(self.path.parent / "tmp" / "landing")])
            con.execute("set arrow_lossless_conversion = true")  # Event ids stay UUIDs on their way through Arrow.
            attach(con, self.path)
            # A ledger of an earlier version gains all it lacks, or none.
            con.execute(f"begin; {_sql('ledger')}; commit")
            con.execute(_sql("current_files"))
            con.execute(_sql("macros"))
            con.execute("create schema raw")
            yield con

    @contextmanager
    def _damage_is_named(self) -> Iterator[None]:
        import duckdb

        try:
            yield
        except duckdb.Error as error:
            if not re.search(r"corrupt|computed checksum|not a valid DuckDB database", str(error), re.IGNORECASE):
                raise
            raise DamagedFile(
                f"{self.path} is damaged: {error}. Visible nights cannot be made again from delivered files, so "
                "restore it from a backup; deliveries that came since land again by `recsys land`."
            ) from error

    def land(
        self,
        path: Path,
        delivery: Delivery,
        kind: Kind,
        *,
        lake: Partitions,
        arrived_at: datetime | None = None,
        restate: bool = False,
    ) -> Landed:
        """Land one file wholly or not at all, and once: the ledger knows files by their content.

        Parameters
        ----------
        kind
            ``history``: every row was known when it happened. ``arrival``: known from ``arrived_at`` on.
        arrived_at
            UTC instant of arrival (default: now); replays set it.
        restate
            Let history reach into sealed nights: they are unsealed and their partitions withdrawn.

        Raises
        ------
        LandingError
            When history would reach into a sealed night, or the file cannot be opened, is none (see `opening`) or
            changed while it was read.
        SourceError
            When the source's SELECT does not keep the canonical contract.
        """
        with opened(path) as given:
            content = _digest(given.content)
            file = Delivered(given.path, delivery, kind, arrived_at or utc_now(), content, given.size, restate)
            with self.open() as con:
                return self._take_in(con, given, file, lake)

    def _take_in(self, con: duckdb.DuckDBPyConnection, given: OpenFile, file: Delivered, lake: Partitions) -> Landed:
        name, table = file.path.name, file.delivery.table
        if reason := landed_before(con, file.content):
            return Landed(name, table, "already landed", message=reason)
        intake = Intake(con, file, self.profile, self.source, lake, file_id=next_file_id(con), sealed=last_sealed(con))
        try:
            intake.read(given)
            intake.judge()
        except readers.UnreadableFile as error:
            record(con, intake.file_id, file, "quarantined", message=str(error), sealed=intake.sealed)
            return Landed(name, table, "quarantined", message=str(error))
        if _digest(given.content) != file.content:
            raise LandingError(f"{file.path}: changed while it was read; land it again when it is complete.")
        con.execute("begin")
        landed = intake.store()
        con.execute("commit")
        return replace(landed, rows_adding_nothing=intake.compare())

    def seal(self, last: Night, now: datetime | None = None) -> list[Night]:
        """Seal every night up to ``last``; returns all nights of the profile up to it, oldest first.

        Raises
        ------
        LandingError
            When the night has not closed, lies outside the profile, or nothing has landed.
        """
        profile, now = self.profile, now or utc_now()
        if last < profile.first_night or (profile.last_night and last > profile.last_night):
            raise LandingError(
                f"Night {last} lies outside profile {profile.name}, whose nights are {profile.first_night} to "
                f"{profile.last_night or 'today'}."
            )
        if now < close(last, profile.grace):
            raise LandingError(f"Night {last} closes at {close(last, profile.grace)} UTC; build it after that.")
        with self.open() as con:
            if not first_value(con, "select count(*) from landing.ledger.files where status = 'landed'"):
                raise LandingError(f"Nothing has landed in profile {profile.name} yet. Run `recsys land --history`.")
            sealed = last_sealed(con)
            nights = nights_between(profile.first_night if sealed is None else sealed + ONE_DAY, last)
            if nights:
                con.executemany("insert into landing.ledger.sealed_nights values (?, ?)", [[n, now] for n in nights])
        return nights_between(profile.first_night, last)

    def export(self, night: Night) -> dict[str, pa.Table]:
        """Canonical rows of a sealed night, by the name SQL reads them under (``landed.events``, ...).

        Each carries its canonical columns plus ``known_at`` and ``visible_night``. Of each item and user comes the row
        that tells its attributes by the night, with their hash, ``content``; on a night when nothing new is told of
        any, only of those that the night's events name. ``landed.superseded`` lists the rows a
        corrected file takes back; with them come all earlier rows that still count, because one that was dropped as
        a duplicate of a row taken back is needed now. Rows of an extra table whose ``used_until`` had passed when the
        night began stay behind. ``landed.deliveries`` says what the night first saw of each file. One scan of each raw
        table.
        """
        with self.open() as con:
            con.execute("set variable night = $1", [night])
            superseded = ["select null::uuid as event_id, null::timestamp as known_at where false"]
            raws = {driver(s) for name, s in self.source.selects.items() if name in {"events", "retractions"}}
            superseded += [
                _sql("superseded").replace("raw.events", f"landing.raw.{raw}") for raw in raws if has_raw(con, raw)
            ]
            taken_back = con.sql(" union all ".join(superseded)).order("event_id").to_arrow_table()
            names = [*CANONICAL, *self.source.extras]
            again = taken_back.num_rows > 0
            tables = {"landed.superseded": taken_back, "landed.deliveries": self._deliveries(con)}
            for name in names:
                tables[f"landed.{name}"] = canonical_rows(
                    con, self.source, canonical(name), self.profile.known_earlier, again=again
                )
                con.register(f"exported_{name}", tables[f"landed.{name}"])
        return tables

    def _deliveries(self, con: duckdb.DuckDBPyConnection) -> pa.Table:
        """What the night (variable ``night``) first sees of each file."""
        raws = sorted({delivery.table for delivery in self.profile.deliveries})
        rows = ["select null::integer as landed_file, null::timestamp as landed_known_at, null::date as landed_night"]
        rows += [
            f"select landed_file, landed_known_at, landed_night from landing.raw.{raw}"
            for raw in raws
            if has_raw(con, raw)
        ]
        con.execute(f"create temp view landed_rows as {' union all '.join(rows)}")
        settings = {"first_night": self.profile.first_night, "grace": self.profile.grace.total_seconds()}
        return con.sql(_sql("deliveries"), params=settings).to_arrow_table()

    def behind(self, ids: pa.Table) -> pa.Table:
        """What landing itself knows of raw rows, see ``sql/landing/behind.sql``; of unknown ids there is no row.

        Parameters
        ----------
        ids
            Column landed_id. One scan of the ids of each raw table.
        """
        with self.open() as con:
            con.register("given_ids", ids)
            con.execute("create temp view asked as select distinct landed_id::uuid as landed_id from given_ids")
            raws = sorted({driver(select) for select in self.source.selects.values()})
            rows = [_sql("behind").replace("raw.events", f"landing.raw.{raw}") for raw in raws if has_raw(con, raw)]
            nothing = (
                "select null::uuid as landed_id, null::timestamp as landed_known_at, null::date as landed_night, "
                "null::timestamp as superseded_at, null::date as superseded_night where false"
            )
            return con.sql(" union all ".join([nothing, *rows])).to_arrow_table()

    def verify(self) -> None:
        """Read every block of the database; O(bytes).

        Raises
        ------
        DamagedFile
            When one is not what was written.
        """
        with self.open() as con:
            tables = con.execute(
                "select format('landing.{}.{}', schema_name, table_name) from duckdb_tables() "
                "where database_name = 'landing' order by all"
            ).fetchall()
            for (table,) in tables:
                con.execute(f"select bit_xor(hash(rows)) from {table} as rows").fetchall()

    def files(self) -> pa.Table:
        """The ledger of files, in order of landing."""
        with self.open() as con:
            return con.sql("from landing.ledger.files order by file_id").to_arrow_table()

    def reject_counts(self) -> pa.Table:
        """Rejected rows by file, column and reason, most first."""
        with self.open() as con:
            return con.sql(_sql("reject_counts")).to_arrow_table()

    def origin(self, event_ids: list[str]) -> pa.Table:
        """Where events came from: columns event_id, name, row_number, kind, arrived_at, known_at."""
        with self.open() as con:
            query = _sql("origin").replace("raw.events", f"landing.raw.{driver(self.source.selects['events'])}")
            return con.sql(query, params=[event_ids]).to_arrow_table()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sql(name: str) -> str:
    return (SQL_FOLDER / "landing" / f"{name}.sql").read_text()
