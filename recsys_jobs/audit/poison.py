"""Poison: what the rows that a night may not see are turned into, and the rows that arrive after its close.

What belongs here: the SELECTs that make such rows, as text; `relanding` runs them and lands what they give.

Poisons, of every row that becomes visible only after the night::

    deleted   it never comes
    altered   a third never comes, a third has another user, a third has other values in every column (times are
              exchanged among such rows, so that none becomes visible earlier); rows of nights over a horizon later
              never come. After the night's close arrive besides: past events with other values, items and users with
              other attributes, and a correction of the newest file of events, with half of its rows gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from recsys_assets.selects.lineage import select_lineage
from recsys_assets.selects.quoting import quoted

if TYPE_CHECKING:
    from recsys_assets.selects.source import Source

Poison = Literal["deleted", "altered"]
"""What happens to the rows that a night may not see."""
BUILDS: dict[str, Poison | None] = {"plain": None, "deleted": "deleted", "altered": "altered"}
"""The builds of a whole audit, and what becomes of those rows in each."""
_TIMES = ("event_ts", "known_from", "retired_at")


@dataclass(frozen=True)
class Origins:
    """Columns of a raw table, in lower case, that what matters most of its rows is made from."""

    times: frozenset[str]
    users: frozenset[str]
    items: frozenset[str]


def origins_of(source: Source, table: str) -> Origins | None:
    """Columns that times and ids are made from; None where the SELECTs do not tell which the times are."""
    columns: dict[str, set[str]] = {name: set() for name in (*_TIMES, "user_id", "item_id")}
    for name, select in source.driven_by(table).items():
        lineage = select_lineage(select.text, {})
        if "event_ts" not in lineage and name in {"events", "retractions"}:
            return None
        for output in columns.keys() & lineage.keys():
            columns[output] |= {column.lower() for origin, column in lineage[output] if origin.name == table}
    times = frozenset().union(*(columns[name] for name in _TIMES))
    return Origins(times, frozenset(columns["user_id"]), frozenset(columns["item_id"]))


def altered(rows: str, columns: dict[str, str], origins: Origins | None, kept_ids: str) -> str:
    """SELECT of poisoned rows: by their hash a third is gone, a third has others' users, a third is altered.

    Parameters
    ----------
    rows
        Table of the rows, with ``landed_row`` and ``landed_id``.
    columns
        DuckDB types of its columns as delivered, by name.
    kept_ids
        Condition on the altered rows that keep the ids of user and item.
    """
    exchanged = {
        name: f"exchanged.c{place}[(n + {place} * 7919) % m + 1]"
        for place, name in enumerate(columns, 1)
        if origins is None or name.lower() in origins.users | origins.times
    }
    lists = "".join(
        f", list({quoted(name)} order by n) as c{place}" for place, name in enumerate(columns, 1) if name in exchanged
    )
    chosen = []
    for name, kind in columns.items():
        own = quoted(name)
        if origins is None or name.lower() in origins.times:
            value = exchanged[name]
        else:
            shuffled = exchanged.get(name, own)
            kept = f"when {kept_ids} then {own} " if name.lower() in origins.users | origins.items else ""
            value = f"case when part = 1 then {shuffled} {kept}else {_other(own, kind)} end"
        chosen.append(f"{value} as {own}")
    return (
        f"with numbered as (select *, row_number() over (order by landed_id) - 1 as n, "
        f"(hash(landed_id) // 8) % 3 as part from {rows}), "
        f"exchanged as (select count(*) as m{lists} from numbered) "
        f"select {', '.join(chosen)}, landed_row, landed_id from numbered cross join exchanged where part > 0"
    )


def described_otherwise(rows: str, columns: dict[str, str], origins: Origins, name: str) -> str:
    """SELECT of rows of the past with other values: events of others, or the same items and users described otherwise.

    Parameters
    ----------
    rows, columns
        As for `altered`.
    name
        Canonical table that is made from them, ``events``, ``items`` or ``users``.
    """
    ids = origins.users | origins.items
    values = []
    for column, kind in columns.items():
        own, other = quoted(column), _other(quoted(column), kind)
        if column.lower() in origins.times or (column.lower() in ids and name != "events"):
            other = own
        elif column.lower() in ids:  # Half of the late events are of users and items that are known.
            other = f"case when hash(landed_id) % 4 < 2 then {own} else {other} end"
        values.append(f"{other} as {own}")
    return f"select {', '.join(values)}, landed_row, landed_id from {rows}"


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
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return f"{column} + interval 400 days"
    if kind.startswith("DECIMAL") or kind in {"DOUBLE", "FLOAT"} or "INT" in kind:
        return f"coalesce(try_cast({column} * 2 + 1 as {kind}), {column})"
    return f"null::{kind}"
