"""Relanding: raw rows of a deployment landed anew in another one, as they came or with the future of a night poisoned.

What belongs here: which files are judged again, and what their rows that a night may not see are turned into. The audit
builds the night from what comes out (`recsys_jobs.audit`).

Poisons, of every row that becomes visible only after the night::

    deleted   it never comes
    altered   a third never comes, a third has another user, a third has other values in every column (times are
              exchanged among such rows, so that none becomes visible earlier); rows of nights over a horizon later
              never come. After the night's close arrive besides: past events with other values, items and users with
              other attributes, and a correction of the newest file of events, with half of its rows gone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from recsys_assets.nights import close
from recsys_assets.profile import Delivery
from recsys_assets.selects.lineage import select_lineage
from recsys_assets.selects.quoting import quoted, text
from recsys_assets.storage.landing.intake import Delivered, Intake

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from recsys_assets.nights import Night
    from recsys_assets.storage.lake.lake import Lake
    from recsys_assets.storage.landing.database import Landing

Poison = Literal["deleted", "altered"]
POISONS: tuple[Poison, ...] = ("deleted", "altered")
MOST_ARRIVING = 20_000
"""Rows that arrive besides, at most, of each kind."""
_OWN = {"landed_row", "landed_id", "landed_file", "landed_known_at", "landed_night"}
_TIMES = {"event_ts", "known_from", "retired_at"}
_IDS = {"user_id", "item_id"}


@dataclass(frozen=True)
class _File:
    """A file of the original ledger."""

    file_id: int
    name: str
    raw_table: str
    kind: Literal["history", "arrival"]
    arrived_at: datetime
    content: str
    size: int
    sealed: Night | None
    past: int
    """Its rows that the night may see."""
    future: int
    """Its rows that it may not."""
    near: int
    """Those of them that become visible within a horizon."""


def reland(
    origin: Path,
    target: Landing,
    lake: Lake,
    night: Night,
    poison: Poison | None,
    users: float = 1.0,
    *,
    extras_since: Night | None = None,
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
    users
        Share of the users whose rows are kept, above 0 and up to 1.
    extras_since
        Leave out rows that became visible before this night, where nothing but extra tables is made from them: each
        night's partition of those rests on its own rows only. Such tables can be much larger than the events.
    """
    with target.open() as con:
        con.execute(f"attach {text(str(origin))} as origin (read_only)")
        _Relanding(con, target, lake, night, poison, users, extras_since).run()
        con.execute("detach origin")


class _Relanding:
    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        target: Landing,
        lake: Lake,
        night: Night,
        poison: Poison | None,
        users: float,
        extras_since: Night | None,
    ) -> None:
        self.con, self.target, self.lake, self.night, self.poison = con, target, lake, night, poison
        self.profile, self.source, self.users = target.profile, target.source, users
        self.extras_since = extras_since
        found = con.execute(
            "select table_name from duckdb_tables() where database_name = 'origin' and schema_name = 'raw' order by all"
        ).fetchall()
        self.tables = [name for (name,) in found]

    def run(self) -> None:
        """Land the files one after the other, each as it had landed; what arrives besides comes last."""
        for table in self.tables:
            self.con.execute(f"create table landing.raw.{table} as from origin.raw.{table} limit 0")
        waiting: list[_File] = []
        changed: set[str] = set()
        for file in self._files():
            again = bool(file.future and (self.poison or file.past)) or bool(self._looked_up(file) & changed)
            if not again:
                waiting.append(file)
                continue
            self._copy(waiting)
            waiting = []
            changed |= {file.raw_table} if file.future else set()
            kept = {None: file.future, "deleted": 0, "altered": file.near}[self.poison]
            if file.past or kept or not file.future:
                self._land_again(file)
        self._copy(waiting)
        if self.poison == "altered":
            self._arrive_besides()
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
        rows = self.con.execute(
            "select file_id, name, raw_table, kind, arrived_at, content, bytes, sealed_night, coalesce(past, 0), "
            f"coalesce(future, 0), coalesce(near, 0) from origin.ledger.files left join ({counts}) using (file_id) "
            "where status <> 'quarantined' order by file_id",
            {"night": self.night, "horizon": self.profile.horizon},
        ).fetchall()
        return [_File(*row) for row in rows]

    def _looked_up(self, file: _File) -> set[str]:
        """Raw tables that the SELECTs look up in to judge the file's rows."""
        selects = self.source.driven_by(file.raw_table).values()
        return {name.name for select in selects for name in select.reads} - {file.raw_table}

    def _copy(self, files: list[_File]) -> None:
        """Take files over as they landed; they stand next to each other in the ledger."""
        if not files:
            return
        span = {"first": files[0].file_id, "last": files[-1].file_id}
        for table in sorted({file.raw_table for file in files} & set(self.tables)):
            self.con.execute(
                f"insert into landing.raw.{table} by name from origin.raw.{table} "
                f"where landed_file between $first and $last and {self._mine(table)}",
                span,
            )
        self.con.execute(
            "insert into landing.ledger.files by name select * replace (if(status = 'quarantined', status, 'landed') "
            "as status, null as superseded_night, null as superseded_at) from origin.ledger.files "
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
            f"from origin.raw.{table} where landed_file = $file and {self._mine(table)}",
            {"night": self.night, "horizon": self.profile.horizon, "file": file.file_id},
        )
        future = {None: "is_future", "deleted": "false", "altered": "false"}[self.poison]
        kept = f"select * exclude (is_future, is_far) from delivered where not is_future or {future}"
        con.execute(f"create or replace temp table staged as {kept} union all by name {self._rejects(file)}")
        if self.poison == "altered":
            con.execute("create or replace temp table future as from delivered where is_future and not is_far")
            rows = self._altered(table, "future", kept_ids="hash(landed_id) % 2 = 0")
            con.execute(f"insert into staged by name {rows}")
        con.execute("drop table delivered")
        self._store(file.name, file, file.file_id)
        if self.poison == "altered":  # an exchanged value may let a row seem older than it can be known to be
            con.execute(
                f"delete from landing.raw.{table} "
                "where landed_night <= $1 and landed_id in (select landed_id from future)",
                [self.night],
            )

    def _rejects(self, file: _File) -> str:
        """Rows that were rejected, out of the JSON they are kept as, with the types of the raw table."""
        kinds = {name: kind for name, kind in self._columns(file.raw_table).items() if name not in _OWN}
        return (
            f"select unnest(json_transform(delivered::json, {text(json.dumps(kinds))})), "
            f"row_number as landed_row, landed_id from origin.ledger.rejects "
            f"where file_id = {file.file_id} and landed_id is not null"
        )

    def _store(self, name: str, like: _File, file_id: int) -> None:
        """Judge and store what is staged, as if it were a file like another one."""
        delivered = Delivered(
            path=Path(name),
            delivery=Delivery(table=like.raw_table, files="*"),
            kind=like.kind,
            arrived_at=like.arrived_at,
            content=like.content,
            size=like.size,
            restate=True,
        )
        intake = Intake(self.con, delivered, self.profile, self.source, self.lake)
        intake.sealed, intake.file_id = like.sealed, file_id
        intake.judge()
        self.con.execute("begin")
        intake.store()
        self.con.execute("commit")

    def _altered(self, table: str, rows: str, kept_ids: str) -> str:
        """SELECT of poisoned rows: by their hash a third is gone, a third has others' users, a third is altered.

        Of the altered ones those with ``kept_ids`` keep the ids of user and item.
        """
        fed = self._fed(table)
        columns = {name: kind for name, kind in self._columns(table).items() if name not in _OWN}
        exchanged = {
            name: f"exchanged.c{place}[(n + {place} * 7919) % m + 1]"
            for place, name in enumerate(columns, 1)
            if not fed or name.lower() in fed["user_id"] | fed["times"]
        }
        lists = "".join(
            f", list({quoted(name)} order by n) as c{place}"
            for place, name in enumerate(columns, 1)
            if name in exchanged
        )
        chosen = []
        for name, kind in columns.items():
            own = quoted(name)
            if not fed or name.lower() in fed["times"]:
                value = exchanged[name]
            else:
                shuffled = exchanged.get(name, own)
                kept = f"when {kept_ids} then {own} " if name.lower() in fed["user_id"] | fed["item_id"] else ""
                value = f"case when part = 1 then {shuffled} {kept}else {_other(own, kind)} end"
            chosen.append(f"{value} as {own}")
        return (
            f"with numbered as (select *, row_number() over (order by landed_id) - 1 as n, "
            f"(hash(landed_id) // 8) % 3 as part from {rows}), "
            f"exchanged as (select count(*) as m{lists} from numbered) "
            f"select {', '.join(chosen)}, landed_row, landed_id from numbered cross join exchanged where part > 0"
        )

    def _arrive_besides(self) -> None:
        """What arrives after the night's close: late events, new attributes, a corrected file."""
        at = close(self.night, self.profile.grace) + timedelta(minutes=1)
        for table in self.tables:
            for name in self.source.driven_by(table):
                if name in {"events", "items", "users"}:
                    self._arrive(table, name, at)
                if name == "events":
                    self._correct(table, at)

    def _arrive(self, table: str, name: str, at: datetime) -> None:
        """Rows of the past with other values: events of others, or the same items and users otherwise described."""
        fed, columns = self._fed(table), self._columns(table)
        if not fed:
            return
        self.con.execute(
            f"create or replace temp table arriving as from landing.raw.{table} where landed_night <= $1 "
            f"order by hash(landed_id) limit {MOST_ARRIVING}",
            [self.night],
        )
        kept = fed["times"] | (set() if name == "events" else fed["user_id"] | fed["item_id"])
        values = [
            f"{quoted(c) if c.lower() in kept else _other(quoted(c), kind)} as {quoted(c)}"
            for c, kind in columns.items()
            if c not in _OWN
        ]
        self._new(f"select {', '.join(values)}, landed_row, landed_id from arriving", f"poison {name}", table, at)

    def _correct(self, table: str, at: datetime) -> None:
        """The newest file of the past, delivered again with half of its rows."""
        found = self.con.execute(
            f"select landed_file from landing.raw.{table} group by landed_file "
            "having max(landed_night) <= $1 and count(*) <= $2 order by landed_file desc limit 1",
            [self.night, MOST_ARRIVING],
        ).fetchall()
        for (file_id,) in found:
            (name,) = self.con.execute(
                "select name from landing.ledger.files where file_id = $1", [file_id]
            ).fetchall()[0]
            self.con.execute(
                f"create or replace temp table arriving as from landing.raw.{table} "
                f"where landed_file = {file_id} and hash(landed_id) % 2 = 0"
            )
            own = ", ".join(_OWN - {"landed_row", "landed_id"})
            self._new(f"select * exclude ({own}) from arriving", name, table, at)

    def _new(self, rows: str, name: str, table: str, at: datetime) -> None:
        """Land rows under new ids as a file that arrives."""
        self.con.execute(
            f"create or replace temp table staged as select * exclude (landed_id), "
            f"md5(landed_id::varchar || {text(name)})::uuid as landed_id from ({rows})"
        )
        file_id = self.con.execute("select max(file_id) + 1 from landing.ledger.files").fetchall()[0][0]
        self._store(name, _File(file_id, name, table, "arrival", at, name, 0, self.night, 0, 0, 0), file_id)

    def _mine(self, table: str) -> str:
        """Condition on the rows that are kept: of some users, of extra tables those from a night on."""
        if self.extras_since and self._feeds_extras_only(table):
            return f"landed_night >= date '{self.extras_since}'"
        users = sorted(self._fed(table).get("user_id", ())) if self.users < 1 else []
        if not users:
            return "true"
        return f"hash(coalesce({quoted(users[0])}::varchar, '')) % 10000 < {round(self.users * 10_000)}"

    def _feeds_extras_only(self, table: str) -> bool:
        """Whether the SELECTs that name a raw table are those of extra tables, which it drives."""
        named = {name for name, s in self.source.selects.items() if any(read.name == table for read in s.reads)}
        return named == self.source.driven_by(table).keys() and named <= set(self.source.extras)

    def _columns(self, table: str) -> dict[str, str]:
        return {row[0]: row[1] for row in self.con.execute(f"describe origin.raw.{table}").fetchall()}

    def _fed(self, table: str) -> dict[str, set[str]]:
        """Raw columns that times and ids are made from; empty where the SELECTs do not tell which the times are."""
        found: dict[str, set[str]] = {"times": set(), **{name: set() for name in _IDS}}
        for name, select in self.source.driven_by(table).items():
            lineage = select_lineage(select.text, {})
            if "event_ts" not in lineage and name in {"events", "retractions"}:
                return {}
            for output, origins in lineage.items():
                mine = {column.lower() for origin, column in origins if origin.name == table}
                if output in _TIMES:
                    found["times"] |= mine
                elif output in _IDS:
                    found[output] |= mine
        return found


def _other(column: str, kind: str) -> str:
    """Another value of a column: numbers grow, texts get a sign more, truth turns over."""
    if kind == "VARCHAR":
        number = f"try_cast({column} as double)"
        return (
            f"case when try_cast({column} as bigint) is not null then (try_cast({column} as bigint) * 2 + 1)::varchar "
            f"when {number} is not null then ({number} * 2 + 1)::varchar else {column} || '~' end"
        )
    if kind == "BOOLEAN":
        return f"not {column}"
    if kind in {"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"} or kind.startswith("TIMESTAMP"):
        return f"{column} + interval 400 days"
    if kind.startswith("DECIMAL") or kind in {"DOUBLE", "FLOAT"} or "INT" in kind:
        return f"coalesce(try_cast({column} * 2 + 1 as {kind}), {column})"
    return f"null::{kind}"
