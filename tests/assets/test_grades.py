"""Grades against a slow recomputation in plain Python from the delivered files."""

import itertools
import math
from collections import defaultdict
from datetime import timedelta
from statistics import fmean

import pytest

from recsys_assets.assets.steps.beyond_accuracy import metric_selects
from recsys_assets.ranking import CONFIGURATIONS
from tests.helpers.sample import HORIZON, NIGHTS

FIRST, SECOND, LAST = NIGHTS
CUTS = (1, 5, 10, 20)
ALGORITHMS = ("als", "buy_again", "item_knn", "popularity")
SUMMARY = "task, users, algorithm, k, metric, mean, low, high, n_users, cold_user_share, cold_item_share, status"


def metrics(listed, relevant, k):
    """Every metric of one list by its textbook formula."""
    hits = [item in relevant for item in listed[:k]]
    hits_so_far = list(itertools.accumulate(hits))
    gain = sum(hit / math.log2(rank + 2) for rank, hit in enumerate(hits))
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(k, len(relevant))))
    return {
        "precision": sum(hits) / k,
        "recall": sum(hits) / len(relevant),
        "ndcg": gain / ideal,
        "map": sum(n / (rank + 1) for rank, (hit, n) in enumerate(zip(hits, hits_so_far, strict=True)) if hit)
        / min(k, len(relevant)),
        "mrr": 1 / (hits.index(True) + 1) if any(hits) else 0,
        "hit_rate": float(any(hits)),
    }


def listed(deployment, keys, table, night):
    """Items of each list, best first, by task and user."""
    users, items = keys
    rows = deployment.rows(table, night, "task, user_key, item_key")
    return {
        (task, users[user]): [items[row[2]] for row in group]
        for (task, user), group in itertools.groupby(rows, lambda row: row[:2])
    }


def trending_items(deployment, keys, night):
    """What unknown users are served, best first."""
    rows = deployment.rows("recommendations.trending", night, "scope, item_key")
    return [keys[1][item] for scope, item in rows if scope == "all"][: deployment.profile.list_length]


def per_user(deployment, keys, table, night):
    names = ("precision", "recall", "ndcg", "map", "mrr", "hit_rate")
    rows = deployment.rows(table, night, f"task, algorithm, user_key, k, n_relevant, is_cold_user, {', '.join(names)}")
    return {
        (task, algorithm, keys[0][user], k): (n, cold, dict(zip(names, values, strict=True)))
        for task, algorithm, user, k, n, cold, *values in rows
    }


@pytest.mark.parametrize("night", [SECOND, LAST])
def test_grades_of_the_published_lists(built, purchases, keys, night):
    graded_night = night - timedelta(days=HORIZON)
    lists = listed(built, keys, "recommendations.lists", graded_night)
    trending = trending_items(built, keys, graded_night)
    known = purchases.users(graded_night)
    expected = {
        (task, "published", user, k): (
            len(relevant),
            user not in known,
            metrics(lists[task, user] if user in known else trending, relevant, k),
        )
        for task, users in purchases.relevant(night).items()
        for user, relevant in users.items()
        for k in CUTS
    }
    grades = per_user(built, keys, "grades.published", night)
    assert set(grades) == set(expected)
    assert len(grades) > 100
    for key, (n_relevant, is_cold, values) in expected.items():
        assert grades[key] == (n_relevant, is_cold, pytest.approx(values, abs=1e-12)), key
    assert any(values["ndcg"] > 0 for _, _, values in expected.values())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_grades_of_candidates(built, purchases, keys, algorithm):
    lists = listed(built, keys, f"candidates.{algorithm}", SECOND)
    tasks, known, trending = {task for task, _ in lists}, purchases.users(SECOND), trending_items(built, keys, SECOND)
    expected = {
        (task, algorithm, user, k): metrics(lists.get((task, user), []) if user in known else trending, relevant, k)
        for task, users in purchases.relevant(LAST).items()
        for user, relevant in users.items()
        for k in CUTS
        if task in tasks
    }
    grades = {
        key: values
        for key, (_, _, values) in per_user(built, keys, "grades.candidates", LAST).items()
        if key[1] == algorithm
    }
    assert set(grades) == set(expected)
    for key, values in expected.items():
        assert grades[key] == pytest.approx(values, abs=1e-12), key


def test_summary_is_the_mean_over_users_with_its_interval(built, keys):
    users = {
        key: (("known", "unknown")[is_cold], values)
        for table in ("grades.published", "grades.candidates")
        for key, (_, is_cold, values) in per_user(built, keys, table, LAST).items()
    }
    checked, beyond = 0, {}
    for task, whom, algorithm, k, metric, mean, low, high, n_users, *_ in built.rows("grades.summary", LAST, SUMMARY):
        if metric in metric_selects():
            assert whom == "known"
            beyond[task, algorithm, k, metric] = mean
            assert (low, high) == (None, None)
            continue
        wanted = (task, whom, algorithm, k)
        values = [row[metric] for (t, a, _, cut), (kind, row) in users.items() if (t, kind, a, cut) == wanted]
        assert len(values) == n_users
        assert mean == pytest.approx(fmean(values), abs=1e-12)
        assert low <= mean <= high
        assert low < high or len(set(values)) == 1
        checked += 1
    assert beyond == {row[:4]: row[4] for row in built.rows("grades.beyond_accuracy", LAST)}
    assert {metric for *_, metric in beyond} == set(metric_selects())
    lists = {(task, whom, algorithm) for (task, algorithm, *_), (whom, _) in users.items()}
    assert {algorithm for *_, algorithm in lists} == {"published", *ALGORITHMS, *CONFIGURATIONS}
    assert checked == 6 * len(CUTS) * len(lists)


def test_cold_shares_stand_beside_each_figure(built, purchases):
    known_users, known_items = purchases.users(SECOND), purchases.items(SECOND)
    for task, users in purchases.relevant(LAST).items():
        cold_users = sum(user not in known_users for user in users) / len(users)
        for whom, taken in by_kind(users, known_users).items():
            cold_items = sum(item not in known_items for item in taken) / len(taken)
            rows = [row for row in built.rows("grades.summary", LAST, SUMMARY) if row[:2] == (task, whom)]
            assert len({row[9:11] for row in rows}) == 1
            assert rows[0][9:11] == pytest.approx((cold_users, cold_items))


def by_kind(users, known):
    """Items that known users took, and where there are some, those that unknown ones did."""
    kinds = {"known": [], "unknown": []}
    for user, items in users.items():
        kinds["known" if user in known else "unknown"] += items
    assert kinds["known"]
    return {whom: items for whom, items in kinds.items() if items}


def test_the_first_night_has_nothing_to_grade_and_ranks_with_equal_weights(built):
    for table in (
        "candidates",
        "published",
        "judged_candidates",
        "judged_published",
        "beyond_accuracy",
        "segments",
        "summary",
    ):
        assert built.rows(f"grades.{table}", FIRST) == []
    rows = built.rows("recommendations.fusion_weights", FIRST, "task, algorithm, weight, learned_night, n_lists")
    for task in ("next", "discovery"):
        weights = [row[2] for row in rows if row[0] == task]
        assert weights == [1 / len(weights)] * len(weights)
    assert {row[3:] for row in rows} == {(None, 0)}


def test_the_three_algorithms_lead_whose_lists_did_best_over_the_nights_graded(built):
    assert not any(leads for (leads,) in built.rows("recommendations.fusion_weights", FIRST, "leads"))
    ahead = defaultdict(float)
    for night, memory in ((SECOND, 0.8), (LAST, 1.0)):
        rows = built.rows("recommendations.fusion_weights", night, "task, algorithm, own_ndcg, n_lists")
        summary = built.rows("grades.summary", night, SUMMARY)
        graded = {(row[0], row[2]): row[5] for row in summary if row[1] == "known" and row[3:5] == (10, "ndcg")}
        for task, algorithm, ndcg, n_lists in rows:
            assert ndcg == pytest.approx(graded[task, algorithm]), "all known users take part in so small a shop"
            mean = fmean(row[2] for row in rows if row[0] == task)
            ahead[task, algorithm] += memory * n_lists * (ndcg - mean)
    rows = built.rows("recommendations.fusion_weights", LAST, "task, algorithm, leads")
    for task in ("next", "discovery"):
        best = sorted(((value, algorithm) for (of, algorithm), value in ahead.items() if of == task), reverse=True)[:3]
        assert {algorithm for of, algorithm, leads in rows if of == task and leads} == {name for _, name in best}


def test_later_nights_learn_their_weights_from_the_night_they_grade(built, purchases):
    rows = built.rows("recommendations.fusion_weights", LAST, "task, algorithm, weight, learned_night, n_lists")
    for task, users in purchases.relevant(LAST).items():
        mine = [row for row in rows if row[0] == task]
        assert sum(row[2] for row in mine) == pytest.approx(1)
        assert len({row[2] for row in mine}) > 1
        assert {row[3] for row in mine} == {SECOND}
        assert {row[4] for row in mine} == {len(users)}


def test_lists_are_graded_as_published(built):
    for night in (SECOND, LAST):
        rows = built.rows("grades.summary", night, "status, graded_night")
        assert set(rows) == {("published", night - timedelta(days=HORIZON))}


def test_late_events_are_counted_and_graded_only_where_they_were_visible(built, purchases):
    ((graded, n_late, n_events, n_users, n_items),) = built.rows("grades.late", LAST)
    window = [row for row in purchases.up_to(LAST) if row.at.date() > SECOND]
    late = [row for row in purchases.up_to(LAST) if row.at.date() <= SECOND < row.visible]
    assert graded == SECOND
    assert n_late == len(set(late)) > 0
    assert (n_events, n_users, n_items) == (
        len(set(window)),
        len({row.user for row in window}),
        len({row.item for row in window}),
    )
