"""What is known of candidates, kept apart by whom it is about: users, items, and users and items together.

A night's features are the same for all candidates of a user, or for all users of an item, so they are not copied to
each candidate: a row of one of these tables stands for all that it is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from recsys_assets.ranking.list_arrays import lists_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]

OF_UNION = {"rank": "int32", "score": "float64", "n_algorithms": "int32", "best_rank": "int32"}
"""Types of what the fusion says of a candidate."""
_SEPARATOR = "\x1f"
"""Between the texts of a key of several columns."""


class Side(NamedTuple):
    """What is known of users alone, or of items alone."""

    keys: Ints
    """ndarray of shape (n,), ascending."""
    names: list[str]
    """Features, by column."""
    values: NDArray[np.float32]
    """ndarray of shape (n, len(names)); NaN where unknown."""
    texts: pa.Table
    """Of n rows: what else other tables may be keyed by."""


class Pairs(NamedTuple):
    """What is known of users, or groups of them, together with items, or groups of them: a sparse matrix of rows."""

    names: list[str]
    values: NDArray[np.float32]
    """ndarray of shape (n_rows, len(names))."""
    of_users: Ints
    """ndarray of shape (n_users,): row of the pattern for each user; -1: none."""
    of_items: Ints
    """ndarray of shape (n_items,): column of the pattern for each item; -1: none."""
    indptr: NDArray[np.int64]
    """With ``columns`` the CSR pattern; its n-th entry is the n-th row of the values."""
    columns: Ints
    n_columns: int


class Candidates(NamedTuple):
    """Candidates of several users, in the order of the fusion."""

    users: Ints
    """ndarray of shape (n_lists,): rows of the users' side."""
    offsets: NDArray[np.int64]
    """ndarray of shape (n_lists + 1,)."""
    items: Ints
    """ndarray of shape (n_rows,): rows of the items' side."""
    values: Mapping[str, NDArray[np.generic]]
    """Features of each candidate, ndarrays of shape (n_rows,)."""


def side_in(rows: pa.Table, key: str) -> Side:
    """A side out of a table with its key, texts and FLOAT columns, in the order of the key."""
    import pyarrow as pa

    names = [field.name for field in rows.schema if pa.types.is_float32(field.type)]
    texts = rows.select([name for name in rows.column_names if name != key and name not in names])
    return Side(rows[key].to_numpy(), names, _matrix(rows, names), texts)


def pairs_in(rows: pa.Table, users: Side, items: Side, user_key: Sequence[str], item_key: Sequence[str]) -> Pairs:
    """Pairs out of a table with the columns of its key, those that users and those that items have, and FLOAT ones."""
    import numpy as np

    names = [name for name in rows.column_names if name not in {*user_key, *item_key}]
    (of_users, their, n_theirs), (of_items, its, n_its) = (
        _codes(rows, side, names_of) for side, names_of in ((users, user_key), (items, item_key))
    )
    is_known = (their >= 0) & (its >= 0)
    order = np.flatnonzero(is_known)[np.argsort(their[is_known], kind="stable")]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(their[order], minlength=n_theirs))])
    return Pairs(names, _matrix(rows, names)[order], of_users, of_items, indptr, its[order].astype(np.int32), n_its)


def candidates_in(rows: pa.Table, users: Side, index_of: Ints) -> Candidates:
    """Candidates out of a table of unions, ordered by user, as the lake keeps them.

    ``index_of`` is the row of each item in its side, by its key.
    """
    import numpy as np
    import pyarrow.compute as pc

    lists = lists_in(rows, index_of)
    own = {
        "rank": np.arange(1, len(lists.items) + 1) - np.repeat(lists.offsets[:-1], np.diff(lists.offsets)),
        "score": pc.list_flatten(rows["scores"]).to_numpy(),
        "n_algorithms": pc.list_flatten(rows["n_algorithms"]).to_numpy(),
        "best_rank": pc.list_flatten(rows["best_ranks"]).to_numpy(),
    }
    of_users = np.searchsorted(users.keys, lists.users).astype(np.int32)
    return Candidates(of_users, lists.offsets, lists.items, own)


def listed_in(rows: pa.Table, users: Side, index_of: Ints, algorithm: str) -> Pairs:
    """Rank and score of what an algorithm lists, out of a table with ``user_key``, ``items`` and ``scores``.

    ``index_of`` is the row of each item in its side, by its key.
    """
    import numpy as np
    import pyarrow.compute as pc

    lengths = pc.list_value_length(rows["items"]).to_numpy()
    theirs = np.searchsorted(users.keys, rows["user_key"].to_numpy())
    order = np.argsort(theirs, kind="stable")
    if not np.array_equal(order, np.arange(len(order))):
        rows, lengths, theirs = rows.take(order), lengths[order], theirs[order]
    starts = np.cumsum(lengths) - lengths
    ranks = np.arange(1, lengths.sum() + 1) - np.repeat(starts, lengths)
    its = index_of[pc.list_flatten(rows["items"]).to_numpy()]
    n_items = int(index_of.max(initial=-1)) + 1
    per_user = np.zeros(len(users.keys), np.int64)
    per_user[theirs] = lengths
    return Pairs(
        [f"{algorithm}_rank", f"{algorithm}_score"],
        np.stack([ranks, pc.list_flatten(rows["scores"]).to_numpy()], axis=1).astype(np.float32),
        np.arange(len(users.keys), dtype=np.int32),
        np.arange(n_items, dtype=np.int32),
        np.concatenate([[0], np.cumsum(per_user)]),
        its,
        n_items,
    )


def candidate_rows(
    task: str,
    candidates: Candidates,
    users: Side,
    items: Side,
    pairs: Sequence[Pairs],
    names: Sequence[str],
    chosen: pa.Table | None = None,
) -> pa.Table:
    """Candidates of a task, or those chosen, with every feature beside them; see `NightFeatures.rows`."""
    import numpy as np
    import pyarrow as pa

    from recsys_assets.kernels.trees import places_of

    user_of = np.repeat(candidates.users, np.diff(candidates.offsets))
    if chosen is None:
        places = np.lexsort((items.keys[candidates.items], user_of))
        keys = {"user_key": users.keys[user_of[places]], "item_key": items.keys[candidates.items[places]]}
        table = pa.table({"task": pa.repeat(task, len(places)), **keys})
    else:
        table = chosen
        rows = [
            np.searchsorted(side.keys, chosen[f"{name}_key"].to_numpy()).astype(np.int32)
            for side, name in ((users, "user"), (items, "item"))
        ]
        list_of = np.searchsorted(candidates.users, rows[0]).astype(np.int32)
        places = places_of(list_of, rows[1], candidates.offsets, candidates.items, len(items.keys))
    for name, values in candidates.values.items():
        table = table.append_column(name, pa.array(values[places]).cast(OF_UNION[name]))
    theirs, its = user_of[places], candidates.items[places]
    columns = {name: users.values[theirs, place] for place, name in enumerate(users.names)}
    columns |= {name: items.values[its, place] for place, name in enumerate(items.names)}
    for each in pairs:
        found = places_of(each.of_users[theirs], each.of_items[its], each.indptr, each.columns, each.n_columns)
        # The last row, which -1 stands for, says that nothing is known.
        values = np.vstack([each.values, np.full((1, len(each.names)), np.nan, np.float32)])
        columns |= {name: values[found, place] for place, name in enumerate(each.names)}
    for name in names:
        table = table.append_column(name, pa.array(columns[name], pa.float32(), from_pandas=True))
    return table


def _matrix(rows: pa.Table, names: Sequence[str]) -> NDArray[np.float32]:
    """Columns side by side, NaN for null."""
    import numpy as np

    matrix = np.empty((rows.num_rows, len(names)), np.float32)
    for place, name in enumerate(names):
        matrix[:, place] = rows[name].to_numpy()
    return matrix


def _codes(rows: pa.Table, side: Side, key: Sequence[str]) -> tuple[Ints, Ints, int]:
    """Number the values of part of a key: those of a side's members, those of the rows, and how many there are."""
    import numpy as np
    import pyarrow.compute as pc

    n = len(side.keys)
    if len(key) == 1 and key[0] in {"user_key", "item_key"}:
        wanted = rows[key[0]].to_numpy()
        places = np.searchsorted(side.keys, wanted)
        is_known = np.append(side.keys, -1)[places] == wanted
        return np.arange(n, dtype=np.int32), np.where(is_known, places, -1).astype(np.int32), n
    members, mine = (
        pc.binary_join_element_wise(*(_text(table, side, name) for name in key), _SEPARATOR)
        for table in (side.texts, rows)
    )
    values = pc.drop_null(pc.unique(mine))
    of_members, of_rows = (
        pc.fill_null(pc.index_in(texts, value_set=values), -1).to_numpy(zero_copy_only=False).astype(np.int32)
        for texts in (members, mine)
    )
    return of_members, of_rows, len(values)


def _text(table: pa.Table, side: Side, name: str) -> pa.ChunkedArray:
    """A column of a key as text."""
    import pyarrow as pa

    column = pa.chunked_array([side.keys]) if name not in table.column_names else table[name]
    return column.cast(pa.string())
