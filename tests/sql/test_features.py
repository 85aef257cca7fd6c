"""Features against values worked out by hand."""

from datetime import date
from statistics import median

import pytest

NAMES = (
    "user_item",
    "user",
    "item",
    "item_subcategory",
    "user_category",
    "user_subcategory",
    "item_trend",
    "item_store_trend",
    "category_trend",
)
FEATURES = [f"features/{name}" for name in NAMES]


def decayed(*ages):
    return sum(1 / (1 + age / 30) for age in ages)


def halved(*ages):
    return sum(0.5 ** (age / 7) for age in ages)


@pytest.fixture
def tea_shop(shop):
    """Ids run against keys; user 3 never came, item 5 was never taken, item 4 has no category."""
    shop.users((1, "b"), (2, "a"), (3, "c"))
    shop.items(
        (1, "z", "green tea", "drinks", "tea"),
        (2, "y", "black tea", "drinks", "tea"),
        (3, "x", "rye", "bread", "loaf"),
        (4, "w", "bag", None, None),
        (5, "v", "white tea", "drinks", "tea", date(2020, 3, 30), 9.0),
    )
    shop.take(1, 1, 40.5, basket_id="b1", value=4, quantity=2)
    shop.take(1, 1, 40.5, basket_id="b1", value=2)
    shop.take(1, 1, 10.5, basket_id="b2", value=3)
    shop.take(1, 1, 2.5, basket_id="b3", value=3)
    shop.take(1, 3, 2.5, basket_id="b3", value=5)
    shop.take(1, 4, 2.25, session_id="s1", event_type="view", weight=0.5)
    shop.take(2, 2, 5.5, value=6)
    shop.take(2, 3, 5.25, value=5)
    shop.take(2, 1, 8.5, value=2, quantity=0)
    shop.build(*FEATURES)
    return shop


def test_events_of_weight_0_change_no_feature_and_no_trend(tea_shop):
    tables = {name: f"from features.{name}" for name in NAMES}
    tea_shop.build("recommendations/trending")
    tables["trending"] = "from recommendations.trending"
    before = {name: tea_shop.rows(query) for name, query in tables.items()}
    for user, item, age in [(1, 1, 60), (1, 1, 0.5), (1, 2, 1.5), (2, 3, 9.5), (3, 5, 3), (3, 1, 12.5)]:
        tea_shop.take(user, item, age, event_type="view", weight=0, value=99, basket_id="b9")
    tea_shop.build(*FEATURES, "recommendations/trending")
    for name, query in tables.items():
        assert tea_shop.rows(query) == before[name], name


def test_user_item(tea_shop):
    row = tea_shop.named_row("from features.user_item where user_key = 1 and item_key = 1")
    mine = decayed(40.5, 40.5, 10.5, 2.5)
    everything = mine + decayed(2.5) + 0.5 * decayed(2.25)
    assert row == pytest.approx(
        {
            "user_key": 1,
            "item_key": 1,
            "n_events": 4,
            "n_purchases": 4,
            "n_baskets": 3,
            "recency_days": 2.5,
            "first_age_days": 40.5,
            "usual_gap_days": median([30, 8]),
            "due": 2.5 / 19,
            "decayed_weight": mine,
            "decayed_weight_7d": halved(40.5, 40.5, 10.5, 2.5),
            "share_of_user": mine / everything,
            "rank_in_user": 1,
        }
    )


def test_user_item_had_once_has_no_gap_and_no_due(tea_shop):
    once = tea_shop.named_row(
        "select usual_gap_days, due, n_purchases from features.user_item where user_key = 1 and item_key = 4"
    )
    assert once == {"usual_gap_days": None, "due": None, "n_purchases": 0}


def test_user_items_equal_in_weight_rank_by_item_id_not_key(shop):
    shop.users((1, "u"))
    shop.items((1, "b", "", "d", "c"), (2, "a", "", "d", "c"))
    shop.take(1, 1, 3.0)
    shop.take(1, 2, 3.0)
    shop.build("features/user_item")
    assert shop.rows("select item_key, rank_in_user from features.user_item") == [(1, 2), (2, 1)]


def test_user(tea_shop):
    row = tea_shop.named_row("from features.user where user_key = 1")
    # For one of tea user 1 paid 2, 2, 3, 3 and user 2 paid 6 (the line of quantity 0 has no price of one).
    tea = median([2, 2, 3, 3, 6])
    assert row == pytest.approx(
        {
            "user_key": 1,
            "n_events": 6,
            "n_baskets": 4,
            "n_items": 3,
            "n_categories": 2,
            "recency_days": 2.25,
            "tenure_days": 40.5,
            "usual_gap_days": median([30, 8]),
            "decayed_weight": decayed(40.5, 40.5, 10.5, 2.5, 2.5) + 0.5 * decayed(2.25),
            "decayed_weight_7d": halved(40.5, 40.5, 10.5, 2.5, 2.5) + 0.5 * halved(2.25),
            "events_7d": 3,
            "events_prior_7d": 1,
            "change_7d": 4 / 2,
            # Five times an item was in a basket; green tea in the second and third was had before.
            "repeat_share": 2 / 5,
            # Of green tea, rye and bag the last two are new.
            "new_share_28d": 2 / 3,
            "basket_size": 5 / 4,
            "takes_per_week": 5 / (40.5 / 7),
            "value_per_basket": (6 + 3 + 8) / 3,
            "price_level": median([2 / tea, 2 / tea, 3 / tea, 3 / tea, 5 / 5]),
            "store": None,
        }
    )


def test_user_without_events_has_zero_counts_and_no_times(tea_shop):
    row = tea_shop.named_row("from features.user where user_key = 3")
    zero = {"n_events", "n_baskets", "n_items", "n_categories", "decayed_weight", "decayed_weight_7d"}
    zero |= {"events_7d", "events_prior_7d"}
    assert row == {"user_key": 3, "change_7d": 1.0} | {
        name: 0 if name in zero else None for name in row if name not in {"user_key", "change_7d"}
    }


def test_item(tea_shop):
    row = tea_shop.named_row("from features.item where item_key = 1")
    weight = decayed(40.5, 40.5, 10.5, 2.5, 8.5)
    everything = weight + decayed(2.5, 5.5, 5.25) + 0.5 * decayed(2.25)
    assert row == pytest.approx(
        {
            "item_key": 1,
            "n_events": 5,
            "n_buyers": 2,
            "n_baskets": 4,
            "recency_days": 2.5,
            "age_days": 90.0,
            "usual_gap_days": 19.0,
            "repeat_rate": 0.5,
            "first_time_buyers_2d": 0,
            "first_time_buyers_7d": 0,
            "first_time_buyers_28d": 1,
            "first_time_share_7d": 0,
            "decayed_weight": weight,
            "decayed_weight_7d": halved(40.5, 40.5, 10.5, 2.5, 8.5),
            "weight_share": weight / everything,
            "price": 3.0,
            "price_level": 0.0,
            "category": "tea",
            "subcategory": None,
            "department": "drinks",
        }
    )


def test_item_nobody_took_keeps_its_age_and_catalogue_price(tea_shop):
    row = tea_shop.named_row(
        "select n_buyers, recency_days, age_days, price, price_level from features.item where item_key = 5"
    )
    assert row == {"n_buyers": 0, "recency_days": None, "age_days": 1.0, "price": 9.0, "price_level": 1.0}


def test_item_first_taken_before_it_was_visible_counts_from_then(shop):
    shop.users((1, "u"))
    shop.items((1, "a", "", "d", "c", date(2020, 3, 31)))
    shop.take(1, 1, 300.5, visible_night=date(2020, 3, 31))
    shop.build("features/user_item", "features/item")
    assert shop.rows("select age_days from features.item") == [(300.5,)]


def test_price_is_of_the_last_28_days_before_older_ones(shop):
    shop.users((1, "u"))
    shop.items((1, "a", "", "d", "c"), (2, "b", "", "d", "c"))
    shop.take(1, 1, 60.5, value=10)
    shop.take(1, 1, 50.5, value=10)
    shop.take(1, 1, 3.5, value=8, quantity=2)
    shop.take(1, 2, 60.5, value=7)
    shop.build("features/user_item", "features/item")
    assert shop.rows("select price, price_level from features.item") == [(4.0, 0.0), (7.0, 1.0)]


def test_user_category_leaves_out_items_without_one(tea_shop):
    rows = tea_shop.rows("from features.user_category where user_key = 1")
    tea, loaf, bag = decayed(40.5, 40.5, 10.5, 2.5), decayed(2.5), 0.5 * decayed(2.25)
    assert [row[:7] for row in rows] == [(1, "loaf", 1, 1, 1, 2.5, 2.5), (1, "tea", 4, 1, 0, 2.5, 40.5)]
    assert [row[7] for row in rows] == pytest.approx([loaf / (tea + loaf + bag), tea / (tea + loaf + bag)])


def test_user_subcategory_counts_each_item_of_a_family_once_a_basket(shop):
    shop.users((1, "u"))
    shop.items(*((key, f"i{key}", "", "d", "c") for key in (1, 2, 3)))
    shop.con.execute("update clean.items set subcategory = 'loose tea' where item_key < 3")
    shop.take(1, 1, 39.5, basket_id="b1")
    shop.take(1, 2, 9.5, basket_id="b1")
    shop.take(1, 1, 2.5, basket_id="b2")
    shop.take(1, 3, 2.5, basket_id="b2")
    shop.build("features/user_item", "features/user", "features/user_subcategory")
    tea = decayed(39.5, 9.5, 2.5)
    assert shop.named_row("from features.user_subcategory") == pytest.approx(
        {
            "user_key": 1,
            "subcategory": "loose tea",
            "n_items": 2,
            "n_takes": 3,
            "n_new_items": 1,
            "recency_days": 2.5,
            "newest_age_days": 9.5,
            "first_age_days": 39.5,
            "repeat_share": 1 / 3,
            "decayed_weight_7d": halved(39.5, 9.5, 2.5),
            "share_of_user": tea / (tea + decayed(2.5)),
        }
    )


def test_item_subcategory_compares_an_item_with_its_family(shop):
    shop.users((1, "u"), (2, "v"))
    shop.items(*((key, f"i{key}", "", "d", "c") for key in range(1, 6)))
    shop.con.execute("update clean.items set subcategory = 'loose tea' where item_key < 4")
    shop.con.execute("update clean.items set subcategory = 'unsold' where item_key = 5")
    for user, item, age in [(1, 1, 9.5), (2, 1, 2.5), (1, 2, 40.5), (2, 4, 2.5)]:
        shop.take(user, item, age)
    shop.build("features/user_item", "features/item", "features/item_subcategory")
    tea, tea_7d = decayed(9.5, 2.5, 40.5), halved(9.5, 2.5, 40.5)
    expected = [
        (1, decayed(9.5, 2.5) / tea, halved(9.5, 2.5) / tea_7d, 1),
        (2, decayed(40.5) / tea, halved(40.5) / tea_7d, 2),
        (3, 0, 0, 3),
        (5, 0, 0, 1),
    ]
    rows = shop.rows("from features.item_subcategory")
    assert len(rows) == len(expected)
    for row, values in zip(rows, expected, strict=True):
        assert row == pytest.approx(values)


def test_item_store_trend_compares_a_store_with_all(shop):
    shop.users((1, "u"), (2, "v"))
    shop.items((1, "a", "", "d", "c"), (2, "b", "", "d", "c"))
    for user, item, age, store in [
        (1, 1, 2.5, "x"),
        (1, 1, 10.5, "x"),
        (2, 1, 3.5, "x"),
        (2, 2, 3.5, "y"),
        (2, 1, 20.5, "y"),
        (1, 2, 30.5, "x"),
        (1, 2, 4.5, None),
    ]:
        shop.take(user, item, age, store=store)
    shop.build("features/item_store_trend")
    # Of five events with a store in 28 days, x has three, y two; item 1 has four, item 2 one.
    assert shop.rows("from features.item_store_trend") == [
        (1, "x", 2, 2, 3, 2, 4 / (3 * 4 / 5 + 1)),
        (1, "y", 0, 0, 1, 1, 2 / (2 * 4 / 5 + 1)),
        (2, "y", 1, 1, 1, 1, 2 / (2 * 1 / 5 + 1)),
    ]


def test_a_users_store_is_where_the_last_visits_weigh_most_and_ties_go_by_name(shop):
    shop.users((1, "u"), (2, "v"), (3, "w"))
    shop.items((1, "a", "", "d", "c"))
    for age, store in [(100.5, "old"), (101.5, "old"), (2.5, "new"), (3.5, None)]:
        shop.take(1, 1, age, store=store)
    for store in ("b", "a"):
        shop.take(2, 1, 5.5, store=store)
    shop.build("features/user_item", "features/user")
    # Two visits 100 days ago weigh 2 * .31, one of now weighs .97.
    assert shop.rows("select store from features.user order by user_key") == [("new",), ("a",), (None,)]


def test_item_trend(tea_shop):
    # Item 1's events are 40.5 (twice, before the 35 days), 10.5, 8.5 and 2.5 days old.
    assert tea_shop.rows("from features.item_trend where item_key in (1, 5) order by item_key") == [
        (1, 1, 1, 2, 2, 0.5, 2 / 1.5, 0),
        (5, 0, 0, 0, 0, 0.0, 1.0, 0),
    ]


def test_category_trend(tea_shop):
    assert tea_shop.rows("from features.category_trend") == [
        ("loaf", 2, 2, 0, 0, 0.0, 3.0),
        ("tea", 2, 2, 2, 2, 0.5, 3 / 1.5),
    ]


@pytest.mark.parametrize(("length", "known"), [(6.99, 0), (7, 2), (13.99, 2), (14, 4), (34.99, 4), (35, 6)])
def test_a_window_that_begins_before_the_log_is_null(shop, length, known):
    shop.users((1, "u"))
    shop.items((1, "a", "", "d", "c"))
    shop.take(1, 1, length)
    shop.take(1, 1, 100, weight=0)  # Its type does not weigh, so its log may have begun earlier.
    shop.build(*FEATURES)
    for table in ("item_trend", "category_trend"):
        values = shop.rows(f"from features.{table}")[0][1:7]
        assert [value is not None for value in values] == [True] * known + [False] * (6 - known)
        assert values[4] in {None, 0.25}
    user = shop.named_row("select events_7d, events_prior_7d, change_7d from features.user")
    assert [value is not None for value in user.values()] == [length >= 7, length >= 14, length >= 14]
    (first_time,) = shop.rows("select first_time_buyers_7d from features.item")[0]
    assert first_time == (None if length < 7 else int(length <= 7))


@pytest.mark.parametrize("length", [1.99, 2])
def test_windows_of_two_days_need_two_days(shop, length):
    shop.users((1, "u"))
    shop.items((1, "a", "", "d", "c"))
    shop.take(1, 1, length)
    shop.build(*FEATURES)
    expected = [(None,)] if length < 2 else [(1,)]
    assert shop.rows("select first_time_buyers_2d from features.item") == expected
    assert shop.rows("select buyers_2d from features.item_trend") == expected


def test_an_event_on_the_edge_of_two_windows_counts_in_the_later_one(shop):
    shop.users((1, "u"))
    shop.items((1, "a", "", "d", "c"))
    for age in (7, 14, 35, 36):
        shop.take(1, 1, age)
    shop.build(*FEATURES)
    assert shop.rows("select events_7d, events_prior_7d from features.user") == [(1, 1)]
    for table in ("item_trend", "category_trend"):
        assert shop.rows(f"from features.{table}")[0][1:6] == (1, 1, 1, 1, 0.5)


def test_days_and_sessions_stand_in_for_baskets(shop):
    shop.users((1, "u"))
    shop.items((1, "a", "", "d", "c"))
    shop.take(1, 1, 1.2)
    shop.take(1, 1, 1.8)
    shop.take(1, 1, 1.5, session_id="s")
    shop.take(1, 1, 1.6, session_id="s", basket_id="b")
    shop.build("features/user_item", "features/user")
    assert shop.rows("select n_baskets, usual_gap_days from features.user_item") == [(3, None)]
    assert shop.rows("select n_baskets from features.user") == [(3,)]
