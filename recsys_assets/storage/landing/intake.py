"""Intake: one delivered file on its way into landing, inside one transaction.

What belongs here: staging a file's rows, and storing rows, rejects and the ledger's line. What decides between them,
the visible night or a reject's reason, is in `judging`. Cost: a few scans of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.nights import ONE_DAY, night_of
from recsys_assets.selects.quoting import quoted, text
from recsys_assets.storage.landing import readers
from recsys_assets.storage.landing.judging import Judge
from recsys_assets.storage.landing.ledger import (
    Landed,
    LandingError,
    Visible,
    file_number,
    record,
    record_adding_nothing,
)
from recsys_assets.storage.landing.mapping import has_raw
from recsys_assets.storage.landing.repeats import count_adding_nothing, count_repeats
from recsys_assets.storage.queries import column_types, first_value

if TYPE_CHECKING:
    import duckdb

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.selects.source import Source
    from recsys_assets.storage.lake.partitions import Partitions
    from recsys_assets.storage.landing.ledger import Delivered
    from recsys_assets.storage.landing.opening import OpenFile


class Intake:
    """One file: `read` it, `judge` its rows, then `store` them; the caller wraps `store` in a transaction.

    Parameters
    ----------
    lake
        Partitions that are withdrawn where ``file`` restates sealed nights.
    file_id
        Its number in the ledger.
    sealed
        Last sealed night when it arrived.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        file: Delivered,
        profile: Profile,
        source: Source,
        lake: Partitions,
        *,
        file_id: int,
        sealed: Night | None,
    ) -> None:
        self.con, self.file, self.profile, self.source, self.lake = con, file, profile, source, lake
        self.file_id, self.sealed = file_id, sealed
        self.split: list[tuple[int, str, str, str]] = []
        """Lines of it that cannot be split into columns: (row, column, reason, line)."""

    def read(self, opened: OpenFile) -> None:
        """Read what was opened into the table ``staged``; every row gets an id made of the content and its number.

        Raises
        ------
        UnreadableFile
            When the file cannot be read at all.
        """
        con, content = self.con, self.file.content
        self.split = readers.stage(con, opened, self.file.delivery)
        earlier = first_value(con, "select count(*) from landing.ledger.files where content = $1", [content])
        con.execute("alter table staged rename to delivered")
        con.execute(
            "create or replace temp view staged as select *, "
            f"('{file_number(content, earlier) << 32}'::uhugeint + landed_row::uhugeint)::uuid as landed_id "
            "from delivered"
        )

    def take(self, relation: str) -> None:
        """Take rows as they are instead of a file's: a table with columns as delivered, ``landed_row``, ``landed_id``.

        It must stay as it is until they are stored.
        """
        self.con.execute(f"create or replace temp view staged as from {relation}")

    def judge(self) -> None:
        """Find each staged row's visible night, or why it is rejected; see `judging.Judge`."""
        Judge(self.con, self.file, self.profile, self.source, self.sealed).judge_staged()

    def store(self) -> Landed:
        """Write rows, rejects and the ledger's line.

        Raises
        ------
        LandingError
            When it is history that reaches into a sealed night.
        """
        file = self.file
        stale = self._open_sealed_nights()
        staged, dated = (first_value(self.con, f"select count(*) from {rows}") for rows in ("staged", "dated"))
        read = staged + len(self.split)
        replaced = self._supersede() if not read or dated else 0
        rejected, landed = self._reject() if dated < read else 0, self._store_accepted()
        if landed + rejected != read:
            raise LandingError(f"{file.path}: {read} rows read, but {landed} landed and {rejected} were rejected.")
        repeats = count_repeats(self.con)
        record(self.con, self.file_id, file, "landed", (read, landed, rejected), sealed=self.sealed, repeats=repeats)
        return Landed(
            name=file.path.name,
            raw_table=file.delivery.table,
            status="landed",
            rows_read=read,
            rows_landed=landed,
            rows_rejected=rejected,
            message=f"in place of the {replaced:,} that landed under this name before" if replaced else "",
            stale=stale,
            rows_repeated=repeats.repeated,
            visible=self._visible(),
        )

    def compare(self) -> int | None:
        """Rows that add nothing to what other files hold, noted in the ledger too; after `store` was committed.

        A file is in whether or not its rows can be compared: so it is no part of the transaction.
        """
        rows = count_adding_nothing(self.con, self.profile, self.source, self.file.delivery.table, self.file_id)
        record_adding_nothing(self.con, self.file_id, rows)
        return rows

    def _visible(self) -> Visible | None:
        """Nights that first see the rows; history without a time of its own waits for the first event of its key."""
        is_late = "row_time::date < landed_night"
        ((first, last, n_late, since),) = self.con.execute(
            f"select min(landed_night), max(landed_night), count(*) filter (where {is_late}), "
            f"min(row_time::date) filter (where {is_late}) from dated where landed_known_at is not null"
        ).fetchall()
        if first is None:
            return None
        return Visible(first, last, n_late, since) if self.file.kind == "arrival" else Visible(first, last)

    def _open_sealed_nights(self) -> list[Night]:
        """Refuse history that reaches into a sealed night, or (``restate``) unseal from its first night on."""
        first: Night | None = first_value(self.con, "select min(landed_night) from dated")
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
        first: Night | None = first_value(self.con, "select min(landed_night) from dated")
        if self.file.kind == "arrival" or first is None:
            first = self._first_open()
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

    def _first_open(self) -> Night:
        """The night that the file's arrival opens to it: none before can see anything of an arrival."""
        first = max(night_of(self.file.arrived_at - self.profile.grace), self.profile.first_night)
        return first if self.sealed is None else max(first, self.sealed + ONE_DAY)

    def _reject(self) -> int:
        """Keep rejected rows with column, reason, the row as delivered and the first night to see it; returns how many.

        Of history only a row's own time tells which night that is; an arrival was there, whatever its rows say.
        """
        import pyarrow as pa

        con = self.con
        first_open = self._first_open() if self.file.kind == "arrival" else None
        fields = ", ".join(
            f"{text(name)}: staged.{quoted(name)}"  # A column may be called rowid.
            for name in column_types(con, "staged")
            if name not in {"landed_row", "landed_id"}
        )
        con.execute(
            "insert into landing.ledger.rejects select $1, staged.landed_row, coalesce(reject_column, ''), "
            f"coalesce(reject_reason, 'left out by the SELECTs of source ' || $2), to_json({{{fields}}}), landed_id, "
            "coalesce(if(row_time is null, null, landed_night), $3) "
            "from staged left join judged using (landed_id) where landed_id not in (select landed_id from dated)",
            [self.file_id, self.source.name, first_open],
        )
        if self.split:
            split = pa.table(list(zip(*self.split, strict=True)), names=["row", "column", "reason", "line"])
            con.register("split_lines", split)  # A statement for each would take minutes for a million.
            con.execute(
                "insert into landing.ledger.rejects select $1, *, null, $2 from split_lines", [self.file_id, first_open]
            )
            con.unregister("split_lines")
        return int(first_value(con, "select count(*) from landing.ledger.rejects where file_id = $1", [self.file_id]))

    def _store_accepted(self) -> int:
        """Append accepted rows to the raw table, widening it to the columns and types delivered."""
        con, table = self.con, self.file.delivery.table
        accepted, values = self._accepted(), [self.file_id]
        kinds = column_types(con, accepted, values)
        target = f"landing.raw.{table}"
        if not has_raw(con, table):
            con.execute(f"create table {target} as {accepted} limit 0", values)
        # SQL does not mind the case of a name.
        stored = {name.lower(): kind for name, kind in column_types(con, target).items()}
        for name, kind in kinds.items():
            if name.lower() not in stored:
                con.execute(f"alter table {target} add column {quoted(name)} {kind}")
            elif stored[name.lower()] not in {kind, "VARCHAR"}:
                con.execute(f"alter table {target} alter column {quoted(name)} type varchar")
        return int(first_value(con, f"insert into {target} by name {accepted}", values))

    def _accepted(self) -> str:
        """SELECT of the accepted rows as they are stored; $1 is the file's number.

        Mostly rows were judged in the order they are staged in: then they are put side by side, which takes a fraction
        of the time and memory of a join on their ids.
        """
        own = "staged.*, $1::integer as landed_file, landed_known_at, landed_night"
        judged = "(select landed_id as judged_id, * exclude (landed_id) from judged)"
        beside = f"staged positional join {judged}"
        if first_value(self.con, f"select count(*) from {beside} where landed_id is distinct from judged_id"):
            return f"select {own} from staged inner join dated using (landed_id)"
        return f"select {own} from {beside} where reject_reason is null"
