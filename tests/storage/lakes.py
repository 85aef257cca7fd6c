"""A small lake: rows of Python dictionaries written a night at a time, and read back through snapshots."""

from collections.abc import Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import pyarrow as pa

from recsys_assets.profile import Profile
from recsys_assets.selects.contracts import OPEN_ENDED, OPTIONAL_ITEM_COLUMNS, OPTIONAL_USER_COLUMNS, contract
from recsys_assets.selects.files import TableName
from recsys_assets.storage.lake.lake import Lake, Partition

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2020, 3, day) for day in (2, 3, 4, 5))
VERSIONS = {
    "clean.item_versions": OPEN_ENDED["clean.item_versions"] | OPTIONAL_ITEM_COLUMNS,
    "clean.user_versions": OPEN_ENDED["clean.user_versions"] | OPTIONAL_USER_COLUMNS,
}


def make_profile(**settings) -> Profile:
    """A profile that grades two nights back, with two algorithms."""
    given = {
        "name": "shop",
        "source": "complete_journey",
        "deliveries": [],
        "first_night": date(2020, 3, 1),
        "horizon": 2,
        "algorithms": {"popularity": {}, "buy_again": {}},
        "event_weights": {"purchase": 1.0, "view": 0.25},
    }
    return Profile(**(given | settings))


def named(*names: str) -> list[TableName]:
    """Table names from text: ``past.features.user``."""
    parts = [name.split(".") for name in names]
    return [TableName(*part[-2:], catalog=part[0] if len(part) == 3 else "") for part in parts]


def write(lake: Lake, table: str, night: date, rows: Sequence[dict[str, Any]], key: str = "k") -> Partition:
    """Write rows as a night's partition; absent columns of a declared table are null."""
    kinds = contract(table) or VERSIONS.get(table) or {}
    columns = kinds or dict.fromkeys(rows[0])
    cast = ", ".join(f"{name}::{kind} as {name}" if kind else name for name, kind in columns.items())
    with lake.as_of(night, [], table) as snapshot:
        snapshot.add("made.rows", pa.table({name: [row.get(name) for row in rows] for name in columns}))
        return snapshot.write(f"select {cast} from made.rows order by {key}", tuple(key.split(", "))).partition


@contextmanager
def seeing(lake: Lake, night: date, *names: str):
    """A snapshot of the night that shows the named tables; gives a function from a query to its rows."""
    with lake.as_of(night, named(*names)) as snapshot:
        yield lambda query: snapshot.cursor().execute(query).fetchall()
