"""What algorithms see of a snapshot: the interactions as arrays, and which array index is which key.

Indices follow the ids as delivered, so an algorithm cannot depend on surrogate keys. See ``sql/training/``.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from recsys_assets.algorithms import Interactions
from recsys_assets.selects.files import SQL_FOLDER, load_select
from recsys_assets.selects.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from recsys_assets.algorithms import Interactions
    from recsys_assets.nights import Night
    from recsys_assets.selects.files import Select, TableName
    from recsys_assets.storage.lake.snapshot import Snapshot

    _Shown = tuple[Night, str, tuple[str, ...]]
    """Night, profile and files."""

_INTERACTIONS = load_select(SQL_FOLDER / "training" / "interactions.sql")
_USERS = load_select(SQL_FOLDER / "training" / "users.sql")
_ITEMS = load_select(SQL_FOLDER / "training" / "items.sql")
PLACES = load_select(SQL_FOLDER / "training" / "places.sql")
_ITEM_ATTRIBUTES = load_select(SQL_FOLDER / "training" / "item_attributes.sql")
_USED = {
    "baskets": load_select(SQL_FOLDER / "training" / "baskets.sql"),
    "contexts": load_select(SQL_FOLDER / "training" / "contexts.sql"),
    "user_attributes": load_select(SQL_FOLDER / "training" / "user_attributes.sql"),
    "item_attributes": _ITEM_ATTRIBUTES,
    "item_texts": _ITEM_ATTRIBUTES,
}
_PER_EVENT = {"baskets", "contexts"}
INDEX_READS: tuple[TableName, ...] = tuple(sorted({name for select in (_USERS, _ITEMS) for name in select.reads}))


def reads(uses: frozenset[str]) -> tuple[TableName, ...]:
    """Tables that an algorithm's training reads, by what it uses beside events."""
    return tuple(sorted({name for select in _selects(uses) for name in select.reads}))


def _selects(uses: frozenset[str]) -> list[Select]:
    return [_INTERACTIONS, _USERS, _ITEMS, *(_USED[name] for name in sorted(uses))]


@dataclass(frozen=True)
class Indices:
    """Keys by array index."""

    user_keys: NDArray[np.int32]
    """ndarray of shape (n_users,): key of each user index, in the order of the ids as delivered."""
    item_keys: NDArray[np.int32]
    """ndarray of shape (n_items,)."""
    retired: NDArray[np.bool_]
    """ndarray of shape (n_items,): whether the item is no longer to be had, so must not be listed."""


def read_indices(snapshot: Snapshot) -> Indices:
    """Number the users and items known to the night by their ids."""
    items = snapshot.table(_ITEMS.text)
    return Indices(
        user_keys=snapshot.table(_USERS.text)["user_key"].to_numpy(),
        item_keys=items["item_key"].to_numpy(),
        retired=items["is_retired"].to_numpy(),
    )


class TrainingData:
    """What is read once for all algorithms of a night.

    It is kept from one step to the next as long as their snapshots show the same files, and read anew when they do not.
    Steps that run at the same time wait for the one that reads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._indices: dict[_Shown, Indices] = {}
        self._events: dict[_Shown, tuple[Interactions, NDArray[np.int64]]] = {}
        self._parts: dict[tuple[str, _Shown], Any] = {}

    def indices(self, snapshot: Snapshot) -> Indices:
        """Which key stands behind each array index; see `read_indices`."""
        shown = _shown(snapshot, _USERS, _ITEMS)
        with self._lock:
            if shown not in self._indices:
                self._indices.clear()
                self._indices[shown] = read_indices(snapshot)
            return self._indices[shown]

    def interactions(self, snapshot: Snapshot, uses: frozenset[str] = frozenset()) -> Interactions:
        """Interactions visible to the night as arrays of shape (n_events,), and what else an algorithm uses.

        Memory: 24 bytes an event, twice while they are read; 4 more for each context and for baskets.
        """
        shown = _shown(snapshot, _INTERACTIONS, _USERS, _ITEMS)
        with self._lock:
            if shown not in self._events:
                # What was kept of another night makes room first.
                self._events.clear()
                self._parts.clear()
                self._events[shown] = _read_events(snapshot)
            events, order = self._events[shown]
            return replace(events, **{name: self._part(name, snapshot, order) for name in uses})

    def _part(self, name: str, snapshot: Snapshot, order: NDArray[np.int64]) -> Any:
        part = name, _shown(snapshot, _USED[name])
        if part not in self._parts:
            rows = snapshot.table(_USED[name].text)
            self._parts[part] = _MAKE[name](rows.take(order) if name in _PER_EVENT else rows)
        return self._parts[part]


def _shown(snapshot: Snapshot, *selects: Select) -> _Shown:
    """The files that a snapshot shows of what the SELECTs read, and under which settings."""
    profile, names = snapshot.lake.profile, {name for select in selects for name in select.reads}
    read = {table for tables in resolve(names, profile.algorithms).values() for table in tables}
    files = tuple(str(partition.path) for partition in snapshot.inputs if partition.table in read)
    return snapshot.night, profile.fingerprint, files


def _read_events(snapshot: Snapshot) -> tuple[Interactions, NDArray[np.int64]]:
    """Events in an order that `Interactions.to_csr` need not sort again, and their places in the table."""
    import numpy as np

    table, index = snapshot.table(_INTERACTIONS.text), read_indices(snapshot)
    users = positions(index.user_keys)[table["user_key"].to_numpy()]
    items = positions(index.item_keys)[table["item_key"].to_numpy()]
    ages, weights = table["age_days"].to_numpy(), table["weight"].to_numpy()
    order = np.lexsort((weights, ages, items, users))
    events = Interactions(
        users[order], items[order], ages[order], weights[order], len(index.user_keys), len(index.item_keys)
    )
    return events, order


def _baskets(table: pa.Table) -> NDArray[np.int32]:
    baskets: NDArray[np.int32] = table["basket"].to_numpy()
    return baskets


def _codes(table: pa.Table) -> dict[str, NDArray[np.int32]]:
    """Codes of every column of text that has a value, in the order of the values; -1 for null."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    codes_of = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_string(column.type) and column.null_count < len(column):
            values = pc.drop_null(pc.unique(column)).sort()
            codes = pc.index_in(column, value_set=values)
            codes_of[name] = pc.fill_null(codes, -1).to_numpy().astype(np.int32)
    return codes_of


def _texts(table: pa.Table) -> list[str]:
    """Every text and list of texts of a row, in the order of the columns, with spaces between."""
    import pyarrow as pa
    import pyarrow.compute as pc

    parts = []
    for column in table.columns:
        if pa.types.is_list(column.type) and pa.types.is_string(column.type.value_type):
            column = pc.binary_join(column, " ")
        if pa.types.is_string(column.type):
            parts.append(column)
    if not parts:
        return [""] * table.num_rows
    # Arrow drops a row whose parts are all null, so one part never is.
    parts[0] = pc.fill_null(parts[0], "")
    texts: list[str] = pc.binary_join_element_wise(*parts, " ", null_handling="skip").to_pylist()
    return texts


_MAKE: dict[str, Callable[[pa.Table], Any]] = {
    "baskets": _baskets,
    "contexts": _codes,
    "user_attributes": _codes,
    "item_attributes": _codes,
    "item_texts": _texts,
}


def positions(keys: NDArray[np.int32]) -> NDArray[np.int32]:
    """Inverse of an index: ndarray of shape (greatest key + 1,) with the position of each key (-1: none)."""
    import numpy as np

    places = np.full(int(keys.max(initial=-1)) + 1, -1, dtype=np.int32)
    places[keys] = np.arange(len(keys), dtype=np.int32)
    return places
