"""A small real input: events of users and items, and the week after them."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms import Interactions

FOLDER = Path(os.environ.get("PARITY_DATA", "../shared/data/online_retail"))
HORIZON_DAYS = 7
CUTOFF = datetime(2011, 10, 25, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Split:
    """Events before the cutoff, and what was taken for the first time in the week after it."""

    train: Interactions
    """One event for each pair, weight 1, age 1 day: an input that every library understands alike."""
    matrix: csr_matrix
    """The same as ones, float64 of shape (n_users, n_items)."""
    users: NDArray[np.int32]
    """Who took something new, ascending."""
    relevant: csr_matrix
    """What it was, of shape (n_users, n_items)."""

    def ndcg(self, users: NDArray[np.int32], items: NDArray[np.int32], ranks: NDArray[np.int32]) -> NDArray[np.float64]:
        """NDCG@10 of each of `users`, with items nobody had before the cutoff left out."""
        import numpy as np

        from recsys_assets.evaluation.metrics import METRICS

        hits = np.zeros((self.matrix.shape[0], 10), dtype=bool)
        hits[users, ranks - 1] = np.asarray(self.relevant[users, items]).ravel() > 0
        return METRICS["ndcg"](hits[self.users], np.diff(self.relevant.indptr)[self.users].astype(np.int64), 10)


def load() -> Split | None:
    """Read the events; None where there are none."""
    import numpy as np
    from scipy.sparse import csr_matrix

    from recsys_assets.algorithms import Interactions

    rows = [row for path in sorted(FOLDER.glob("*.csv*")) for row in _rows(path)]
    if not rows:
        return None
    customers, products, ages = (np.array(column) for column in zip(*rows, strict=True))
    known = ages > 0
    user_ids, item_ids = np.unique(customers[known]), np.unique(products[known])
    shape = (len(user_ids), len(item_ids))

    def pairs(kept: NDArray[np.bool_]) -> csr_matrix:
        kept = kept & np.isin(customers, user_ids) & np.isin(products, item_ids)
        users, items = np.searchsorted(user_ids, customers[kept]), np.searchsorted(item_ids, products[kept])
        matrix = csr_matrix((np.ones(len(users)), (users, items)), shape=shape)
        matrix.data[:] = 1
        return matrix

    matrix = pairs(known)
    later = pairs(~known & (ages > -HORIZON_DAYS))
    relevant = (later - later.multiply(matrix)).tocsr()
    relevant.eliminate_zeros()
    users, items = matrix.nonzero()
    ones = np.ones(len(users))
    train = Interactions(users.astype(np.int32), items.astype(np.int32), ones, ones, *shape)
    return Split(train, matrix, np.flatnonzero(np.diff(relevant.indptr)).astype(np.int32), relevant)


def _rows(path: Path) -> list[tuple[str, str, float]]:
    """Customer, product and days from purchase to cutoff, of the invoice lines that are purchases of a customer."""
    import gzip

    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as lines:
        return [
            (row["CustomerID"], row["StockCode"], (CUTOFF - _instant(row["InvoiceDate"])).total_seconds() / 86400)
            for row in csv.DictReader(lines)
            if row["CustomerID"] and row["StockCode"][:5].isdigit() and float(row["Quantity"]) > 0
        ]


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
