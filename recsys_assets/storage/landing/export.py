"""A night's rows in canonical columns, out of the raw tables of landing.

What belongs here: which raw rows a night sees of each canonical table, and of items and users the newest row of each.
Landing is only read. One scan of each raw table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.selects.quoting import quoted
from recsys_assets.selects.source import driver
from recsys_assets.storage.landing.mapping import bind, has_raw, mapped

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from recsys_assets.selects.canonical import Canonical
    from recsys_assets.selects.files import Select
    from recsys_assets.selects.source import Source


def canonical_rows(
    con: duckdb.DuckDBPyConnection, source: Source, table: Canonical, known_earlier: dict[str, int], *, again: bool
) -> pa.Table:
    """Rows of one canonical table for the night (variable ``night``).

    Parameters
    ----------
    known_earlier
        Days before their own time that rows of extra tables are known, by table.
    again
        Whether all earlier rows that count come with them.
    """
    select, has_versions = source.selects.get(table.name), table.name in {"items", "users"}
    if select is None or not has_raw(con, driver(select)):
        own = dict.fromkeys(select.columns if select and table.open_ended and not has_versions else (), "VARCHAR")
        columns = (own | table.required | table.optional).items()
        nulls = ", ".join(
            f"null::{kind} as {name}" for name, kind in columns if not name.startswith(("reject_", "used_"))
        )
        content = ", null::varchar as content" if has_versions else ""
        return con.sql(
            f"select {nulls}, null::timestamp as known_at, null::date as visible_night{content} where false"
        ).to_arrow_table()
    raw = f"landing.raw.{driver(select)}"
    current = "landed_night <= getvariable('night') and landed_file in (select file_id from current_files)"
    tonight = "landed_night = getvariable('night')"
    if has_versions:
        rows = current
    elif table.name in source.extras:
        rows = f"{tonight} and {current}"
    else:
        rows = f"{tonight} or ({current})" if again else tonight
    bind(con, select, f"select * from {raw} where {rows}", current)
    is_extra = table.name in source.extras
    left_out = "reject_column, reject_reason, unreadable" + (", used_until" if is_extra else "")
    rows_given = mapped(con, table, select, known_earlier)
    exported = con.sql(
        f"select given.* exclude ({left_out}), raw_rows.landed_known_at as known_at, "
        f"raw_rows.landed_night as visible_night from ({rows_given}) as given "
        f"inner join (from {raw} where {rows}) as raw_rows using (landed_id)"
        + (" where coalesce(used_until > getvariable('night'), true)" if is_extra else "")
    )
    if has_versions:
        id_column = f"{table.name.removesuffix('s')}_id"
        if not _changed(con, select):
            exported = exported.filter(f"{id_column} in (select {id_column} from exported_events)")
        exported = _newest(exported, id_column)
    ordered = exported.order("landed_id").to_arrow_table()
    if table.own_id is None or ordered[table.own_id].null_count == ordered.num_rows:
        return ordered
    bind(con, select, f"select * from {raw} where {current}", current)
    return _first_of_ids(con, ordered, mapped(con, table, select, known_earlier), f"from {raw} where {current}")


def _first_of_ids(con: duckdb.DuckDBPyConnection, rows: pa.Table, current: str, raw_rows: str) -> pa.Table:
    """Of rows with an id of their sender only the one that became visible first of all that count by the night.

    Parameters
    ----------
    current
        SQL of all rows that count by the night, in canonical columns; ``raw_rows`` the same as landed.
    """
    con.register("given_rows", rows)
    first = con.sql(
        "with named as ("
        f"select landed_id, delivered_id from ({current}) where delivered_id in (select delivered_id from given_rows)"
        "), firsts as ("
        f"select landed_id from named inner join ({raw_rows}) as raw_rows using (landed_id) qualify row_number() over "
        "(partition by delivered_id order by landed_night, landed_known_at, landed_id) = 1"
        ") select * from given_rows where delivered_id is null or landed_id in (select landed_id from firsts) "
        "order by landed_id"
    ).to_arrow_table()
    con.unregister("given_rows")
    return first


def _changed(con: duckdb.DuckDBPyConnection, select: Select) -> bool:
    """Whether rows that a SELECT reads begin or cease to count with the night (variable ``night``)."""
    of_files = "select 1 from landing.ledger.files where superseded_night = getvariable('night') and raw_table = $1"
    return any(
        con.execute(of_files, [read.name]).fetchall()
        or con.execute(
            f"select 1 from landing.raw.{read.name} where landed_night = getvariable('night') limit 1"
        ).fetchall()
        for read in select.reads
        if has_raw(con, read.name)
    )


def _newest(rows: duckdb.DuckDBPyRelation, id_column: str) -> duckdb.DuckDBPyRelation:
    """Of each item or user the row with the latest time of its own, and a hash of the attributes it tells."""
    told = {id_column, "landed_id", "known_from", "known_at", "visible_night"}
    attributes = ", ".join(quoted(name) for name in rows.columns if name not in told)
    newest = rows.query(
        "delivered",
        f"select *, md5(to_json(row({attributes}))::varchar) as content from delivered "
        f"qualify row_number() over (partition by {id_column} order by coalesce(known_from, known_at) desc nulls last, "
        "known_at desc nulls last, landed_id desc) = 1",
    )
    assert newest is not None, "a SELECT gives rows"
    return newest
