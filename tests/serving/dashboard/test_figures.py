"""The figures that the dashboard works out itself, held against the ones that a night has them from."""

import random
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from recsys_assets.evaluation.metrics import METRICS
from recsys_assets.ranking.fusion import fuse
from recsys_assets.storage.release.folder import ReleaseInfo
from recsys_serving.dashboard.alarms import delivery_alarms, grade_alarms, release_alarms, task_alarms
from recsys_serving.dashboard.blend import Judged, fused
from recsys_serving.dashboard.changes import changes
from recsys_serving.releases import Served

ALGORITHMS = ("a", "b", "c")
WEIGHTS = {"a": 0.5, "b": 0.3, "c": 0.0, "unknown": 0.9}


@pytest.fixture
def lists():
    """Lists of three algorithms by user; ids have one length, so that they are in order of their numbers."""
    chance = random.Random(5)
    items = [f"i{n:02}" for n in range(30)]
    return {f"u{n}": {name: chance.sample(items, 12) for name in ALGORITHMS} for n in range(25)}


def test_other_weights_give_the_lists_that_the_fusion_would(lists):
    rows = [
        (user, algorithm, rank, int(item[1:]))
        for user, of in enumerate(lists.values())
        for algorithm, name in enumerate(ALGORITHMS)
        for rank, item in enumerate(of[name], 1)
    ]
    columns = [np.array(column, dtype=np.int32) for column in zip(*rows, strict=True)]
    weights = np.array([WEIGHTS[name] for name in ALGORITHMS])
    made = fuse(*columns, weights, rrf_k=2, n=10)
    by_user = {}
    for user, item, score in zip(made.lists.tolist(), made.items.tolist(), made.scores.tolist(), strict=True):
        by_user.setdefault(user, []).append((f"i{item:02}", score))
    for user, of in enumerate(lists.values()):
        ours = fused(of, WEIGHTS, 2, 10)
        assert [item for item, _ in ours] == [item for item, _ in by_user[user]]
        assert [score for _, score in ours] == pytest.approx([score for _, score in by_user[user]])


def test_their_grades_are_the_nights_ndcg(lists):
    chance = random.Random(6)
    relevant = {user: frozenset(f"i{chance.randrange(30):02}" for _ in range(chance.randint(1, 14))) for user in lists}
    shown = {user: [item for item, _ in fused(of, WEIGHTS, 2, 10)] for user, of in lists.items()}
    hits = np.array([[item in relevant[user] for item in items] for user, items in shown.items()])
    expected = METRICS["ndcg"](hits, np.array([len(relevant[user]) for user in shown]), 10)
    mean, error = Judged(lists, relevant).ndcg(WEIGHTS, 2)
    assert mean == pytest.approx(expected.mean())
    assert error == pytest.approx(expected.std(ddof=1) / len(expected) ** 0.5)
    assert all(np.isnan(figure) for figure in Judged({}, {}).ndcg(WEIGHTS, 2))


def test_what_changed_is_counted_of_every_user(shop):
    served = Served(shop)
    served.start()
    release, before = served.current(), served.of_night(served.list()[0].night)
    for task in release.tasks:
        now, then = (
            {
                user: [
                    each.items[row[0]].decode()
                    for row in each.listed(each.tasks.index(task), each.users.place_of_id(user))[:10]
                ]
                for user in (f"u{n}" for n in range(1, 31))
            }
            for each in (release, before)
        )
        found = changes(release, before, task)
        assert (found.n_users, found.is_sample, found.n_places) == (30, False, 300)
        assert found.n_changed == sum(now[user] != then[user] for user in now)
        assert found.n_kept == sum(len(set(now[user]) & set(then[user])) for user in now)
        assert found.n_with_new == sum(not set(now[user]) <= set(then[user]) for user in now)
        for row in found.items:
            assert row["n_after"] == sum(row["item_id"] in items for items in now.values())
            assert row["n_before"] == sum(row["item_id"] in items for items in then.values())
            assert row["change"] == row["n_after"] - row["n_before"] != 0


def grades(*figures):
    """Published NDCG night after night, as low, mean and high; and one of a single algorithm on the newest night."""
    rows = [
        {"line": "published", "night": n, "graded_night": date(2017, 10, n), "mean": mean, "low": low, "high": high}
        for n, (low, mean, high) in enumerate(figures[:-1], 1)
    ]
    low, mean, high = figures[-1]
    single = {"line": "best single algorithm", "algorithm": "ease", "night": len(rows)}
    return [*rows, single | {"graded_night": date(2017, 10, 1), "mean": mean, "low": low, "high": high}]


def test_grades_alarm_beyond_both_intervals_alone():
    assert grade_alarms("next", []) == []
    assert grade_alarms("next", grades((0.2, 0.3, 0.4), (0.15, 0.2, 0.25), (0.1, 0.2, 0.3))) == []
    (fell,) = grade_alarms("next", grades((0.26, 0.3, 0.4), (0.15, 0.2, 0.25), (0.1, 0.2, 0.3)))
    assert "fell from 0.300 to 0.200" in fell
    (behind,) = grade_alarms("next", grades((0.1, 0.2, 0.25), (0.26, 0.3, 0.4)))
    assert "ease alone, 0.300" in behind
    assert grade_alarms("next", grades((None, 0.9, None), (0.1, 0.2, 0.3), (None, 0.9, None))) == []


def info(night, days_ago, *, current=False):
    at = datetime.now(UTC) - timedelta(days_ago)
    return ReleaseInfo(f"{night}-a", night, "a", 1, at, at, is_current=current)


def test_a_release_alarms_when_it_is_stale_or_was_rolled_back_to():
    nights = [date(2017, 10, day) for day in (10, 17, 24)]
    kept = [info(nights[0], 24), info(nights[1], 17), info(nights[2], 10, current=True)]
    assert release_alarms(kept, kept[2].name) == []
    assert release_alarms(kept, kept[0].name) == []
    stale = [*kept[:2], info(nights[2], 12, current=True)]
    assert "Stale" in release_alarms(stale, stale[2].name)[0]
    back = [kept[0], info(nights[1], 3, current=True), info(nights[2], 10)]
    assert "Rolled back" in release_alarms(back, back[1].name)[0]
    assert release_alarms([], "x") == []


def test_tasks_and_deliveries_alarm():
    task = {"task": "next", "empty_because": None, "n_users": 100, "n_users_listed": 96}
    assert task_alarms([task]) == []
    assert "6 of 100" in task_alarms([task | {"n_users_listed": 94}])[0]
    assert "no lists: nobody took anything." in task_alarms([task | {"empty_because": "nobody took anything"}])[0]
    file = {"file": "x.csv", "status": "landed", "n_rows": 96, "n_rejected": 4}
    assert delivery_alarms([file, file | {"n_rows": None, "n_rejected": None}]) == []
    assert "10%" in delivery_alarms([file | {"n_rows": 90, "n_rejected": 10}])[0]
    assert "quarantined" in delivery_alarms([file | {"status": "quarantined"}])[0]
