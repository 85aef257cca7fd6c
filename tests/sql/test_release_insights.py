"""Bundles, movements, profiles and embeddings of a release, against figures worked out by hand."""

import math
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from recsys_assets.assets.embeddings import embeddings, factor_model
from recsys_assets.assets.steps.release import MOVEMENTS, PAIRS, _rows
from recsys_assets.evaluation.movements import with_p_values
from recsys_assets.release_settings import ReleaseSettings
from recsys_assets.selects.files import SQL_FOLDER, load_select
from tests.sql.conftest import CUTOFF
from tests.sql.test_release_views import FEATURES, rows

PROFILE = SimpleNamespace(release=ReleaseSettings())
CHOICE = load_select(SQL_FOLDER / "training" / "item_models.sql").text


@pytest.fixture
def shop(make_shop):
    made = make_shop()
    made.con.execute("drop table made.co_purchases")
    yield made
    made.con.close()


def bundles(shop):
    """As the release makes them: out of the rows of what is taken together."""
    shop.build(*FEATURES)
    pairs = _rows(PROFILE, PAIRS, load_select(SQL_FOLDER / "release/serving/co_purchases.sql"), shop)
    shop.add("made.co_purchases", pairs)
    return rows(shop, "serving.bundles")


def moved(shop):
    shop.build(*FEATURES)
    return _rows(PROFILE, MOVEMENTS, load_select(SQL_FOLDER / "release/serving/movements.sql"), shop).to_pylist()


def profiles(shop):
    shop.build(*FEATURES)
    table = shop.table(load_select(SQL_FOLDER / "release/serving/user_profiles.sql").text)
    return {row.pop("user_id"): row for row in table.to_pylist()}


def test_a_bundle_of_three_is_counted_and_priced(shop):
    """Ten baskets: 9, 8 and 7 in three, 9 and 8 once more, 6 in the others."""
    shop.users((1, "a"))
    shop.items((1, "9", "<b>", "d", "c"), (2, "8", "☕", "d", "c"), (3, "7", "", "d", "x"), (4, "6", "", "d", "x"))
    for n in range(10):
        for item in (1, 2, 3) if n < 3 else (1, 2) if n < 4 else (4,):
            shop.take(1, item, 3.0 + n, basket_id=f"b{n}", value=item)
    found = {(row[0], *row[2]): row for row in bundles(shop)}
    assert set(found) == {("9", "8"), ("9", "7"), ("8", "9"), ("8", "7"), ("7", "9"), ("7", "8")} | {
        ("9", "8", "7"),
        ("8", "9", "7"),
        ("7", "8", "9"),
    }
    # 9: 4 of 10 baskets, 3 with both others, which 3 of 10 hold. Prices 1 + 2 + 3; 2 of the 3 pairs differ in category.
    three = ("9", 3, ["8", "7"], 3, 0.3, 0.75, pytest.approx(2.5), 6.0, pytest.approx(2 / 3))
    assert found["9", "8", "7"] == three
    # Added values: 8 alone 1 - .4; 7 alone .75 - .3, of as many baskets as with 8; the single one first by its id.
    assert found["9", "8"] == ("9", 1, ["8"], 4, 0.4, 1.0, pytest.approx(2.5), 3.0, 0.0)
    assert found["9", "7"] == ("9", 2, ["7"], 3, 0.3, 0.75, pytest.approx(2.5), 4.0, 1.0)


def test_what_is_together_by_chance_retired_or_seldom_makes_no_bundle(shop):
    shop.users((1, "a"))
    shop.items(*((key, str(key), "", "d", "c") for key in range(1, 6)))
    for n in range(8):  # 1 is in all, so nothing goes with it more often than by chance; 2 and 3 once.
        for item in {0: (1, 2, 3), 1: (1, 4, 5), 2: (1, 4, 5)}.get(n, (1,)):
            shop.take(1, item, 3.0, basket_id=f"b{n}", value=1)
    assert [(row[0], row[2]) for row in bundles(shop)] == [("4", ["5"]), ("5", ["4"])]
    shop.con.execute("update clean.items set retired_at = ? where item_key = 5", [CUTOFF])
    assert bundles(shop) == []


def test_without_prices_or_categories_they_are_null(shop):
    shop.users((1, "a"))
    shop.items((1, "1", None, None, None), (2, "2", None, None, "c"), (3, "3", None, None, None))
    for basket, items in (("a", (1, 2)), ("b", (1, 2)), ("c", (3,))):
        for item in items:
            shop.take(1, item, 3.0, basket_id=basket)
    assert [row[1:] for row in bundles(shop)] == [
        (1, ["2"], 2, pytest.approx(2 / 3), 1.0, 1.5, None, None),
        (1, ["1"], 2, pytest.approx(2 / 3), 1.0, 1.5, None, None),
    ]


def test_no_item_has_more_than_six_bundles_whatever_baskets_hold(shop):
    shop.users((1, "a"))
    shop.items(*((key, f"{key:02}", "", "d", "c") for key in range(1, 41)))
    for n in range(60):
        for item in range(1, 41):
            if (item * 7 + n) % 3 or n == 0:
                shop.take(1, item, 3.0, basket_id=f"b{n}")
    counts = {}
    for row in bundles(shop):
        counts.setdefault(row[0], []).append(len(row[2]))
    assert counts
    assert all(sizes.count(1) <= 3 and sizes.count(2) <= 3 for sizes in counts.values())


def test_one_item_and_one_user_have_neither_bundles_nor_movements(shop):
    shop.users((1, "a"))
    shop.items((1, "1", "<script>", None, None))
    for age in (1, 30, 57):
        shop.take(1, 1, age)
    assert (bundles(shop), moved(shop)) == ([], [])
    assert profiles(shop)["a"]["usual_gap_days"] == 28.0


def test_movements_are_shares_of_users_with_the_pooled_test(shop):
    """Of 40 users in either window 20 take the item, then 10 before; all of them take the other one in both."""
    shop.users(*((key, f"u{key}") for key in range(1, 41)))
    shop.items((1, "1", "up <b>", "d", "c"), (2, "2", "all", "d", "x"), (3, "3", "few", "d", None))
    for user in range(1, 41):
        shop.take(user, 2, 28)  # The last instant of the later window.
        shop.take(user, 2, 28.01)
        if user <= 20:
            shop.take(user, 1, 1)
            shop.take(user, 1, 2)
        if user <= 10:
            shop.take(user, 1, 56)
        if user <= 4:
            shop.take(user, 3, 5)
    z = (20 / 40 - 10 / 40) / math.sqrt(30 / 80 * 50 / 80 * 2 / 40)
    p = math.erfc(z / math.sqrt(2))
    figures = {"n_users": 20, "n_users_before": 10, "share": 0.5, "share_before": 0.25, "z": pytest.approx(z)}
    figures |= {"rank": 1, "category": "c", "p": pytest.approx(p), "q": pytest.approx(p)}
    assert moved(shop) == [
        {"kind": "category", "item_id": None, "title": None} | figures,
        {"kind": "item", "item_id": "1", "title": "up <b>"} | figures,
    ]


def test_nothing_moves_before_both_windows_are_full(shop):
    shop.users(*((key, f"u{key}") for key in range(1, 41)))
    shop.items((1, "1", "", "d", "c"), (2, "2", "", "d", "c"))
    for user in range(1, 41):
        shop.take(user, 1, 55.9 if user % 2 else 3)
        shop.take(user, 2, 3 if user % 2 else 30)
    assert moved(shop) == []
    shop.take(1, 1, 56)
    assert {row["item_id"] for row in moved(shop)} == {"1", "2"}


def test_q_is_corrected_within_a_kind_as_benjamini_and_hochberg_say():
    z = [3.0, 2.5, 2.0, -1.0, 4.0]
    nothing = pa.array([None] * 5, pa.float64())
    table = pa.table({"kind": ["item"] * 4 + ["category"], "z": z, "p": nothing, "q": nothing})
    p = [math.erfc(abs(each) / math.sqrt(2)) for each in z]
    found = with_p_values(table)
    assert found["p"].to_pylist() == pytest.approx(p)
    # The least of p × n / rank from there on; alone among the categories, the last is its own p.
    assert found["q"].to_pylist() == pytest.approx([p[0] * 4, p[1] * 2, p[2] * 4 / 3, p[3], p[4]])
    assert with_p_values(table.slice(0, 0)).num_rows == 0


def test_a_profile_tells_rhythm_categories_and_segments(shop):
    shop.users((1, "a"), (2, "b"), (3, "nobody"))
    shop.items((1, "1", "", "d", "c"), (2, "2", "", "d", "x <b>"), (3, "3", "", "d", None))
    for n in range(3):  # Of the cutoff, a Wednesday, hours and days before: Tuesdays at 18 o'clock.
        shop.take(1, 1, 0.25 + 7 * n, basket_id=f"t{n}", store="☕", value=2)
    shop.take(1, 2, 3.5, basket_id="s", value=4)
    shop.take(2, 3, 4)
    shop.con.execute("update clean.users set country = case user_key when 1 then 'NL' when 2 then 'DE' end")
    found = profiles(shop)
    assert set(found) == {"a", "b"}
    a = found["a"]
    assert (a["usual_weekday"], a["usual_hour"], a["usual_gap_days"], a["store"]) == (2, 18, 4.0, "☕")
    assert [each["category"] for each in a["categories"]] == ["c", "x <b>"]
    assert sum(each["share"] for each in a["categories"]) == pytest.approx(1)
    assert a["segments"] == [{"segment": "activity", "value": "middle"}, {"segment": "country", "value": "NL"}]
    b = found["b"]
    assert (b["usual_weekday"], b["usual_hour"], b["categories"], b["price_level"]) == (None, None, [], None)
    assert b["segments"] == [{"segment": "activity", "value": "low"}, {"segment": "country", "value": "DE"}]


def test_days_without_a_time_tell_no_hour_and_the_earlier_of_equal_weekdays(shop):
    shop.users((1, "a"))
    shop.items((1, "1", "", None, None))
    for age in (1, 2, 8, 9):  # Tuesdays and Mondays, at midnight.
        shop.take(1, 1, age)
    row = profiles(shop)["a"]
    assert (row["usual_weekday"], row["usual_hour"]) == (1, None)


def test_the_item_model_that_grades_best_is_chosen(shop):
    def choose(*champions, tasks=("next", "discovery")):
        shop.con.execute("create or replace table this.tasks as select unnest($1::varchar[]) as task", [list(tasks)])
        shop.con.execute(
            "create or replace view recommendations.champions as select * from (values "
            + ", ".join(champions or ["('next', 'x', 'x', 0.0, 0)"])
            + ") as t (task, configuration, incumbent, difference, n_user_nights)"
        )
        return [
            row["algorithm"]
            for row in shop.con.execute(CHOICE, {"algorithms": ["item_knn", "rp3beta"]}).df().to_dict("records")
        ]

    assert choose() == ["item_knn", "rp3beta"]
    graded = [
        f"('{task}', '{name}', 'fusion', {difference}, 9)"
        for task, name, difference in (
            ("discovery", "item_knn", -0.2),
            ("discovery", "rp3beta", -0.1),
            ("next", "item_knn", 0.1),
            ("next", "rp3beta", -0.3),
        )
    ]
    assert choose(*graded) == ["rp3beta", "item_knn"]
    assert choose(*graded, tasks=("next",)) == ["item_knn", "rp3beta"]
    assert choose("('discovery', 'item_knn', 'fusion', null::double, 0)", graded[1]) == ["rp3beta", "item_knn"]
    # The champion so far has no difference to itself.
    assert choose("('discovery', 'item_knn', 'item_knn', null::double, 0)", graded[1])[0] == "item_knn"


def test_the_factor_model_is_the_first_there_is():
    def shown(*names):
        return factor_model(SimpleNamespace(algorithms={name: {} for name in names}))

    assert shown("svd", "bpr", "als", "ease") == "als"
    assert shown("svd", "bpr") == "bpr"
    assert shown("popularity") is None
    tables = {"als_long": {"algorithm": "als", "title": "Long", "factors": 128}, "svd": {}}
    assert factor_model(SimpleNamespace(algorithms=tables)) == "als_long"


def test_without_a_factor_model_or_wish_there_are_no_embeddings():
    for algorithms, without in (
        ({"popularity": {}}, []),
        ({"als": {}}, ["serving.user_embeddings", "serving.item_embeddings"]),
    ):
        profile = SimpleNamespace(algorithms=algorithms, release=ReleaseSettings(without=without))
        made = embeddings(profile, None)
        assert {kind: rows.num_rows for kind, rows in made.items()} == {"user": 0, "item": 0}
        assert made["item"].schema.field("embedding").type == pa.list_(pa.float32())
        assert made["user"].schema.field("user_key").type == pa.int32()


def test_embeddings_carry_ids_as_delivered(shop):
    shop.users((1, "z"), (2, "a"))
    shop.insert("made.user_embeddings", (1, "als", [0.5, -1.0]), (2, "als", [0.25, 2.0]))
    assert rows(shop, "serving.user_embeddings") == [("a", "als", [0.25, 2.0]), ("z", "als", [0.5, -1.0])]
    assert np.dot([0.5, -1.0], [0.25, 2.0]) == -1.875
