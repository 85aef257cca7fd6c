"""What checks see beside a night's tables: where its partitions came from, and what was built before.

What belongs here: relations of schema ``this`` that only checks may read, made of footers, file names and the profile.
An asset must not see them, or it would depend on which other nights happen to be built.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from recsys_assets.nights import nights_between, utc_now
from recsys_assets.selects.contracts import LANDED
from recsys_assets.storage.lake.partitions import NotBuilt, Partitions
from recsys_assets.storage.lake.provenance import Provenance, provenance
from recsys_assets.storage.landing.database import Landing
from recsys_assets.storage.landing.ledger import file_number
from recsys_assets.storage.landing.mapping import has_raw
from recsys_assets.storage.models import Models
from recsys_assets.storage.release.folder import ReleaseFolder, parse_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import duckdb
    import pyarrow as pa

    from recsys_assets.nights import Night
    from recsys_assets.storage.lake.snapshot import Snapshot

RELATIONS: dict[str, dict[str, str]] = {
    # The newest night built before this one, or null.
    "this.built": {"previous_night": "date"},
    # The profile's first night, and the time from a night's cutoff to its close.
    "this.calendar": {"first_night": "date", "grace": "interval"},
    # Who made the checked partition (of the log: those since the night built before), as its footer says.
    "this.partition": {
        "night": "date",
        "written_for": "date",
        "watermark": "timestamp",
        "code_version": "varchar",
        "run_id": "varchar",
    },
    # What it was made from.
    "this.partition_inputs": {
        "night": "date",
        "input_table": "varchar",
        "input_night": "date",
        "fingerprint": "varchar",
    },
    # What release and models of the night built before were made from, and what is there now.
    "this.earlier_inputs": {
        "used_by": "varchar",
        "input_table": "varchar",
        "input_night": "date",
        "fingerprint": "varchar",
        "current_fingerprint": "varchar",
    },
    # The most equal rows that each delivered file holds, and the number that the ids of its rows begin with.
    "this.delivered_files": {"file": "varchar", "most_equal": "bigint"},
    # What landing knows of the raw rows behind the checked rows of the log, and of what took their place.
    "this.landed": {
        "landed_id": "uuid",
        "landed_known_at": "timestamp",
        "landed_night": "date",
        "superseded_at": "timestamp",
        "superseded_night": "date",
    },
    # The release that readers see, and the newest night that has one.
    "this.release": {"current_release": "varchar", "current_night": "date", "newest_night": "date"},
}

OF_TABLES = {
    # What each user has had in any event visible to the night.
    "this.had": "select distinct user_key, item_key from clean.interactions",
    # When each item was first seen, and retired.
    "this.items": "select item_key, available_from, retired_at from clean.items",
    # How long the log is.
    "this.log": "select max(age_days) as length_days from clean.interactions where weight > 0",
}
"""Relations made of the night's own tables: once for the checks of all tables that share a step."""

DELIVERIES = "this.deliveries"
"""What the checks of raw tables alone may ask: they are about now, and nothing that a night builds rests on them."""


class Relations(Protocol):
    """Something to ask: a snapshot, or landing."""

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection to it of one's own, so that several threads may ask."""


@dataclass(frozen=True)
class _Footers:
    """What is known of a checked table's partitions without reading their rows."""

    lake: Partitions
    table: str
    night: Night

    def rows(self, relation: str) -> list[tuple[Any, ...]]:
        """Rows of one of the `RELATIONS`."""
        made: dict[str, Any] = {
            "this.built": self._built,
            "this.calendar": self._calendar,
            "this.partition": self._partition,
            "this.partition_inputs": self._partition_inputs,
            "this.earlier_inputs": self._earlier_inputs,
            "this.delivered_files": self._delivered_files,
            "this.release": self._release,
        }
        return list(made[relation]())

    def previous(self) -> Night | None:
        """Newest night built before this one."""
        return max((n for n in self.lake.built_nights() if n < self.night), default=None)

    def _built(self) -> Iterator[tuple[Any, ...]]:
        yield (self.previous(),)

    def _calendar(self) -> Iterator[tuple[Any, ...]]:
        profile = self.lake.profile
        yield profile.first_night, profile.grace

    def _partition(self) -> Iterator[tuple[Any, ...]]:
        for night, footer in self._own():
            yield night, footer.night, footer.watermark, footer.code_version, footer.run_id

    def _partition_inputs(self) -> Iterator[tuple[Any, ...]]:
        for night, footer in self._own():
            for table, used, fingerprint in _inputs(footer):
                yield night, table, used, fingerprint

    def _earlier_inputs(self) -> Iterator[tuple[Any, ...]]:
        # The release, and the models that its lists came from: what they used is what readers rely on.
        night, used = self.previous(), dict[tuple[str, date, str], str]()
        by_table = ("releases.published", *(f"models.{name}" for name in sorted(self.lake.profile.models)))
        for by in by_table if night else ():
            with suppress(NotBuilt):  # An algorithm that is new has no model of that night.
                for footer in self._footers(by, [night] if night else []).values():
                    used |= dict.fromkeys(_inputs(footer), by)
        for (table, of, fingerprint), by in used.items():
            current = self.lake.partition(table, of)
            yield by, table, of, fingerprint, current.fingerprint if current else None

    def _delivered_files(self) -> Iterator[tuple[Any, ...]]:
        earlier = Counter[str]()
        for file in Landing(self.lake.profile).files().to_pylist():
            most_equal = file["rows_landed"] if file["most_equal"] is None else file["most_equal"]
            yield str(file_number(file["content"], earlier[file["content"]])), most_equal
            earlier[file["content"]] += 1

    def _release(self) -> Iterator[tuple[Any, ...]]:
        folder = ReleaseFolder(self.lake.profile.folder)
        current = folder.current_name()
        if current is not None:
            newest = max((release.night for release in folder.list()), default=None)
            yield current, parse_name(current)[0], newest

    def _own(self) -> Iterator[tuple[Night, Provenance]]:
        """Footers of the partitions that are checked."""
        first = self.night
        if self.table.startswith("clean."):
            earlier = [n for n in self.lake.nights(self.table) if n <= self.night]
            previous = self.previous()
            first = min((n for n in earlier if previous is None or n > previous), default=self.night)
        yield from self._footers(self.table, nights_between(first, self.night)).items()

    def _footers(self, table: str, nights: Iterable[Night]) -> dict[Night, Provenance]:
        if table.startswith("models."):
            models = Models(self.lake.profile)
            return {night: models.get(table.partition(".")[2], night).provenance for night in nights}
        partitions = [self.lake.partition(table, night) for night in nights]
        return {p.night: provenance(p.path) for p in partitions if p is not None}


def _inputs(footer: Provenance) -> Iterator[tuple[str, Night, str]]:
    for table, nights in footer.inputs.items():
        for night, fingerprint in nights.items():
            yield table, night, fingerprint


def show_relations(snapshot: Snapshot, table: str, sql: str) -> None:
    """Show a snapshot the relations that SQL names, as they are for the checks of one table.

    Raises
    ------
    NotBuilt
        When a model they are made of was not fitted on the night.
    """
    footers = _Footers(snapshot.lake, table, snapshot.night)
    named = {name.lower() for name in re.findall(r"\bthis\.\w+", sql)}
    for relation in sorted(named & set(OF_TABLES)):
        if not snapshot.row("select 1 from duckdb_tables() where schema_name || '.' || table_name = $1", [relation]):
            snapshot.add(relation, snapshot.table(OF_TABLES[relation]), copied=True)
    for relation in sorted(named & set(RELATIONS)):
        if relation == "this.landed":
            rows = _landed(snapshot, table, footers.previous())
        else:
            rows = _arrow(relation, footers.rows(relation))
        snapshot.add(relation, rows, copied=True)


def _landed(snapshot: Snapshot, table: str, previous: Night | None) -> pa.Table:
    """Raw rows behind those of a clean table that became visible since the night built before: of each of its ids."""
    columns = snapshot.cursor().execute(f"select column_name, column_type from (describe {table})").fetchall()
    ids = ", ".join(name for name, kind in columns if kind == "UUID")
    since = "visible_night > coalesce($1, '0001-01-01'::date)"
    asked = snapshot.table(f"select unnest([{ids}]) as landed_id from {table} where {since}", [previous])
    if not asked.num_rows:  # Most nights take nothing back; opening landing would cost more than the checks.
        return _arrow("this.landed", [])
    return Landing(snapshot.lake.profile).behind(asked)


@contextmanager
def opened_landing(landing: Landing, table: str) -> Iterator[Relations]:
    """What the checks of a raw table ask: ``raw.<table>`` (empty before anything landed), the ledger, and `this`.

    ``this.calendar``, and ``this.deliveries``: the files of the table that arrived and could be read, which delivery
    (file pattern) each is of, when that came last, whether it is of that day, and how many of its rows are dated after
    their own arrival (``n_ahead``). ``now`` is null where a last night
    says that no more is to come.
    """
    name = table.partition(".")[2]
    with landing.open() as con:
        nothing = ", ".join(f"null::{kind} as {column}" for column, kind in LANDED.items())
        rows = f"from landing.raw.{name}" if has_raw(con, name) else f"select {nothing} where false"
        con.execute(f"create view raw.{name} as {rows}")
        con.execute("create schema ledger")
        for ledger in ("files", "rejects", "sealed_nights"):
            con.execute(f"create view ledger.{ledger} as from landing.ledger.{ledger}")
        con.execute("create schema this")
        profile = landing.profile
        con.execute(
            "create table this.calendar as select $1::date as first_night, $2::interval as grace",
            [profile.first_night, profile.grace],
        )
        patterns = [delivery.files for delivery in profile.deliveries if delivery.table == name]
        # As fnmatch does, and landing: of several patterns the first that the name matches.
        con.execute(
            f"create table {DELIVERIES} as with files as ("
            "select name, arrived_at, rows_read as n_rows, rows_rejected as n_rejected, "
            "(select count(*) from landing.ledger.rejects as rejects where rejects.file_id = files.file_id "
            "and rejects.reason = 'after its own arrival') as n_ahead, "
            "coalesce(list_filter($1::varchar[], lambda p: name glob p)[1], '') as pattern "
            "from landing.ledger.files where raw_table = $2 and kind = 'arrival' and status <> 'quarantined') "
            "select *, max(arrived_at) over by_pattern as newest, "
            "arrived_at::date = (max(arrived_at) over by_pattern)::date as is_newest, $3::timestamp as now "
            "from files window by_pattern as (partition by pattern)",
            [patterns, name, utc_now() if profile.last_night is None else None],
        )
        yield con


def _arrow(relation: str, rows: list[tuple[Any, ...]]) -> pa.Table:
    import pyarrow as pa

    kinds = {
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
        "varchar": pa.string(),
        "uuid": pa.string(),
        "bigint": pa.int64(),
        "interval": pa.month_day_nano_interval(),
    }
    columns = RELATIONS[relation]
    values = zip(*rows, strict=True) if rows else ([] for _ in columns)
    arrays = [pa.array(list(each), kinds[kind]) for each, kind in zip(values, columns.values(), strict=True)]
    return pa.table(arrays, names=list(columns))
