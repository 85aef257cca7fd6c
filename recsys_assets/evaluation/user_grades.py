"""Grades per user: every metric of every judged list, as a table; and their means with intervals."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from recsys_assets.evaluation.metrics import METRICS, metric_table
from recsys_assets.evaluation.uncertainty import bootstrap_mean_interval, exact_mean

if TYPE_CHECKING:
    import pyarrow as pa

CUTS = (1, 5, 10, 20)
"""How many ranks of a list are looked at."""
USER_GRADE = ("task", "algorithm", "user_key", "k")
"""Columns that say which user's which list a row grades, at which cut."""


USERS = ("known", "unknown")
"""Whom a figure is over, by ``is_cold_user``: users the graded night knew, or those it did not."""


def grades_by_user(lists: pa.Table, hits: pa.Table, users: pa.Table) -> pa.Table:
    """Metrics of every list of a graded user; a user whom an algorithm proposed nothing counts with zeros.

    Parameters
    ----------
    lists : Table
        ``task, algorithm``: a row for each kind of list that is graded, in the order of the result.
    hits : Table
        ``task, algorithm, user_key, rank``: a row for each listed item that its user took, ranks from 1 to the last of
        `CUTS`.
    users : Table
        ``task, user_key, n_relevant, is_cold_user``: the users graded, ordered by task and key.

    Returns
    -------
    Table
        ``task, algorithm, user_key, k, n_relevant, is_cold_user``, then a float64 column per metric.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    text, number = pa.string(), pa.int32()
    kinds = {"task": text, "algorithm": text, "user_key": number, "k": number, "n_relevant": number}
    schema = pa.schema({**kinds, "is_cold_user": pa.bool_(), **{name: pa.float64() for name in METRICS}})
    parts = [schema.empty_table()]
    for row in lists.to_pylist():
        task, algorithm = row["task"], row["algorithm"]
        graded = users.filter(pc.equal(users["task"], task))
        taken = hits.filter(pc.and_(pc.equal(hits["task"], task), pc.equal(hits["algorithm"], algorithm)))
        matrix = np.zeros((graded.num_rows, max(CUTS)), dtype=bool)
        keys = graded["user_key"].to_numpy()
        matrix[np.searchsorted(keys, taken["user_key"].to_numpy()), taken["rank"].to_numpy() - 1] = True
        columns: dict[str, Any] = dict(metric_table(matrix, graded["n_relevant"].to_numpy(), CUTS))
        of_list = columns.pop("list")
        columns |= {name: graded[name].take(pa.array(of_list)) for name in ("user_key", "n_relevant", "is_cold_user")}
        columns |= {"task": pa.repeat(task, len(of_list)), "algorithm": pa.repeat(algorithm, len(of_list))}
        parts.append(pa.table({name: columns[name] for name in schema.names}).cast(schema))
    return pa.concat_tables(parts)


def mean_grades(grades: pa.Table, *, seed: int) -> list[dict[str, Any]]:
    """Mean over users of every metric of every list at every cut, with its 95% bootstrap interval.

    Users the graded night did not know are apart: all lists are alike for them. Every list of a task grades the same
    users, so all figures of such users see the same resamples.

    Parameters
    ----------
    grades : Table
        As `grades_by_user` gives it, in the order of its columns.
    seed : int

    Returns
    -------
    list of dict
        ``task, users, algorithm, k, metric, low, high, mean``, a task after the other, of `USERS` those there are.
    """
    import numpy as np
    import pyarrow.compute as pc

    rows: list[dict[str, Any]] = []
    # One task and kind of users at a time, which bounds memory.
    for task, is_cold in product(pc.unique(grades["task"]).sort().to_pylist(), (False, True)):
        is_theirs = pc.and_(pc.equal(grades["task"], task), pc.equal(grades["is_cold_user"], is_cold))
        graded = grades.filter(is_theirs).select(["user_key", "algorithm", "k", *METRICS]).to_pandas()
        if graded.empty:
            continue
        figures = graded.pivot(index="user_key", columns=["algorithm", "k"], values=list(METRICS))
        values = figures.to_numpy(np.float64)
        low, high = bootstrap_mean_interval(values, seed=seed)
        for place, (metric, algorithm, k) in enumerate(figures.columns):
            about = {"task": task, "users": USERS[is_cold], "algorithm": algorithm, "k": k, "metric": metric}
            interval = {"low": float(low[place]), "high": float(high[place])}
            rows.append(about | interval | {"mean": exact_mean(values[:, place], len(values))})
    return rows
