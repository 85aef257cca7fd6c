"""The night that somebody would write by hand with pandas, scipy and implicit: what a night of ours is held against.

    python -m benchmarks.rivals.by_hand EVENTS.parquet CUTOFF FOLDER

Popularity, item-kNN (cosine, 200 neighbours) and ALS (64 factors, 15 iterations), 100 items a user in both tasks, fused
to 50, graded on the seven days from the cutoff, written as Parquet. `EVENTS.parquet` has user_id, item_id, ts and
weight. Prints one JSON object: seconds by stage, peak memory and NDCG@10.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    Ints = NDArray[np.int32]

LISTED, FUSED, GRADED = 100, 50, 10
HALF_LIFE_DAYS, NEIGHBOURS, RRF_K = 14.0, 200, 60
THREADS = int(os.environ.get("RECSYS_THREADS") or os.cpu_count() or 1)
SECONDS: dict[str, float] = {}


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Add what the block takes to a stage's seconds."""
    started = time.perf_counter()
    yield
    SECONDS[name] = SECONDS.get(name, 0.0) + time.perf_counter() - started


def blocks(n: int, size: int) -> list[slice]:
    """Slices of at most ``size`` rows."""
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def in_threads(work: object, pieces: list[slice]) -> None:
    """Work on pieces in threads; numpy and scipy let each other run."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, pieces))  # type: ignore[arg-type]


def best(items: NDArray[np.integer], scores: NDArray[np.floating]) -> NDArray[np.integer]:
    """The first of some items by score."""
    import numpy as np

    if len(items) > LISTED:
        kept = np.argpartition(scores, len(scores) - LISTED)[-LISTED:]
        items, scores = items[kept], scores[kept]
    return items[np.argsort(-scores, kind="stable")]


def by_popularity(history: csr_matrix, scores: NDArray[np.float64], had: bool) -> Ints:
    """Lists of shape (n_users, LISTED): one ranking, for each user without what it had unless ``had``."""
    import numpy as np

    order = np.argsort(-scores, kind="stable").astype(np.int32)
    lists = np.empty((history.shape[0], LISTED), np.int32)
    if had:
        lists[:] = order[:LISTED]
        return lists
    depth = LISTED + int(np.diff(history.indptr).max())
    ranked = history[:, order[:depth]]

    def fill(users: slice) -> None:
        taken = ranked[users].toarray() > 0
        first = np.argsort(taken, axis=1, kind="stable")[:, :LISTED]
        lists[users] = np.where(np.take_along_axis(taken, first, 1), -1, order[first])

    in_threads(fill, blocks(history.shape[0], 512))
    return lists


def by_neighbours(history: csr_matrix, similarity: csr_matrix, had: bool) -> Ints:
    """Lists by the sum of each item's similarity to the user's, -1 where there are no more."""
    import numpy as np

    lists = np.full((history.shape[0], LISTED), -1, np.int32)

    def fill(users: slice) -> None:
        scores = history[users] @ similarity
        own = np.zeros(history.shape[1], bool)
        for row, user in enumerate(range(users.start, users.stop)):
            cells = slice(scores.indptr[row], scores.indptr[row + 1])
            items, values = scores.indices[cells], scores.data[cells]
            if not had:
                mine = history.indices[history.indptr[user] : history.indptr[user + 1]]
                own[mine] = True
                new = ~own[items]
                own[mine] = False
                items, values = items[new], values[new]
            ranked = best(items, values)
            lists[user, : len(ranked)] = ranked

    in_threads(fill, blocks(history.shape[0], 512))
    return lists


def by_factors(model: object, history: csr_matrix, had: bool) -> Ints:
    """Lists of implicit's own batch call, -1 where there are no more."""
    import numpy as np

    lists = np.full((history.shape[0], LISTED), -1, np.int32)
    for users in blocks(history.shape[0], 1000):
        asked = np.arange(users.start, users.stop)
        items, scores = model.recommend(  # type: ignore[attr-defined]
            asked, history[users], N=LISTED, filter_already_liked_items=not had
        )
        lists[users, : items.shape[1]] = np.where(scores > -1e30, items, -1)
    return lists


def fuse(parts: list[Ints]) -> tuple[Ints, NDArray[np.float32]]:
    """Reciprocal-rank fusion: the first FUSED of each user and their scores."""
    import numpy as np

    shape = (len(parts[0]), FUSED)
    fused, fused_scores = np.empty(shape, np.int32), np.empty(shape, np.float32)
    points = np.tile(1 / (RRF_K + 1 + np.arange(LISTED)), len(parts))

    def fill(users: slice) -> None:
        items = np.hstack([part[users] for part in parts])
        order = np.argsort(items, axis=1, kind="stable")
        items = np.take_along_axis(items, order, 1)
        each = np.where(items >= 0, points[order], 0.0)
        total = each.copy()
        for step in range(1, len(parts)):
            total[:, :-step] += each[:, step:] * (items[:, step:] == items[:, :-step])
        total[:, 1:][items[:, 1:] == items[:, :-1]] = 0
        first = np.argsort(-total, axis=1, kind="stable")[:, :FUSED]
        scores = np.take_along_axis(total, first, 1)
        fused[users] = np.where(scores > 0, np.take_along_axis(items, first, 1), -1)
        fused_scores[users] = scores

    in_threads(fill, blocks(shape[0], 1024))
    return fused, fused_scores


def ndcg(lists: Ints, taken: NDArray[np.int64], n_items: int) -> float:
    """Mean NDCG@10 of the users who took something; ``taken`` holds user * n_items + item, ascending."""
    import numpy as np

    users, n_taken = np.unique(taken // n_items, return_counts=True)
    listed = lists[users, :GRADED]
    hits = np.isin(np.where(listed >= 0, users[:, None] * n_items + listed, -1), taken)
    gains = 1 / np.log2(np.arange(2, GRADED + 2))
    return float(((hits * gains).sum(axis=1) / np.cumsum(gains)[np.minimum(n_taken, GRADED) - 1]).mean())


def write(path: Path, users: pd.Index, items: pd.Index, fused: Ints, scores: NDArray[np.float32]) -> None:
    """Rows of the fused lists."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    kept = (fused >= 0).ravel()
    columns = {
        "user_id": np.repeat(users.to_numpy(), FUSED)[kept],
        "item_id": items.to_numpy()[fused.ravel()[kept]],
        "rank": np.tile(np.arange(1, FUSED + 1, dtype=np.int16), len(users))[kept],
        "score": scores.ravel()[kept],
    }
    pq.write_table(pa.table(columns), path)


def main(file: str, cutoff: str, folder: str) -> None:
    """The whole night."""
    started = time.perf_counter()
    with stage("import"):
        import numpy as np
        import pandas as pd
        from implicit.als import AlternatingLeastSquares
        from implicit.nearest_neighbours import CosineRecommender
        from scipy.sparse import csr_matrix
    at = pd.Timestamp(cutoff)
    with stage("load"):
        events = pd.read_parquet(file, filters=[("ts", "<", (at + pd.Timedelta(days=7)).to_pydatetime())])
        is_past = events["ts"] < at
        past, later = events[is_past], events[~is_past]
        user, ids = pd.factorize(past["user_id"], sort=True)
        item, item_ids = pd.factorize(past["item_id"], sort=True)
        users, items = pd.Index(ids), pd.Index(item_ids)
        history = csr_matrix((past["weight"].to_numpy(np.float32), (user, item)), shape=(len(users), len(items)))
        history.sum_duplicates()
        history.data = np.log1p(history.data)
        age_days = (at - past["ts"]).dt.total_seconds().to_numpy() / 86_400
    with stage("fit"):
        popularity = np.bincount(item, past["weight"] * 0.5 ** (age_days / HALF_LIFE_DAYS), len(items))
        neighbours = CosineRecommender(K=NEIGHBOURS, num_threads=THREADS)
        neighbours.fit(history.astype(np.float64), show_progress=False)
        similarity = neighbours.similarity.tocsr().astype(np.float32)
        model = AlternatingLeastSquares(factors=64, iterations=15, alpha=10.0, regularization=0.1, random_state=42)
        model.fit(history, show_progress=False)
    with stage("grade"):
        of_user, of_item = users.get_indexer(later["user_id"]), items.get_indexer(later["item_id"])
        known = (of_user >= 0) & (of_item >= 0)
        taken = np.unique(of_user[known].astype(np.int64) * len(items) + of_item[known])
        had = np.repeat(np.arange(len(users), dtype=np.int64), np.diff(history.indptr)) * len(items) + history.indices
        of_task = {"next": taken, "discovery": taken[~np.isin(taken, had)]}
    grades: dict[str, dict[str, float]] = {}
    for task in of_task:
        makers = {
            "popularity": partial(by_popularity, history, popularity, task == "next"),
            "item_knn": partial(by_neighbours, history, similarity, task == "next"),
            "als": partial(by_factors, model, history, task == "next"),
        }
        with stage("list"):
            lists = {name: make() for name, make in makers.items()}
        with stage("fuse"):
            lists["fusion"], scores = fuse(list(lists.values()))
        with stage("grade"):
            grades[task] = {name: ndcg(each, of_task[task], len(items)) for name, each in lists.items()}
        with stage("write"):
            write(Path(folder) / f"{task}.parquet", users, items, lists["fusion"], scores)
    used = resource.getrusage(resource.RUSAGE_SELF)
    cost = {"seconds": time.perf_counter() - started, "cpu_seconds": used.ru_utime + used.ru_stime}
    sizes = {"events": len(past), "users": len(users), "items": len(items)}
    print(json.dumps(cost | sizes | {"peak_mb": used.ru_maxrss / 1e3, "stages": SECONDS, "ndcg": grades}))


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main(*sys.argv[1:])
