"""What algorithms see of a snapshot: the interactions as arrays, and which array index is which key.

Indices follow the ids as delivered, so an algorithm cannot depend on surrogate keys. See ``sql/training/``. What is
read once is kept for the next algorithm as long as that one's snapshot shows the same files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from recsys_assets.selects.files import SQL_FOLDER, load_select

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from recsys_assets.algorithms import Interactions
    from recsys_assets.selects.files import Select, TableName
    from recsys_assets.storage.lake.snapshot import Snapshot

_INTERACTIONS, _USERS, _ITEMS = (
    load_select(SQL_FOLDER / "training" / f"{name}.sql") for name in ("interactions", "users", "items")
)
_USED = {
    name: load_select(SQL_FOLDER / "training" / f"{file}.sql")
    for name, file in {
        "baskets": "baskets",
        "contexts": "contexts",
        "user_attributes": "user_attributes",
        "item_attributes": "item_attributes",
        "item_texts": "item_attributes",
    }.items()
}
_kept: dict[str, Any] = {}
_kept_indices: dict[str, Any] = {}
_PER_EVENT = {"baskets", "contexts"}
INDEX_READS = tuple(sorted({name for select in (_USERS, _ITEMS) for name in select.reads}))


def reads(uses: frozenset[str]) -> tuple[TableName, ...]:
    """Tables that an algorithm's training reads, by what it uses beside events."""
    return tuple(sorted({name for select in _selects(uses) for name in select.reads}))


def code_version(uses: frozenset[str]) -> str:
    """Hashes of the SQL that feeds an algorithm's training."""
    return "-".join(select.code_version for select in _selects(uses))


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


def indices(snapshot: Snapshot) -> Indices:
    """Number the users and items known to the night by their ids."""
    shown = (snapshot.night, [partition.path for partition in snapshot.inputs])
    if _kept_indices.get("shown") != shown:
        items = snapshot.table(_ITEMS.text)
        found = Indices(
            user_keys=snapshot.table(_USERS.text)["user_key"].to_numpy(),
            item_keys=items["item_key"].to_numpy(),
            retired=items["is_retired"].to_numpy(),
        )
        _kept_indices.update(shown=shown, indices=found)
    kept: Indices = _kept_indices["indices"]
    return kept


def interactions(snapshot: Snapshot, uses: frozenset[str] = frozenset()) -> Interactions:
    """Interactions visible to the night as arrays of shape (n_events,), and what else an algorithm uses.

    Memory: 24 bytes an event, twice while they are read; 4 more for each context and for baskets.
    """
    shown = (snapshot.night, snapshot.lake.profile.fingerprint, [partition.path for partition in snapshot.inputs])
    if _kept.get("shown") != shown:
        _kept.clear()
        _kept.update(zip(("events", "order"), _events(snapshot), strict=True), shown=shown)
    for name in sorted(uses - _kept.keys()):
        rows = snapshot.table(_USED[name].text)
        _kept[name] = _MAKE[name](rows.take(_kept["order"]) if name in _PER_EVENT else rows)
    found: Interactions = replace(_kept["events"], **{name: _kept[name] for name in uses})
    return found


def _events(snapshot: Snapshot) -> tuple[Interactions, NDArray[np.int64]]:
    """Events in an order that `Interactions.to_csr` need not sort again, and their places in the table."""
    import numpy as np

    from recsys_assets.algorithms import Interactions

    table, index = snapshot.table(_INTERACTIONS.text), indices(snapshot)
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

    found = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_string(column.type) and column.null_count < len(column):
            values = pc.drop_null(pc.unique(column)).sort()
            codes = pc.index_in(column, value_set=values)
            found[name] = pc.fill_null(codes, -1).to_numpy().astype(np.int32)
    return found


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

    found = np.full(int(keys.max(initial=-1)) + 1, -1, dtype=np.int32)
    found[keys] = np.arange(len(keys), dtype=np.int32)
    return found
