"""Equal rows: those of one file, and those that other files hold as well. Rows with one id of their sender are equal.

What belongs here: counting them when a file lands, for people and checks. What counts in a night is decided by
``sql/clean/events.sql`` and ``cancellations.sql``, and for ids by `export`; with those this must agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recsys_assets.selects.canonical import canonical
from recsys_assets.storage.landing.mapping import bind, has_raw, mapped
from recsys_assets.storage.queries import first_value

if TYPE_CHECKING:
    import duckdb

    from recsys_assets.profile import Profile
    from recsys_assets.selects.canonical import Canonical
    from recsys_assets.selects.source import Source

MAX_COMPARED = 5_000_000
"""Rows of other files that a file is compared with at most, so that landing stays a matter of the file's own size."""
ANY_NUMBER = 2**62
"""Of rows that ids tell apart any number may agree in all else and count."""


@dataclass(frozen=True)
class Repeats:
    """Equal rows among those of a file that landed."""

    repeated: int
    """Rows that equal an earlier one of the file."""
    most_equal: int
    """The most rows that are all equal; 0 where none is an event or a cancellation, `ANY_NUMBER` with ids."""


def content_of(table: Canonical) -> str:
    """SQL of a number that is the same for equal rows of a canonical table; it is good for one connection only.

    Of rows with an id of their own it is odd, of others even.
    """
    if not table.content:
        return "null::ubigint"
    content = f"hash('{table.name}', {', '.join(table.content)}) & ~1::ubigint"
    if table.own_id is None:
        return content
    return f"if({table.own_id} is null, {content}, hash('{table.own_id}', {table.own_id}) | 1::ubigint)"


def count_repeats(con: duckdb.DuckDBPyConnection) -> Repeats:
    """Count the equal rows of the file whose accepted rows are in the view ``dated``."""
    rows = con.execute(
        "select coalesce(sum(n - 1), 0)::bigint, coalesce(max(if(content % 2 = 1, $1, n)), 0) from "
        "(select content, count(*) as n from dated where content is not null group by content)",
        [ANY_NUMBER],
    ).fetchall()
    return Repeats(*rows[0])


def count_adding_nothing(
    con: duckdb.DuckDBPyConnection, profile: Profile, source: Source, raw_table: str, file_id: int
) -> int | None:
    """Rows of a file that landed just now (view ``dated``) which add no event to what other files hold.

    Equal rows of the file itself are among them where the profile drops repeated lines. None: there are too many rows
    to compare with. An id that others hold only in rows known before this file's first event is not found.
    """
    selects = {name: s for name, s in source.driven_by(raw_table).items() if canonical(name).content}
    raw = f"landing.raw.{raw_table}"
    if not selects or not has_raw(con, raw_table):
        return 0
    # An event is known when it happened or later; a row of history is known at its time.
    con.execute("set variable first_time = (select min(row_time) from dated where content is not null)")
    con.execute("set variable last_time = (select max(row_time) from dated where content is not null)")
    con.execute("set variable file_id = $1", [file_id])
    current = "landed_file in (select file_id from current_files)"
    others = (
        f"{current} and landed_file <> getvariable('file_id') and landed_known_at >= getvariable('first_time') and "
        "(landed_known_at <= getvariable('last_time') "
        "or landed_file in (select file_id from landing.ledger.files where kind = 'arrival'))"
    )
    n_others = first_value(con, f"select count(*) from {raw} where {others}")
    if n_others > MAX_COMPARED:
        return None
    con.execute("create or replace temp table held (landed_id uuid, content ubigint)")
    for name, select in selects.items() if n_others else ():
        table = canonical(name)
        bind(con, select, f"select * from {raw} where {others}", current)
        rows = mapped(con, table, select, profile.known_earlier)
        con.execute(f"insert into held select landed_id, {content_of(table)} from ({rows})")
    # The first 96 bits of a row's id are its file's.
    adding_nothing: int = first_value(
        con,
        "with own as (select content, count(*) as n from dated where content is not null group by content), "
        "others as (select content, max(n) as n from (select content, count(*) as n from held "
        "group by content, landed_id::uhugeint >> 32) group by content) "
        "select coalesce(sum(if($1 or own.content % 2 = 1, own.n - (others.n is null)::bigint, "
        "least(own.n, coalesce(others.n, 0)))), 0)"
        "::bigint from own left join others using (content)",
        [profile.repeated_lines == "drop"],
    )
    con.execute("drop table held")
    return adding_nothing
