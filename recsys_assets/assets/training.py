"""What algorithms see of a snapshot: the interactions as arrays, and which array index is which key.

Indices follow the ids as delivered, so an algorithm cannot depend on surrogate keys. See ``sql/training/``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recsys_assets.storage.sql import SQL_FOLDER, load_select

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from recsys_assets.algorithms import Interactions
    from recsys_assets.storage.snapshot import Snapshot

_INTERACTIONS, _USERS, _ITEMS = (
    load_select(SQL_FOLDER / "training" / f"{name}.sql") for name in ("interactions", "users", "items")
)
READS = tuple(sorted({name for select in (_INTERACTIONS, _USERS, _ITEMS) for name in select.reads}))
INDEX_READS = tuple(sorted({name for select in (_USERS, _ITEMS) for name in select.reads}))
CODE_VERSION = "-".join(select.code_version for select in (_INTERACTIONS, _USERS, _ITEMS))


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
    items = snapshot.table(_ITEMS.text)
    return Indices(
        user_keys=snapshot.table(_USERS.text)["user_key"].to_numpy(),
        item_keys=items["item_key"].to_numpy(),
        retired=items["is_retired"].to_numpy(),
    )


def interactions(snapshot: Snapshot, index: Indices) -> Interactions:
    """Interactions visible to the night as arrays of shape (n_events,). Memory: 24 bytes an event, twice."""
    from recsys_assets.algorithms import Interactions

    table = snapshot.table(_INTERACTIONS.text)
    return Interactions(
        users=positions(index.user_keys)[table["user_key"].to_numpy()],
        items=positions(index.item_keys)[table["item_key"].to_numpy()],
        ages=table["age_days"].to_numpy(),
        weights=table["weight"].to_numpy(),
        n_users=len(index.user_keys),
        n_items=len(index.item_keys),
    )


def positions(keys: NDArray[np.int32]) -> NDArray[np.int32]:
    """Inverse of an index: ndarray of shape (greatest key + 1,) with the position of each key (-1: none)."""
    import numpy as np

    found = np.full(int(keys.max(initial=-1)) + 1, -1, dtype=np.int32)
    found[keys] = np.arange(len(keys), dtype=np.int32)
    return found
