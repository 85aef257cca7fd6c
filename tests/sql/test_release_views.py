"""The release's tables for people who look into a night, against figures worked out by hand."""

from datetime import datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace
from uuid import UUID

import pytest

from recsys_assets.assets.steps.release import _rows
from recsys_assets.release_settings import FurtherTable, ReleaseSettings
from recsys_assets.selects.files import SQL_FOLDER, load_select
from recsys_assets.storage.check_outcomes import note_outcomes, outcomes_of
from recsys_assets.storage.costs import costs_of, note_cost
from recsys_assets.storage.landing.ledger import file_number
from tests.sql.conftest import CUTOFF, NIGHT

FEATURES = tuple(f"features/{name}" for name in ("user_item", "user", "user_category", "item"))
REJECTS = [
    {
        "column_name": "quantity",
        "reason": "not above 0",
        "n_rows": 3,
        "examples": [{"row_number": n, "delivered": f"row {n}"} for n in (2, 5, 9)],
    },
    {
        "column_name": "",
        "reason": "is no row",
        "n_rows": 1,
        "examples": [{"row_number": 4, "delivered": "a,b"}],
    },
]


@pytest.fixture
def shop(make_shop):
    made = make_shop()
    made.users((1, "20"), (2, "10"), (3, "<b>30</b>"))
    made.items(
        (1, "9", "nine", "d", "c"), (2, "8", "eight", "d", "c"), (3, "7", "😀", "d", "c"), (4, "6", "s", "d", "c")
    )
    yield made
    made.con.close()


def rows(shop, table):
    text = load_select(SQL_FOLDER / "release" / f"{table.replace('.', '/')}.sql").text
    return [tuple(row.values()) for row in shop.table(text).to_pylist()]


def hours_before(hours):
    return CUTOFF - timedelta(hours=hours)


def test_co_purchases_are_counted_by_baskets(shop):
    """Five baskets: 9 with 8 in two, 9 with 7 in two; 8 with 7 once, which is too seldom. 6 was taken twice in one."""
    for basket, items in {"a": (1, 2), "b": (1, 2, 3), "c": (1, 3), "d": (1,)}.items():
        for item in items:
            shop.take(1, item, 3.0, basket_id=basket)
    shop.take(2, 4, 3.25)
    shop.take(2, 4, 3.5)  # The same day: one basket of one item.
    assert rows(shop, "serving.co_purchases") == [
        ("7", "9", 2, pytest.approx(2 / 5), 1.0, pytest.approx(1.0 / (4 / 5)), 2, pytest.approx(1.0 / (4 / 5)), None),
        ("8", "9", 2, pytest.approx(2 / 5), 1.0, pytest.approx(1.0 / (4 / 5)), 2, pytest.approx(1.0 / (4 / 5)), None),
        ("9", "7", 2, pytest.approx(2 / 5), 0.5, pytest.approx(0.5 / (2 / 5)), 2, pytest.approx(0.5 / (2 / 5)), None),
        ("9", "8", 2, pytest.approx(2 / 5), 0.5, pytest.approx(0.5 / (2 / 5)), 2, pytest.approx(0.5 / (2 / 5)), None),
    ]


def test_lift_is_told_of_both_halves_of_the_days_that_are_counted(shop):
    """Lately two of three baskets hold 9 and 8 together; before, one holds 9, one 8, and one both."""
    for age, basket, items in ((44, "a", (1, 2)), (10, "b", (1, 2)), (3, "c", (3,)), (45.1, "d", (1,))):
        for item in items:
            shop.take(1, item, age, basket_id=basket)
    shop.take(1, 2, 60, basket_id="e")
    for item in (1, 2):
        shop.take(1, item, 80, basket_id="f")
    found = {row[:2]: row[6:] for row in rows(shop, "serving.co_purchases")}
    # Lately 2 × 3 baskets / (2 × 2), before 1 × 3 / (2 × 2).
    assert found == {("8", "9"): (2, 1.5, 0.75), ("9", "8"): (2, 1.5, 0.75)}


def test_without_baskets_the_session_and_then_the_day_of_a_user_is_one(shop):
    for user, days in ((1, (1.25, 2.25)), (2, (1.5,))):
        for age in days:
            shop.take(user, 1, age)
            shop.take(user, 2, age + 0.25)
    shop.take(3, 1, 4, session_id="s")
    shop.take(3, 2, 9, session_id="s")
    assert [row[:3] for row in rows(shop, "serving.co_purchases")] == [("8", "9", 4), ("9", "8", 4)]


def test_what_is_older_than_the_window_or_weighs_nothing_is_not_taken_together(shop):
    for age, weight in ((90.5, 1), (3.5, 0)):
        for basket in ("a", "b"):
            for item in (1, 2):
                shop.take(1, item, age, basket_id=f"{basket}{age}", weight=weight)
    assert rows(shop, "serving.co_purchases") == []


def test_of_a_great_basket_the_items_count_that_most_baskets_hold(shop):
    names = [(key, f"x{key:03}", "", "d", "c") for key in range(10, 60)]
    shop.items(*names)
    for basket in ("a", "b"):
        for key, *_ in names:
            shop.take(1, key, 3.0, basket_id=basket)
    shop.take(2, 59, 3.0, basket_id="c")  # Now it is held by more than the others are.
    found = rows(shop, "serving.co_purchases")
    assert {row[0] for row in found} == {f"x{key:03}" for key in (*range(10, 39), 59)}
    assert {row[2] for row in found} == {2}
    assert max(sum(row[0] == item for row in found) for item in {row[0] for row in found}) == 20


def test_volume_counts_the_events_of_sixty_days_by_hour_and_type(shop):
    shop.take(1, 1, 0.5 / 24)
    shop.take(1, 2, 0.75 / 24)
    shop.take(2, 2, 0.75 / 24, event_type="click")
    shop.take(2, 2, 1.5 / 24)
    shop.take(2, 2, 60)  # The first instant that counts, and the last that does not.
    shop.take(2, 2, 60.01)
    assert rows(shop, "meta.volume") == [
        (CUTOFF - timedelta(days=60), "purchase", 1),
        (hours_before(2), "purchase", 1),
        (hours_before(1), "click", 1),
        (hours_before(1), "purchase", 2),
    ]


def test_history_is_the_newest_two_hundred_of_each_user(shop):
    for n in range(198):
        shop.take(1, 1, 5 + n / 24)
    for item in (2, 3, 4):  # Three at the instant of the last two: the ids decide.
        shop.take(1, item, 50)
    shop.take(1, 1, 51)
    shop.take(2, 1, 3, quantity=2, value=5, basket_id="b", event_type="purchase")
    found = rows(shop, "serving.history")
    assert found[0] == ("10", CUTOFF - timedelta(days=3), "9", "purchase", 2.0, 5.0, "b", None, None)
    mine = [row for row in found if row[0] == "20"]
    assert len(mine) == 200
    assert [row[1] for row in mine] == sorted((row[1] for row in mine), reverse=True)
    assert [row[2] for row in mine[-2:]] == ["6", "7"]
    assert max(row[1] for row in found) < CUTOFF


def test_history_names_the_file_and_row_of_each_event(shop):
    """As landing numbers them: by the content of the file, and by how often the same bytes had landed before."""
    contents = {name: sha256(name.encode()).hexdigest() for name in ("a", "b", "later")}
    delivered = [
        ("a.csv", "lines", contents["a"], True, "landed", None, False, 1, 0, [], NIGHT - timedelta(days=2)),
        ("a.csv", "lines", contents["a"], True, "landed", None, False, 1, 0, [], NIGHT),
        ("b <i>.csv", "lines", contents["b"], False, "landed", CUTOFF, True, 1, 0, [], NIGHT),
    ]
    shop.insert("clean.deliveries", *delivered)
    for age, content, earlier, row in ((2, "a", 0, 1), (3, "a", 0, 2**31 + 5), (4, "b", 2, 7), (5, "later", 0, 3)):
        number = file_number(contents[content], earlier) << 32
        shop.take(1, 1, age, event_id=UUID(int=number + row))
    assert [row[-2:] for row in rows(shop, "serving.history")] == [
        ("a.csv", 1),
        ("a.csv", 2**31 + 5),
        ("b <i>.csv", 7),
        (None, None),
    ]


def test_events_that_are_equal_in_all_are_all_there(shop):
    for _ in range(205):
        shop.take(1, 1, 5)
    assert len(rows(shop, "serving.history")) == 200


def test_the_context_is_the_newest_value_of_each_part(shop):
    shop.take(1, 1, 9, device="phone", country="AT", store="1")
    shop.take(1, 1, 3, device="desk", store=None, region=None)
    shop.con.execute("update clean.users set region = 'north' where user_key in (1, 2)")
    assert rows(shop, "serving.contexts") == [
        ("10", None, None, None, "north", None),
        ("20", "desk", None, "AT", "north", "1"),
    ]


def test_lists_of_algorithms_hold_ids_of_twenty_items_for_the_sample(shop):
    shop.items(*[(key, f"x{key}", "", "d", "c") for key in range(10, 40)])
    for user in (1, 2, 3):
        listed = [("als", "next", user, 39 - n, n + 1, 1 / (n + 1)) for n in range(25)]
        shop.insert("candidates.lists", *listed)
    shop.insert("recommendations.candidates", ("next", 1, 2, 1, 0.5, 1, 1))
    path = SQL_FOLDER / "release" / "serving" / "algorithm_lists.sql"
    profile = SimpleNamespace(release=ReleaseSettings())
    found = _rows(profile, "serving.algorithm_lists", load_select(path), shop).to_pylist()
    chosen = shop.rows("select user_id from clean.users order by md5(user_id), user_id limit 2")
    assert {row["user_id"] for row in found} == {user for (user,) in chosen}
    lists = {(row["user_id"], row["algorithm"]): row for row in found}
    assert all(row["items"] == [f"x{39 - n}" for n in range(20)] for row in found if row["algorithm"] == "als")
    assert lists[chosen[0][0], "als"]["scores"] == pytest.approx([1 / (n + 1) for n in range(20)])
    if ("20", "fusion") in lists:
        assert lists["20", "fusion"]["items"] == ["8"]


def test_the_ledger_adds_up_what_each_night_first_saw(shop):
    before = datetime(2020, 3, 30, 8)
    shop.insert(
        "clean.deliveries",
        ("a.csv", "lines", "c1", True, "landed", None, False, 5, 0, [], NIGHT - timedelta(days=2)),
        ("a.csv", "lines", "c1", True, "landed", None, False, 2, 4, REJECTS, NIGHT),
        ("items.csv", "items", "c2", True, "landed", None, False, None, 0, [], NIGHT),
        ("b.csv", "lines", "c3", False, "landed", before, False, 0, 0, [], NIGHT),
        ("b.csv", "lines", "c4", False, "landed", before, True, 3, 0, [], NIGHT),
        ("c.csv", "lines", "c5", False, "quarantined", before, False, None, 0, [], NIGHT),
    )
    assert sorted(rows(shop, "meta.ledger"), key=str) == sorted(
        [
            ("a.csv", "lines", None, True, "landed", 7, 4),
            ("items.csv", "items", None, True, "landed", None, None),
            ("b.csv", "lines", before, False, "landed", 0, 0),
            ("b.csv", "lines", before, False, "superseded", 3, 0),
            ("c.csv", "lines", before, False, "quarantined", None, None),
        ],
        key=str,
    )
    assert rows(shop, "meta.reject_counts") == [("lines", "", "is no row", 1), ("lines", "quantity", "not above 0", 3)]
    assert rows(shop, "meta.rejects") == [
        ("a.csv", 4, "lines", "", "is no row", "a,b"),
        *(("a.csv", n, "lines", "quantity", "not above 0", f"row {n}") for n in (2, 5, 9)),
    ]


def test_a_reason_that_fills_the_examples_leaves_room_for_the_others(shop):
    many = [{"row_number": n, "delivered": "x"} for n in range(1_500)]
    told = [REJECTS[1], {"column_name": "q", "reason": "often", "n_rows": 1_500, "examples": many}]
    shop.insert("clean.deliveries", ("a.csv", "lines", "c", True, "landed", None, False, 1, 1_501, told, NIGHT))
    found = rows(shop, "meta.rejects")
    assert len(found) == 1_000
    assert {row[4] for row in found} == {"is no row", "often"}


@pytest.mark.parametrize("table", FurtherTable.__args__)
def test_a_table_that_is_left_out_has_its_columns_and_no_row(shop, table):
    shop.take(1, 1, 3)
    shop.build(*FEATURES)
    select = load_select(SQL_FOLDER / "release" / f"{table.replace('.', '/')}.sql")
    nothing = _rows(SimpleNamespace(release=ReleaseSettings(without=[table])), table, select, shop)
    filled = _rows(SimpleNamespace(release=ReleaseSettings()), table, select, shop)
    assert nothing.num_rows == 0
    assert nothing.column_names == filled.column_names
    assert len(set(nothing.column_names)) == nothing.num_columns


def test_every_further_table_is_there_on_a_night_without_anything(make_shop):
    shop = make_shop()
    shop.build(*FEATURES)
    for table in FurtherTable.__args__:
        assert rows(shop, table) == []
    shop.con.close()


def test_outcomes_are_those_of_the_last_run_of_each_check(tmp_path, shop):
    profile = SimpleNamespace(folder=tmp_path)
    assert outcomes_of(profile, NIGHT).num_rows == 0
    told = {"is_blocking": False, "n_failing": 3, "n_rows": 9, "threshold": "warn if != 0", "remedy": ""}
    told |= {"description": "No \n odd row ☕", "table_name": "features.item"}
    note_outcomes(profile, NIGHT, [told | {"check_name": name, "outcome": "warn"} for name in ("one", "other")])
    note_outcomes(profile, NIGHT - timedelta(days=1), [told | {"check_name": "one", "outcome": "error"}])
    note_outcomes(profile, NIGHT, [told | {"check_name": "one", "outcome": "pass", "n_failing": 0}])
    shop.con.execute("drop table made.checks")
    shop.add("made.checks", outcomes_of(profile, NIGHT))
    assert rows(shop, "meta.checks") == [
        ("features.item", "one", "pass", False, 0, 9, "warn if != 0", "No \n odd row ☕", ""),
        ("features.item", "other", "warn", False, 3, 9, "warn if != 0", "No \n odd row ☕", ""),
    ]


def test_shares_of_gains_are_of_a_task_and_an_objective(shop):
    gained = [("next", "binary", "b", 1.0), ("next", "binary", "a", 3.0), ("discovery", "binary", "a", 0.0)]
    shop.insert("made.feature_gains", *gained, ("next", "lambdamart", "a", 7.0))
    assert rows(shop, "meta.feature_gains") == [
        (NIGHT, "discovery", "binary", "a", 0.0, None),
        (NIGHT, "next", "binary", "a", 3.0, 0.75),
        (NIGHT, "next", "binary", "b", 1.0, 0.25),
        (NIGHT, "next", "lambdamart", "a", 7.0, 1.0),
    ]


def test_costs_are_those_of_the_last_run_of_each_step(tmp_path):
    profile = SimpleNamespace(folder=tmp_path)
    assert costs_of(profile, NIGHT).num_rows == 0
    note_cost(profile, NIGHT, "models.als", None, {"seconds": 9.0, "peak_memory_mb": 1.0})
    with (tmp_path / "costs" / f"{NIGHT}.jsonl").open("a") as file:
        file.write('\n{"step": "features.us')  # A crash cut it short.
    note_cost(profile, NIGHT, "models.als", None, {"seconds": 1.5, "peak_memory_mb": 2.5})
    note_cost(profile, NIGHT, "features.item", 3, {"seconds": 0.5, "peak_memory_mb": 2.0})
    assert [tuple(row.values()) for row in costs_of(profile, NIGHT).to_pylist()] == [
        ("models.als", "als", None, 1.5, 2_500_000),
        ("features.item", None, 3, 0.5, 2_000_000),
    ]
