"""What the reranker learns from: everything that was taken, and a fair part of the rest."""

import pytest

from recsys_assets.selects.files import SQL_FOLDER, load_select

N_ITEMS = 60
TASKS = ["next", "discovery"]


@pytest.fixture
def judged_shop(shop):
    """Four users with every item as a candidate of both tasks: 1 to 3 took the items 1 to 4 of them, 4 nothing."""
    shop.users(*((user, f"u{user}") for user in range(1, 5)))
    shop.items(*((item, f"i{item}", "title", "d", "c") for item in range(N_ITEMS)))
    shop.con.execute(
        "create table graded.recommendations.candidates (task varchar, user_key integer, item_key integer)"
    )
    shop.con.execute("create table grades.relevant (task varchar, user_key integer, item_key integer)")
    for task in TASKS:
        for user in range(1, 5):
            shop.insert("graded.recommendations.candidates", *((task, user, item) for item in range(N_ITEMS)))
        for user in range(1, 4):
            shop.insert("grades.relevant", *((task, user, item) for item in range(1, 5)))
    return shop


def examples(shop, every_nth, max_users=100):
    return shop.con.execute(
        load_select(SQL_FOLDER / "training" / "labels.sql").text,
        {"every_nth": every_nth, "max_users": max_users},
    ).fetchall()


def test_everything_can_be_an_example(judged_shop):
    rows = examples(judged_shop, 1)
    assert len(rows) == len(TASKS) * 3 * N_ITEMS
    assert {(item, taken, weight) for *_, item, taken, weight in rows} == {
        (item, item in range(1, 5), 1) for item in range(N_ITEMS)
    }


def test_of_what_was_not_taken_a_part_stands_for_the_rest(judged_shop):
    rows = examples(judged_shop, 3)
    for task in TASKS:
        of_task = [row for row in rows if row[0] == task]
        assert {(user, item) for _, user, item, taken, _ in of_task if taken} == {
            (user, item) for user in range(1, 4) for item in range(1, 5)
        }
        others = [row for row in of_task if not row[3]]
        assert {row[4] for row in others} == {3}
        assert len(others) == pytest.approx(3 * (N_ITEMS - 4) / 3, rel=0.5)


def test_users_beyond_the_most_are_left_out_whole(judged_shop):
    users = {task: {user for t, user, *_ in examples(judged_shop, 1, max_users=2) if t == task} for task in TASKS}
    assert users["next"] == users["discovery"]
    assert len(users["next"]) == 2
    assert 4 not in users["next"]
