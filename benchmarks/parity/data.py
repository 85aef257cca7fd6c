"""Small real inputs: who took what, and what they took next."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms import Interactions

FOLDER = Path(os.environ.get("PARITY_DATA", "../shared/data"))
CUTOFF = datetime(2011, 10, 25, tzinfo=UTC)
HORIZON_DAYS = 7
LIKED = 4.0
LAST_SHARE = 5
"""Of a MovieLens user's films the last one in so many is held out."""


@dataclass(frozen=True, eq=False)
class Split:
    """What is learned from, and what its users took for the first time after it."""

    train: Interactions
    """One event for each pair, weight 1, age 1 day: an input that every library understands alike."""
    matrix: csr_matrix
    """The same as ones, float64 of shape (n_users, n_items)."""
    users: NDArray[np.int32]
    """Who took something new, ascending."""
    relevant: csr_matrix
    """What it was, of shape (n_users, n_items); items that nobody had before are left out."""
    texts: list[str]
    """What is written about each item, length n_items."""
    attributes: Mapping[str, NDArray[np.int32]] = field(default_factory=dict)
    """Codes of what is known of items, each of shape (n_items,)."""

    def ndcg(self, users: NDArray[np.int32], items: NDArray[np.int32], ranks: NDArray[np.int32]) -> NDArray[np.float64]:
        """NDCG@10 of each of `users`."""
        import numpy as np

        from recsys_assets.evaluation.metrics import METRICS

        hits = np.zeros((self.matrix.shape[0], 10), dtype=bool)
        hits[users, ranks - 1] = np.asarray(self.relevant[users, items]).ravel() > 0
        return METRICS["ndcg"](hits[self.users], np.diff(self.relevant.indptr)[self.users].astype(np.int64), 10)


@lru_cache
def load(name: str) -> Split | None:
    """Read a split; None where its files are not there."""
    return {"online_retail": _online_retail, "movielens_latest_small": _movielens}[name](FOLDER / name)


def _online_retail(folder: Path) -> Split | None:
    """Purchases before the cutoff, and those of the week after it."""
    import numpy as np

    rows = [
        (row["CustomerID"], row["StockCode"], (CUTOFF - _instant(row["InvoiceDate"])).total_seconds() / 86400, row)
        for path in sorted(folder.glob("*.csv*"))
        for row in _read(path)
        if row["CustomerID"] and row["StockCode"][:5].isdigit() and float(row["Quantity"]) > 0
    ]
    if not rows:
        return None
    users, items, ages = (np.array(column) for column in list(zip(*rows, strict=True))[:3])
    texts = {row["StockCode"]: row["Description"] for _, _, age, row in rows if age > 0}
    return _split(users, items, ages > 0, (ages <= 0) & (ages > -HORIZON_DAYS), texts, {})


def _movielens(folder: Path) -> Split | None:
    """Films that a user liked but for the last fifth, and that fifth. Not in time: a user's future is not another's."""
    import numpy as np

    if not (folder / "ratings.csv").exists():
        return None
    liked = [row for row in _read(folder / "ratings.csv") if float(row["rating"]) >= LIKED]
    liked.sort(key=lambda row: (row["userId"], int(row["timestamp"]), row["movieId"]))
    users, items = (np.array([row[name] for row in liked]) for name in ("userId", "movieId"))
    _, starts, lengths = np.unique(users, return_index=True, return_counts=True)
    places = np.arange(len(users)) - np.repeat(starts, lengths)
    held_out = places >= np.repeat(lengths - lengths // LAST_SHARE, lengths)
    films = {row["movieId"]: row for row in _read(folder / "movies.csv")}
    texts = {film: f"{row['title']} {row['genres']}" for film, row in films.items()}
    return _split(users, items, ~held_out, held_out, texts, {film: row["genres"] for film, row in films.items()})


def _split(
    users: NDArray[np.str_],
    items: NDArray[np.str_],
    known: NDArray[np.bool_],
    held_out: NDArray[np.bool_],
    texts: Mapping[str, str],
    kinds: Mapping[str, str],
) -> Split:
    import numpy as np
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms import Interactions

    user_ids, item_ids = np.unique(users[known]), np.unique(items[known])
    shape = (len(user_ids), len(item_ids))

    def pairs(kept: NDArray[np.bool_]) -> csr_matrix:
        kept = kept & np.isin(users, user_ids) & np.isin(items, item_ids)
        rows, columns = np.searchsorted(user_ids, users[kept]), np.searchsorted(item_ids, items[kept])
        matrix = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)
        matrix.data[:] = 1
        return matrix

    matrix, later = pairs(known), pairs(held_out)
    relevant = (later - later.multiply(matrix)).tocsr()
    relevant.eliminate_zeros()
    told = [texts.get(item, "") for item in item_ids]
    codes = np.unique([kinds.get(item, "") for item in item_ids], return_inverse=True)[1].astype(np.int32)
    attributes = {"kind": codes} if kinds else {}
    rows, columns = (indices.astype(np.int32) for indices in matrix.nonzero())
    ones = np.ones(len(rows))
    train = Interactions(rows, columns, ones, ones, *shape, item_attributes=attributes, item_texts=told)
    graded = np.flatnonzero(np.diff(relevant.indptr)).astype(np.int32)
    return Split(train, matrix, graded, relevant, told, attributes)


def _read(path: Path) -> Iterator[dict[str, str]]:
    import gzip

    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
