"""Intake: one delivered file on its way into landing, inside one transaction.

What belongs here: staging a file, judging each row by the source's SELECT and the canonical contract, giving each
accepted row its visible night, and storing rows, rejects and the ledger's line. Cost: a few scans of the file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from recsys_assets.errors import RecsysError
from recsys_assets.nights import ONE_DAY, night_of
from recsys_assets.selects.canonical import Canonical, SourceError, canonical
from recsys_assets.selects.quoting import quoted, text
from recsys_assets.selects.source import shown
from recsys_assets.storage.landing import readers
from recsys_assets.storage.landing.mapping import bind, has_raw, mapped

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import duckdb

    from recsys_assets.nights import Night
    from recsys_assets.profile import Delivery, Profile
    from recsys_assets.selects.files import Select
    from recsys_assets.selects.source import Source
    from recsys_assets.storage.lake.lake import Lake

Kind = Literal["history", "arrival"]
_CURRENT = "landed_file in (select file_id from current_files)"


class LandingError(RecsysError):
    """A delivery that is refused, or a night that cannot be sealed; the message says what to do."""


@dataclass(frozen=True)
class Delivered:
    """A file as it was handed over."""

    path: Path
    delivery: Delivery
    kind: Kind
    """``history``: each row was known when it happened. ``arrival``: known from ``arrived_at`` on."""
    arrived_at: datetime
    """UTC instant of arrival; for history the moment it is landed."""
    content: str
    """SHA-256 of its bytes, hexadecimal."""
    size: int
    """Bytes."""
    restate: bool = False
    """Whether history may reach into sealed nights."""


@dataclass(frozen=True)
class Landed:
    """What became of one file."""

    name: str
    raw_table: str
    status: Literal["landed", "already landed", "quarantined"]
    rows_read: int = 0
    rows_landed: int = 0
    rows_rejected: int = 0
    message: str = ""
    stale: list[Night] = field(default_factory=list)
    """Nights with lists that ``restate`` unsealed: they must be built again."""


class Intake:
    """One file: `read` it, `judge` its rows, then `store` them; the caller wraps `store` in a transaction."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, file: Delivered, profile: Profile, source: Source, lake: Lake
    ) -> None:
        self.con, self.file, self.profile, self.source, self.lake = con, file, profile, source, lake
        self.sealed: Night | None = one(con, "select max(night) from landing.ledger.sealed_nights")
        self.file_id: int = one(con, "select coalesce(max(file_id), 0) + 1 from landing.ledger.files")
        self.split: list[tuple[int, str, str, str]] = []

    def read(self) -> None:
        """Read the file into the table ``staged``; every row gets an id made of the file's content and its number.

        Raises
        ------
        UnreadableFile
            When the file cannot be read at all.
        """
        con, content = self.con, self.file.content
        self.split = readers.stage(con, self.file.path, self.file.delivery)
        earlier = one(con, "select count(*) from landing.ledger.files where content = $1", [content])
        if earlier:
            content = hashlib.sha256(f"{content}, landing {earlier + 1}".encode()).hexdigest()
        con.execute("alter table staged rename to delivered")
        con.execute(
            "create or replace temp view staged as select *, "
            f"('{int(content[:24], 16) << 32}'::uhugeint + landed_row::uhugeint)::uuid as landed_id from delivered"
        )

    def judge(self) -> None:
        """Find each staged row's visible night, or why it is rejected; landing is only read.

        A row is judged with what its own visible night can look up, and nothing that came later.

        Raises
        ------
        UnreadableFile
            When the source's SELECTs cannot be run over its rows.
        SourceError
            When a SELECT of the source breaks the canonical contract.
        """
        con = self.con
        con.execute("set variable arrived_at = $1", [self.file.arrived_at])
        con.execute(
            "create or replace temp table judged (landed_id uuid, reject_column varchar, reject_reason varchar, "
            "landed_known_at timestamp, landed_night date)"
        )
        self._judge_rows("true", _CURRENT)
        of_the_night = "landed_id in (select landed_id from judged where landed_night = getvariable('night'))"
        for night in self._nights_before_lookups():
            con.execute("set variable night = $1", [night])
            self._judge_rows(of_the_night, f"{_CURRENT} and landed_night <= getvariable('night')")
        con.execute("set variable night = null")
        con.execute("drop table verdicts")
        con.execute("create or replace temp view dated as select * from judged where reject_reason is null")

    def _judge_rows(self, which: str, lookups: str) -> None:
        """Judge some staged rows by every SELECT they drive, in place of what was found of them before."""
        con = self.con
        con.execute(
            "create or replace temp table verdicts "
            "(landed_id uuid, row_time timestamp, reject_column varchar, reject_reason varchar)"
        )
        rows = f"select * from staged where {which}"
        selects = self.source.driven_by(self.file.delivery.table)
        for name, select in selects.items():
            self._judge(canonical(name), select, rows, lookups)
        if len(selects) > 1:
            self._unite_verdicts()
        con.execute(f"delete from judged where {which}")
        self._date_rows()

    def _nights_before_lookups(self) -> list[Night]:
        """Visible nights of staged rows before which not everything had become visible that the SELECTs look up."""
        reads = {n.name for s in self.source.driven_by(self.file.delivery.table).values() for n in s.reads}
        looked_up = [name for name in reads - {self.file.delivery.table} if has_raw(self.con, name)]
        nights = [one(self.con, f"select max(landed_night) from landing.raw.{name}") for name in looked_up]
        latest = max((night for night in nights if night), default=None)
        found = self.con.execute(
            "select distinct landed_night from judged where landed_night < $1 order by all", [latest]
        ).fetchall()
        return [night for (night,) in found]

    def store(self) -> Landed:
        """Write rows, rejects and the ledger's line.

        Raises
        ------
        LandingError
            When it is history that reaches into a sealed night.
        """
        file = self.file
        stale = self._open_sealed_nights()
        staged, dated = (one(self.con, f"select count(*) from {rows}") for rows in ("staged", "dated"))
        read = staged + len(self.split)
        replaced = self._supersede() if not read or dated else 0
        rejected, landed = self._reject() if dated < read else 0, self._store_accepted()
        if landed + rejected != read:
            raise LandingError(f"{file.path}: {read} rows read, but {landed} landed and {rejected} were rejected.")
        record(self.con, self.file_id, file, "landed", (read, landed, rejected), sealed=self.sealed)
        message = f"in place of the {replaced:,} that landed under this name before" if replaced else ""
        return Landed(file.path.name, file.delivery.table, "landed", read, landed, rejected, message, stale)

    def _judge(self, table: Canonical, select: Select, rows_judged: str, lookups: str) -> None:
        """Run the source's SELECT over staged rows: each row's time, or the reason it is rejected."""
        import duckdb

        con = self.con
        bind(con, select, rows_judged, lookups)
        try:
            rows = mapped(con, table, select, self.profile.known_earlier)
        except duckdb.BinderException as error:
            names = [name for name in _types(con, "staged") if not name.startswith("landed_")]
            raise readers.UnreadableFile(
                f"does not fit {shown(select)}: {str(error).splitlines()[0]}. Its columns are "
                f"{', '.join(names[:12])}{', ...' if len(names) > 12 else ''}: deliver those the SELECT reads; if the "
                "first line is data, set columns = [...] for its delivery, if it is split wrongly, delimiter"
            ) from error
        cases = " ".join(
            f"when {condition} then {{column_name: '{column}', reason: '{reason}'}}"
            for column, condition, reason in table.rules
        )
        judged = (
            f"insert into verdicts with mapped as ({rows}), ruled as ("
            f"select landed_id, {table.time} as row_time, getvariable('arrived_at') as arrived_at, "
            "case when reject_reason is not null "
            "then {column_name: coalesce(reject_column, ''), reason: reject_reason} "
            "when unreadable is not null then unreadable "
            f"{cases} end as verdict from mapped) "
            "select landed_id, row_time, verdict.column_name, verdict.reason from ruled"
        )
        try:
            con.execute(judged)
        except duckdb.DataError as error:  # a cast without try_ that a value does not survive
            raise readers.UnreadableFile(
                f"{shown(select)} fails on a value of it: {str(error).splitlines()[0]}. Use try_cast or try there, so "
                "that such a row is rejected"
            ) from error
        twice = select.joins and one(con, f"select count(*) - count(distinct landed_id) from ({rows})")
        if twice:
            raise SourceError(
                f"{shown(select)}: gives {twice} row(s) of {self.file.path.name} more than once. Let its joins match "
                "one row at most."
            )

    def _unite_verdicts(self) -> None:
        """One verdict a row: rejected where any SELECT rejects it, and as late as the latest of its times."""
        self.con.execute(
            "create or replace temp table verdicts as "
            "select landed_id, row_time, verdict.col as reject_column, verdict.reason as reject_reason "
            "from (select landed_id, max(row_time) as row_time, min({col: reject_column, reason: reject_reason}) "
            "filter (where reject_reason is not null) as verdict from verdicts group by landed_id)"
        )

    def _date_rows(self) -> None:
        """When each judged row was known, and its visible night (`nights.visible_night`, for a whole file)."""
        first_open = self.profile.first_night
        if self.file.kind == "arrival" and self.sealed is not None:
            first_open = max(first_open, self.sealed + ONE_DAY)
        known_at = "row_time" if self.file.kind == "history" else "getvariable('arrived_at')"
        self.con.execute(
            f"insert into judged select landed_id, reject_column, reject_reason, {known_at} as landed_known_at, "
            f"greatest(row_time::date, ({known_at} - to_seconds($grace))::date, $first_open::date) as landed_night "
            "from verdicts",
            {"grace": self.profile.grace.total_seconds(), "first_open": first_open},
        )

    def _open_sealed_nights(self) -> list[Night]:
        """Refuse history that reaches into a sealed night, or (``restate``) unseal from its first night on."""
        first: Night | None = one(self.con, "select min(landed_night) from dated")
        if self.file.kind == "arrival" or self.sealed is None or first is None or first > self.sealed:
            return []
        if not self.file.restate:
            raise LandingError(
                f"{self.file.path}: history from night {first} on, but nights up to {self.sealed} are sealed. Land it "
                "as an arrival (without --history), or pass --restate to unseal those nights and build them again."
            )
        withdrawn = self.lake.withdraw(first)
        self.con.execute("delete from landing.ledger.sealed_nights where night >= $1", [first])
        return sorted({night for table, night in withdrawn if table == "recommendations.lists"})

    def _supersede(self) -> int:
        """A changed file under the same name takes its former rows back, from its own visible night on; how many."""
        first: Night | None = one(self.con, "select min(landed_night) from dated")
        if self.file.kind == "arrival" or first is None:
            first = max(night_of(self.file.arrived_at - self.profile.grace), self.profile.first_night)
            if self.sealed is not None:
                first = max(first, self.sealed + ONE_DAY)
        replaced = self.con.execute(
            "update landing.ledger.files set status = 'superseded', superseded_night = $1, superseded_at = $2 "
            "where name = $3 and raw_table = $4 and status = 'landed' returning rows_landed",
            [
                first,
                self.file.arrived_at if self.file.kind == "arrival" else None,
                self.file.path.name,
                self.file.delivery.table,
            ],
        ).fetchall()
        return sum(rows for (rows,) in replaced)

    def _reject(self) -> int:
        """Keep rejected rows with column, reason and the row as delivered; returns how many."""
        import pyarrow as pa

        con = self.con
        fields = ", ".join(
            f"{text(name)}: staged.{quoted(name)}"  # a column may be called rowid
            for name in _types(con, "staged")
            if name not in {"landed_row", "landed_id"}
        )
        con.execute(
            "insert into landing.ledger.rejects select $1, staged.landed_row, coalesce(reject_column, ''), "
            f"coalesce(reject_reason, 'left out by the SELECTs of source ' || $2), to_json({{{fields}}}), landed_id "
            "from staged left join judged using (landed_id) where landed_id not in (select landed_id from dated)",
            [self.file_id, self.source.name],
        )
        if self.split:
            split = pa.table(list(zip(*self.split, strict=True)), names=["row", "column", "reason", "line"])
            con.register("split_lines", split)  # at once: a statement each would take minutes for a million
            con.execute("insert into landing.ledger.rejects select $1, *, null from split_lines", [self.file_id])
            con.unregister("split_lines")
        return int(one(con, "select count(*) from landing.ledger.rejects where file_id = $1", [self.file_id]))

    def _store_accepted(self) -> int:
        """Append accepted rows to the raw table, widening it to the columns and types delivered."""
        con, table = self.con, self.file.delivery.table
        accepted, values = self._accepted(), [self.file_id]
        kinds = {row[0]: row[1] for row in con.execute(f"describe {accepted}", values).fetchall()}
        target = f"landing.raw.{table}"
        if not has_raw(con, table):
            con.execute(f"create table {target} as {accepted} limit 0", values)
        stored = {name.lower(): kind for name, kind in _types(con, target).items()}  # as SQL compares names
        for name, kind in kinds.items():
            if name.lower() not in stored:
                con.execute(f"alter table {target} add column {quoted(name)} {kind}")
            elif stored[name.lower()] not in {kind, "VARCHAR"}:
                con.execute(f"alter table {target} alter column {quoted(name)} type varchar")
        return int(one(con, f"insert into {target} by name {accepted}", values))

    def _accepted(self) -> str:
        """SELECT of the accepted rows as they are stored; $1 is the file's number.

        Mostly rows were judged in the order they are staged in: then they are put side by side, which takes a fraction
        of the time and memory of a join on their ids.
        """
        own = "staged.*, $1::integer as landed_file, landed_known_at, landed_night"
        judged = "(select landed_id as judged_id, * exclude (landed_id) from judged)"
        beside = f"staged positional join {judged}"
        if one(self.con, f"select count(*) from {beside} where landed_id is distinct from judged_id"):
            return f"select {own} from staged inner join dated using (landed_id)"
        return f"select {own} from {beside} where reject_reason is null"


def record(
    con: duckdb.DuckDBPyConnection,
    file_id: int,
    file: Delivered,
    status: str,
    rows: tuple[int, int, int] = (0, 0, 0),
    message: str | None = None,
    sealed: Night | None = None,
) -> None:
    """Write a file's line into the ledger; ``rows`` are (read, landed, rejected), ``sealed`` the last sealed night."""
    con.execute(
        "insert into landing.ledger.files (file_id, name, raw_table, content, bytes, kind, arrived_at, status, "
        "rows_read, rows_landed, rows_rejected, message, sealed_night) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            file_id,
            file.path.name,
            file.delivery.table,
            file.content,
            file.size,
            file.kind,
            file.arrived_at,
            status,
            *rows,
            message,
            sealed,
        ],
    )


def one(con: duckdb.DuckDBPyConnection, query: str, parameters: list[Any] | None = None) -> Any:
    """First value of a query's only row."""
    rows = con.execute(query, parameters or []).fetchall()
    return rows[0][0] if rows else None


def _types(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    return {row[0]: row[1] for row in con.execute(f"describe {relation}").fetchall()}
