"""Relanding: raw rows of a deployment landed anew in another, as they came or with the future of a night poisoned.

What belongs here: which files are judged again, and which are copied. What rows that a night may not see are turned
into is in `poison`, what arrives besides in `late_arrivals`. The audit builds the night from what comes out (`future`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from recsys_assets.nights import close
from recsys_assets.profile import Delivery
from recsys_assets.selects.quoting import quoted, text
from recsys_assets.storage.landing.intake import Intake
from recsys_assets.storage.landing.ledger import Delivered, next_file_id
from recsys_jobs.audit.late_arrivals import delivered_columns, late_arrivals
from recsys_jobs.audit.poison import altered, origins_of
from recsys_jobs.audit.sampling import in_sample

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from recsys_assets.nights import Night
    from recsys_assets.selects.source import Source
    from recsys_assets.storage.lake.partitions import Partitions
    from recsys_assets.storage.landing.database import Landing
    from recsys_assets.storage.landing.ledger import Kind
    from recsys_jobs.audit.poison import Poison


@dataclass(frozen=True)
class _File:
    """A file of the original ledger, or one that arrives besides."""

    file_id: int
    name: str
    raw_table: str
    kind: Kind
    arrived_at: datetime
    content: str
    size: int
    sealed: Night | None
    past: int = 0
    """Its rows that the night may see, rejected ones too."""
    future: int = 0
    """Its rows that it may not."""
    near: int = 0
    """Those of them that become visible within a horizon."""


@dataclass(frozen=True)
class Kept:
    """Which rows land again."""

    users: float = 1.0
    """Share of the users whose rows are kept, above 0 and up to 1."""
    extras_since: Night | None = None
    """Leave out rows that became visible before this night, where nothing but extra tables is made from them: each
    night's partition of those rests on its own rows only. Such tables can be much larger than the events."""
    until: Night | None = None
    """Leave out rows that became visible after this night."""

    def condition(self, source: Source, table: str) -> str:
        """Condition on the rows of a raw table."""
        kept = [f"landed_night <= date '{self.until}'"] if self.until else []
        origins = origins_of(source, table) if self.users < 1 else None
        if self.extras_since and source.feeds_extras_only(table):
            kept.append(f"landed_night >= date '{self.extras_since}'")
        elif origins is not None and origins.users:
            kept.append(in_sample(quoted(min(origins.users)), self.users))
        return " and ".join(kept) or "true"


ALL = Kept()
"""Every row."""


def reland(
    origin: Path, target: Landing, lake: Partitions, night: Night, poison: Poison | None, kept: Kept = ALL
) -> None:
    """Land every raw row of ``origin`` again in ``target``, which is empty.

    Only files with rows on both sides of the night's cutoff, and those judged with what they looked up in such files,
    are judged again: what becomes of a row is a matter of its own file. The others are copied.

    Parameters
    ----------
    origin
        A copy of another deployment's ``landing.duckdb``.
    lake
        The target's lake, still empty.
    """
    with target.open() as con:
        con.execute(f"attach {text(str(origin))} as origin (read_only)")
        _Relanding(con, target, lake, night, poison, kept).run()
        con.execute("detach origin")


class _Relanding:
    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        target: Landing,
        lake: Partitions,
        night: Night,
        poison: Poison | None,
        kept: Kept,
    ) -> None:
        self.con, self.lake, self.night, self.poison = con, lake, night, poison
        self.profile, self.source, self.kept = target.profile, target.source, kept
        rows = con.execute(
            "select table_name from duckdb_tables() where database_name = 'origin' and schema_name = 'raw' order by all"
        ).fetchall()
        self.tables = [name for (name,) in rows]

    def run(self) -> None:
        """Land the files one after the other, each as it had landed; what arrives besides comes last."""
        for table in self.tables:
            self.con.execute(f"create table landing.raw.{table} as from origin.raw.{table} limit 0")
        waiting: list[_File] = []
        changed: set[str] = set()
        for file in self._files():
            reaches_over = file.future and (self.poison or file.past)
            if not reaches_over and not self.source.looked_up(file.raw_table) & changed:
                waiting.append(file)
                continue
            self._copy(waiting)
            waiting = []
            changed |= {file.raw_table} if file.future else set()
            kept = {None: file.future, "deleted": 0, "altered": file.near}[self.poison]
            if file.past or kept or not file.future:
                self._land_again(file)
        self._copy(waiting)
        self.con.execute(
            f"insert into landing.ledger.files by name select * replace ({self._arrived()} as arrived_at) from "
            "origin.ledger.files where status = 'quarantined' "
            "and file_id not in (select file_id from landing.ledger.files)"
        )
        if self.poison == "altered":
            at = close(self.night, self.profile.grace) + timedelta(minutes=1)
            for rows, name, table in late_arrivals(self.con, self.source, self.tables, self.night):
                self._land_as_new(rows, name, table, at)
        self.con.execute(
            "insert into landing.ledger.sealed_nights from origin.ledger.sealed_nights where night <= $1 "
            "on conflict do nothing",
            [self.night],
        )

    def _files(self) -> list[_File]:
        counts = " union all ".join(
            f"select landed_file as file_id, count(*) filter (landed_night <= $night) as past, "
            "count(*) filter (landed_night > $night) as future, count(*) filter (landed_night > $night and "
            f"landed_night <= $night + $horizon::integer) as near from origin.raw.{table} group by all"
            for table in self.tables
        )
        counts += (
            " union all select file_id, count(*) filter (visible_night <= $night), 0, 0 "
            "from origin.ledger.rejects group by file_id"
        )
        rows = self.con.execute(
            f"select file_id, name, raw_table, kind, {self._arrived()}, content, bytes, sealed_night, "
            f"coalesce(past, 0)::bigint, coalesce(future, 0)::bigint, coalesce(near, 0)::bigint "
            f"from origin.ledger.files left join (select file_id, sum(past) as past, sum(future) as future, "
            f"sum(near) as near from ({counts}) group by file_id) using (file_id) "
            "where status <> 'quarantined' order by file_id",
            {"night": self.night, "horizon": self.profile.horizon},
        ).fetchall()
        return [_File(*row) for row in rows]

    def _copy(self, files: list[_File]) -> None:
        """Take files over as they landed; they stand next to each other in the ledger."""
        if not files:
            return
        span = {"first": files[0].file_id, "last": files[-1].file_id}
        for table in sorted({file.raw_table for file in files} & set(self.tables)):
            self.con.execute(
                f"insert into landing.raw.{table} by name from origin.raw.{table} "
                f"where landed_file between $first and $last and {self.kept.condition(self.source, table)}",
                span,
            )
        self.con.execute(
            "insert into landing.ledger.files by name select * replace (if(status = 'quarantined', status, 'landed') "
            f"as status, null as superseded_night, null as superseded_at, {self._arrived()} as arrived_at) from "
            "origin.ledger.files "
            "where file_id between $first and $last",
            span,
        )
        self.con.execute(
            "insert into landing.ledger.rejects by name from origin.ledger.rejects "
            "where file_id between $first and $last",
            span,
        )
        # Of files replaced by one of these: as it was when that landed.
        self.con.execute(
            "with successors as (select file_id, status, superseded_night, superseded_at, lead(file_id) over "
            "(partition by name, raw_table order by file_id) as successor from origin.ledger.files "
            "where status <> 'quarantined') "
            "update landing.ledger.files as files set status = was.status, superseded_night = was.superseded_night, "
            "superseded_at = was.superseded_at from successors as was "
            "where was.file_id = files.file_id and was.successor between $first and $last",
            span,
        )

    def _land_again(self, file: _File) -> None:
        """Judge a file's rows once more, its future poisoned, and land them under the ids they had."""
        table, con = file.raw_table, self.con
        con.execute(
            "create or replace temp table delivered as select * exclude (landed_file, landed_known_at, landed_night), "
            f"landed_night > $night as is_future, landed_night > $night + $horizon::integer as is_far "
            f"from origin.raw.{table} where landed_file = $file and {self.kept.condition(self.source, table)}",
            {"night": self.night, "horizon": self.profile.horizon, "file": file.file_id},
        )
        future = {None: "is_future", "deleted": "false", "altered": "false"}[self.poison]
        kept = f"select * exclude (is_future, is_far) from delivered where not is_future or {future}"
        con.execute(f"create or replace temp table again as {kept} union all by name {self._rejects(file)}")
        if self.poison == "altered":
            con.execute("create or replace temp table future as from delivered where is_future and not is_far")
            rows = altered(
                "future", delivered_columns(self.con, table), origins_of(self.source, table), "hash(landed_id) % 2 = 0"
            )
            con.execute(f"insert into again by name {rows}")
        con.execute("drop table delivered")
        self._land(file, "again")
        self._take_over_what_is_told_of_rejects(file)
        if self.poison == "altered":  # An exchanged value may let a row seem older than it can be known to be.
            for rows, night in ((f"raw.{table}", "landed_night"), ("ledger.rejects", "visible_night")):
                con.execute(
                    f"delete from landing.{rows} where {night} <= $1 and landed_id in (select landed_id from future)",
                    [self.night],
                )

    def _rejects(self, file: _File) -> str:
        """Rows that were rejected, out of the JSON they are kept as, with the types of the raw table."""
        kinds = json.dumps(delivered_columns(self.con, file.raw_table))
        return (
            f"select unnest(json_transform(delivered::json, {text(kinds)})), "
            f"row_number as landed_row, landed_id from origin.ledger.rejects "
            f"where file_id = {file.file_id} and landed_id is not null and {self._known}"
        )

    @property
    def _known(self) -> str:
        """Condition on rejected rows: of a poisoned build those of later nights do not come."""
        return f"coalesce(visible_night <= date '{self.night}', true)" if self.poison else "true"

    def _take_over_what_is_told_of_rejects(self, file: _File) -> None:
        """Lines that could not be split are not judged again; nor do rejects of an earlier version gain a night."""
        of_file = f"file_id = {file.file_id}"
        self.con.execute(
            "insert into landing.ledger.rejects by name from origin.ledger.rejects "
            f"where {of_file} and landed_id is null and {self._known}"
        )
        self.con.execute(
            f"update landing.ledger.rejects set visible_night = null where {of_file} and landed_id in "
            f"(select landed_id from origin.ledger.rejects where {of_file} and visible_night is null)"
        )

    def _land(self, file: _File, rows: str) -> None:
        """Judge and store the rows of a table as a file's."""
        delivered = Delivered(
            path=Path(file.name),
            delivery=Delivery(table=file.raw_table, files="*"),
            kind=file.kind,
            arrived_at=file.arrived_at,
            content=file.content,
            size=file.size,
            restate=True,
        )
        intake = Intake(
            self.con, delivered, self.profile, self.source, self.lake, file_id=file.file_id, sealed=file.sealed
        )
        intake.take(rows)
        intake.judge()
        self.con.execute("begin")
        intake.store()
        self.con.execute("commit")

    def _land_as_new(self, rows: str, name: str, table: str, at: datetime) -> None:
        """Land rows under new ids as a file that arrives."""
        self.con.execute(
            f"create or replace temp table again as select * exclude (landed_id), "
            f"md5(landed_id::varchar || {text(name)})::uuid as landed_id from ({rows})"
        )
        content = hashlib.sha256(name.encode()).hexdigest()
        file = _File(next_file_id(self.con), name, table, "arrival", at, content, size=0, sealed=self.night)
        self._land(file, "again")

    def _arrived(self) -> str:
        """When a file arrived; poisoned, history and what arrived after the night's close came at another time."""
        if self.poison != "altered":
            return "arrived_at"
        closed = f"timestamp '{close(self.night, self.profile.grace)}'"
        return f"if(kind = 'history' or arrived_at >= {closed}, arrived_at + interval '41 hours', arrived_at)"
