"""Judging: the visible night of each row of a file, or the reason why it is rejected.

What belongs here: running the source's SELECTs over staged rows, holding what they give to the canonical contract, and
dating the rows. Landing is only read. Cost: a scan of the file for each SELECT that its table drives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.nights import ONE_DAY
from recsys_assets.selects.canonical import Canonical, SourceError, canonical
from recsys_assets.selects.source import shown
from recsys_assets.storage.landing.mapping import bind, has_raw, mapped
from recsys_assets.storage.landing.repeats import content_of
from recsys_assets.storage.landing.text_files import UnreadableFile
from recsys_assets.storage.queries import column_types, first_value

if TYPE_CHECKING:
    import duckdb

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.selects.files import Select
    from recsys_assets.selects.source import Source
    from recsys_assets.storage.landing.ledger import Delivered

_CURRENT = "landed_file in (select file_id from current_files)"


class Judge:
    """What becomes of the rows of one file that are staged in the table ``staged``.

    Parameters
    ----------
    sealed
        Last sealed night when the file arrived; of an arrival no row becomes visible up to it.
    """

    def __init__(
        self, con: duckdb.DuckDBPyConnection, file: Delivered, profile: Profile, source: Source, sealed: Night | None
    ) -> None:
        self.con, self.file, self.profile, self.source, self.sealed = con, file, profile, source, sealed

    def judge_staged(self) -> None:
        """Find each staged row's visible night, or why it is rejected: table ``judged``; of accepted rows ``dated``.

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
            "landed_known_at timestamp, landed_night date, row_time timestamp, content ubigint)"
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
        """Judge some staged rows by every SELECT they drive, in place of what was said of them before."""
        con = self.con
        con.execute(
            "create or replace temp table verdicts "
            "(landed_id uuid, row_time timestamp, reject_column varchar, reject_reason varchar, content ubigint)"
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
        looked_up = [name for name in self.source.looked_up(self.file.delivery.table) if has_raw(self.con, name)]
        nights = [first_value(self.con, f"select max(landed_night) from landing.raw.{name}") for name in looked_up]
        latest = max((night for night in nights if night), default=None)
        nights_before = self.con.execute(
            "select distinct landed_night from judged where landed_night < $1 order by all", [latest]
        ).fetchall()
        return [night for (night,) in nights_before]

    def _judge(self, table: Canonical, select: Select, rows_judged: str, lookups: str) -> None:
        """Run the source's SELECT over staged rows: each row's time, or the reason it is rejected."""
        import duckdb

        con = self.con
        bind(con, select, rows_judged, lookups)
        try:
            rows = mapped(con, table, select, self.profile.known_earlier)
        except duckdb.BinderException as error:
            names = [name for name in column_types(con, "staged") if not name.startswith("landed_")]
            raise UnreadableFile(
                f"does not fit {shown(select)}: {str(error).splitlines()[0]}. Its columns are "
                f"{', '.join(names[:12])}{', ...' if len(names) > 12 else ''}: deliver those the SELECT reads; if the "
                "first line is data, set columns = [...] for its delivery; if the names stand further down, skip; if "
                "it is split wrongly, delimiter"
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
            f"{cases} end as verdict, {content_of(table)} as content from mapped) "
            "select landed_id, row_time, verdict.column_name, verdict.reason, content from ruled"
        )
        try:
            con.execute(judged)
        except duckdb.DataError as error:  # A cast without try_ met a value that it cannot read.
            raise UnreadableFile(
                f"{shown(select)} fails on a value of it: {str(error).splitlines()[0]}. Use try_cast or try there, so "
                "that such a row is rejected"
            ) from error
        twice = select.joins and first_value(con, f"select count(*) - count(distinct landed_id) from ({rows})")
        if twice:
            raise SourceError(
                f"{shown(select)}: gives {twice} row(s) of {self.file.path.name} more than once. Let its joins match "
                "one row at most."
            )

    def _unite_verdicts(self) -> None:
        """One verdict a row: rejected where any SELECT rejects it, and as late as the latest of its times."""
        self.con.execute(
            "create or replace temp table verdicts as "
            "select landed_id, row_time, verdict.col as reject_column, verdict.reason as reject_reason, content "
            "from (select landed_id, max(row_time) as row_time, min({col: reject_column, reason: reject_reason}) "
            "filter (where reject_reason is not null) as verdict, max(content) as content from verdicts "
            "group by landed_id)"
        )

    def _date_rows(self) -> None:
        """When each judged row was known, and its visible night (`nights.visible_night`, for a whole file)."""
        first_open = self.profile.first_night
        if self.file.kind == "arrival" and self.sealed is not None:
            first_open = max(first_open, self.sealed + ONE_DAY)
        known_at = "row_time" if self.file.kind == "history" else "getvariable('arrived_at')"
        self.con.execute(
            f"insert into judged select landed_id, reject_column, reject_reason, {known_at} as landed_known_at, "
            f"greatest(row_time::date, ({known_at} - to_seconds($grace))::date, $first_open::date) as landed_night, "
            "row_time, content from verdicts",
            {"grace": self.profile.grace.total_seconds(), "first_open": first_open},
        )
