"""What each rule costs or wins: lists with it beside the same users' lists without it."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from recsys_assets.evaluation.uncertainty import bootstrap_mean_interval, exact_mean

if TYPE_CHECKING:
    import pyarrow as pa

EFFECTS = {"ndcg": 10, "precision": 1, "diversity": 10, "revenue": 10}
"""Metrics of an effect, and the places of a list that each looks at."""


def effects_of_rules(grades: pa.Table, figures: pa.Table, *, seed: int) -> list[dict[str, Any]]:
    """Mean difference of every metric between the published lists and those without each rule.

    Differences are of the same users, those for whom all lists have the metric; intervals are 95% bootstrap intervals
    of the mean difference over users.

    Parameters
    ----------
    grades : Table
        As `user_grades.grades_by_user` gives it; ``algorithm``: the rule left out, empty: what was published.
    figures : Table
        ``task, without, user_key, diversity, revenue, is_changed``: a row a list that has an item.
    seed : int

    Returns
    -------
    list of dict
        ``task, rule, metric, k, with_rule, without_rule, difference, low, high, n_users, n_changed``: by task, rule
        and metric. n_changed: users whose first 10 places differ.
    """
    graded, others = grades.to_pandas().rename(columns={"algorithm": "without"}), figures.to_pandas()
    tables = {metric: graded[graded["k"] == k] if metric in graded else others for metric, k in EFFECTS.items()}
    changed = others[others["is_changed"]].groupby(["task", "without"]).size()
    rows: list[dict[str, Any]] = []
    for task, metric in product(sorted(set(graded["task"])), EFFECTS):
        table = tables[metric][tables[metric]["task"] == task]
        figures_of = table.pivot(index="user_key", columns="without", values=metric).astype("float64")
        figures_of = figures_of.dropna(axis="columns", how="all").dropna()
        if figures_of.empty or "" not in figures_of:
            continue
        lists = figures_of.drop(columns="")
        published, without, n = figures_of[""].to_numpy(), lists.to_numpy(), len(lists)
        differences = published[:, None] - without
        low, high = bootstrap_mean_interval(differences, seed=seed)
        rows += [
            {"task": task, "rule": rule, "metric": metric, "k": EFFECTS[metric]}
            | {"with_rule": exact_mean(published, n), "without_rule": exact_mean(without[:, place], n)}
            | {"difference": exact_mean(differences[:, place], n), "low": float(low[place]), "high": float(high[place])}
            | {"n_users": n, "n_changed": int(changed.get((task, rule), 0))}
            for place, rule in enumerate(lists.columns)
        ]
    return sorted(rows, key=lambda row: (row["task"], row["rule"], row["metric"]))
