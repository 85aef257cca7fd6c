"""Pooling: means and differences by hand, whatever the order of the rows, and lists that come and go."""

from functools import partial

import numpy as np
import pytest

from recsys_assets.evaluation.pooling import compared, pooled_means, user_totals

LEADERS, FIGURES = ("published", "als"), [(10, "ndcg"), (10, "newer")]
COLUMNS = ("group", "user", "algorithm", "n", "n_nights", "is_rebuilt", "ndcg", "k")
# Two nights (group 1) graded published and als; a third (group 2) also graded a new list, knn, built afterwards.
ROWS = [
    (1, 7, "published", 2, 2, False, 1.0),
    (1, 7, "als", 2, 2, False, 0.5),
    (1, 9, "published", 1, 2, False, 0.2),
    (1, 9, "als", 1, 2, False, 0.4),
    (2, 9, "published", 1, 1, False, 0.6),
    (2, 9, "als", 1, 1, False, 0.0),
    (2, 9, "knn", 1, 1, True, 0.9),
]


def table(rows=ROWS):
    return dict(zip(COLUMNS, map(np.array, zip(*((*row, 10) for row in rows), strict=True)), strict=True))


def totals(rows=ROWS):
    columns = table(rows)
    return user_totals(columns | {"ndcg": columns["ndcg"].astype(float)}, ["ndcg"])


def by(rows, *names):
    return {tuple(row[name] for name in names): row for row in rows}


def test_means_over_user_nights_by_hand():
    means = by(pooled_means(totals(), seed=1), "algorithm", "metric", "status")
    expected = {
        ("published", "published"): (1.8 / 4, 3, 2, 4),
        ("als", "published"): (0.9 / 4, 3, 2, 4),
        ("knn", "rebuilt"): (0.9, 1, 1, 1),
    }
    assert {(a, s) for a, _, s in means} == set(expected)
    for (algorithm, status), (mean, *counts) in expected.items():
        row = means[algorithm, "ndcg", status]
        assert row["mean"] == pytest.approx(mean, abs=1e-12)
        assert [row[name] for name in ("n_nights", "n_users", "n_user_nights")] == counts
        assert row["low"] - 1e-12 <= row["mean"] <= row["high"] + 1e-12


def test_differences_are_taken_where_both_were_graded():
    differences = by(compared(totals(), LEADERS, FIGURES, seed=1), "algorithm", "baseline", "status")
    expected = {  # Each value is the difference and the numbers of nights, users and user-nights.
        ("published", "als", "published"): (0.9 / 4, 3, 2, 4),
        ("published", "knn", "rebuilt"): (-0.3, 1, 1, 1),
        ("als", "knn", "rebuilt"): (-0.9, 1, 1, 1),
    }
    assert set(differences) == set(expected)
    for key, (difference, *counts) in expected.items():
        assert differences[key]["difference"] == pytest.approx(difference, abs=1e-12)
        assert [differences[key][name] for name in ("n_nights", "n_users", "n_user_nights")] == counts
    assert {key: row["n_compared"] for key, row in differences.items()} == dict(zip(expected, (1, 2, 2), strict=True))


def test_only_what_is_asked_for_is_compared():
    """Each leader with those after it and with every other list; other lists not among themselves."""
    rows = [(1, 7, name, 1, 1, False, 0.5) for name in ("als", "fusion", "knn", "published")]
    comparisons = compared(totals(rows), ("published", "missing", "fusion"), FIGURES, seed=1)
    pairs = [("published", "fusion"), ("published", "als"), ("published", "knn"), ("fusion", "als"), ("fusion", "knn")]
    assert [(row["algorithm"], row["baseline"]) for row in comparisons] == pairs
    assert {row["n_compared"] for row in comparisons} == {5}
    assert compared(totals(rows), ("published",), [(5, "ndcg")], seed=1) == []


def test_where_all_lists_are_rebuilt_nothing_is_published():
    rebuilt = totals([(*row[:5], True, row[6]) for row in ROWS])
    for pooled in (pooled_means(rebuilt, seed=1), compared(rebuilt, LEADERS, FIGURES, seed=1)):
        assert [row["status"] for row in pooled] == ["rebuilt"] * 3


def many(n_users=60, seed=0):
    """Lists a, b and published over one group; b is like a, published is better."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(n_users):
        n, taste = int(rng.integers(1, 6)), rng.normal(0, 0.3)
        for name, better in (("a", 0.0), ("b", 0.0), ("published", 0.1)):
            rows.append((1, user, name, n, 5, False, n * (0.3 + taste + better + rng.normal(0, 0.05))))
    return rows


def test_what_differs_is_found_and_what_does_not_is_not():
    differences = by(compared(totals(many()), ("published", "a"), FIGURES, seed=1), "algorithm", "baseline")
    for baseline in ("a", "b"):
        row = differences["published", baseline]
        assert row["low"] > 0.05
        assert row["p_corrected"] == pytest.approx(3 / 2001)  # It is three times the least that 2,000 flips can say.
    assert differences["a", "b"]["p_corrected"] > 0.05
    assert differences["a", "b"]["low"] < 0 < differences["a", "b"]["high"]


def test_the_order_of_rows_changes_nothing():
    rows = many()
    shuffled = [rows[i] for i in np.random.default_rng(1).permutation(len(rows))]
    for function in (pooled_means, partial(compared, leaders=LEADERS, figures=FIGURES)):
        assert function(totals(rows), seed=3) == function(totals(shuffled), seed=3)
        assert function(totals(rows), seed=3) != function(totals(rows), seed=4)


def test_a_metric_newer_than_a_night_is_pooled_from_where_it_was_graded():
    rows = table()
    newer = np.where(rows["group"] == 2, 1.0, np.nan)
    means = by(pooled_means(user_totals(rows | {"newer": newer}, ["ndcg", "newer"]), seed=1), "algorithm", "metric")
    assert means["als", "newer"]["n_user_nights"] == 1
    assert [means["als", "newer"][name] for name in ("low", "high")] == [pytest.approx(1), pytest.approx(1)]
    assert means["als", "ndcg"]["n_user_nights"] == 4
    pairs = by(
        compared(user_totals(rows | {"newer": newer}, ["ndcg", "newer"]), LEADERS, FIGURES, seed=1), "metric", "status"
    )
    assert {key: row["n_compared"] for key, row in pairs.items()} == {
        ("ndcg", "published"): 1,
        ("ndcg", "rebuilt"): 2,
        ("newer", "published"): 1,
        ("newer", "rebuilt"): 2,
    }
