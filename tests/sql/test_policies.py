"""What rules are told, what trends without the exclusions, what follows a list, and what rules cost: by hand."""

from datetime import date
from types import SimpleNamespace

import pytest

from recsys_assets.assets.steps import policy_effects
from recsys_assets.assets.steps.release import _rows
from recsys_assets.release_settings import ReleaseSettings
from recsys_assets.selects.contracts import CONTRACTS
from recsys_assets.selects.files import SQL_FOLDER, load_select

FEATURES = [f"features/{name}" for name in ("user_item", "user", "item", "item_trend")]


def asked(shop, name, **parameters):
    """Rows of a table that rules ask for."""
    text = load_select(SQL_FOLDER / "policies" / f"{name}.sql", keyed=False).text
    return shop.con.sql(text, params=parameters or None).fetchall()


@pytest.fixture
def goods(shop):
    """A fridge, two soups and something without a category or a price."""
    shop.users((1, "a"), (2, "b"))
    shop.items((1, "fridge", "", "d", "FRIDGES"), (2, "s1", "", "d", "SOUP"), (3, "s2", "", "d", "SOUP"))
    shop.items((4, "odd", "", None, None))
    return shop


def test_a_gap_is_between_two_days_of_one_user_in_one_category(goods):
    for user, item, age in ((1, 2, 30.5), (1, 3, 20.5), (1, 2, 20.4), (1, 3, 5.5), (2, 2, 9.5), (2, 1, 9.5)):
        goods.take(user, item, age)
    goods.take(2, 3, 1.5, weight=0)
    # The user comes back to soup after 10 and after 15 days, to a fridge never; what weighs nothing is no return.
    assert asked(goods, "gaps", by="category", quantile=0.1, min_intervals=2) == [("SOUP", 10)]
    assert asked(goods, "gaps", by="category", quantile=0.9, min_intervals=2) == [("SOUP", 15)]
    assert asked(goods, "gaps", by="category", quantile=0.1, min_intervals=3) == []
    assert asked(goods, "gaps", by="item_id", quantile=0.5, min_intervals=1) == [("s1", 10), ("s2", 15)]


def test_a_band_is_of_prices_paid_for_one_piece(goods):
    for item, quantity, value in ((1, 1, 300.0), (2, 2, 4.0), (2, 1, 4.0), (3, 0, 9.0), (4, 1, None)):
        goods.take(1, item, 3, quantity=quantity, value=value)
    goods.take(2, 2, 3, value=1.0)
    whole = {"low": 0.0, "high": 1.0, "first": 0, "last": 9}
    assert asked(goods, "price_bands", min_purchases=3, **whole) == [(1, 2.0, 300.0)]
    assert asked(goods, "price_bands", min_purchases=4, **whole) == []
    assert asked(goods, "price_bands", min_purchases=1, **whole | {"first": 2}) == [(2, 1.0, 1.0)]


def test_who_had_what_is_pinned(goods):
    goods.take(1, 2, 3)
    goods.take(1, 2, 2)
    goods.take(2, 1, 3, weight=0)
    assert asked(goods, "had", items=["fridge", "s1", "gone"], first=0, last=9) == [(1, 2), (2, 1)]
    assert asked(goods, "had", items=["fridge", "s1"], first=2, last=2) == [(2, 1)]


def test_what_is_excluded_trends_nowhere(goods):
    for item in (1, 2, 3):
        for user in range(1, 5 - item):
            goods.take(user, item, 2)
    goods.build(*FEATURES, "recommendations/trending")
    assert goods.rows("select rank, item_key from recommendations.trending where scope = 'all'") == [
        (1, 1),
        (2, 2),
        (3, 3),
    ]
    goods.insert("this.excluded", ("item_id", "fridge"), ("category", "nothing like it"), ("colour", "red"))
    goods.build("recommendations/trending")
    assert goods.rows("select rank, item_key from recommendations.trending where scope = 'all'") == [(1, 2), (2, 3)]
    goods.insert("this.excluded", ("category", "SOUP"))
    goods.build("recommendations/trending")
    assert goods.rows("from recommendations.trending") == []


def test_below_a_list_under_rules_is_what_they_left(goods):
    goods.insert(
        "recommendations.candidates",
        *[("next", user, key, key, 1 / key, 1, 1) for user in (1, 2) for key in (1, 2, 3, 4)],
    )
    goods.con.execute("update this.profile set depth = 4")
    goods.con.execute(
        "create table recommendations.lists (task varchar, user_key integer, configuration varchar, rank integer)"
    )
    goods.con.execute("create table recommendations.trending (scope varchar, rank integer, item_key integer)")
    table = "serving.deeper_lists"
    select = load_select(SQL_FOLDER / "release" / "serving" / "deeper_lists.sql")

    def below():
        rows = _rows(SimpleNamespace(release=ReleaseSettings()), table, select, goods).to_pylist()
        return {row["user_id"]: row["items"] for row in rows}

    fridge, odd = 1, 2  # Their places in the order of ids.
    assert below() == {"a": [odd], "b": [odd]}
    listed = [("", "next", 1, [4, 3, 2, 1], ["", "", "", ""]), ("", "next", 2, [4], [""])]
    goods.insert("recommendations.policies", *listed, ("caps", "next", 2, [1, 2, 3, 4], ["", "", "", ""]))
    assert below() == {"a": [fridge]}


PIN = {"entries": [{"item": "odd", "until": date(2020, 3, 31)}]}


def test_lists_under_rules_keep_the_places_scores_and_say_which_rules(goods):
    goods.policy = {"pin": PIN, "caps": {"category": 1}}
    for user, item in ((1, 1), (2, 1), (2, 2)):
        goods.take(user, item, 3)
    goods.insert("candidates.lists", *[("als", "next", 1, item, rank, 0.0) for rank, item in enumerate((2, 3, 1), 1)])
    goods.insert("candidates.lists", ("als", "next", 2, 3, 1, 0.0), ("random", "next", 1, 4, 1, 0.0))
    goods.insert(
        "recommendations.fusion_weights",
        ("next", "als", 1.0, None, 0, "ALS", ["own_items"], None, None, False),
        ("next", "random", 0.0, None, 0, "By lot", [], None, None, False),
    )
    # Nobody who counts proposed what is pinned. The second user's list was taken out whole: what trends stands in.
    goods.insert("recommendations.policies", ("", "next", 1, [4, 2, 1], ["pin", "", "caps,exclude"]))
    goods.insert("recommendations.policies", ("", "next", 2, [], []), ("caps", "next", 1, [1], [""]))
    goods.build(*FEATURES, "recommendations/trending", "recommendations/candidates", "recommendations/lists")
    told = goods.rows(
        "select user_key, rank, item_key, round(raw_score, 6), reason, reason_text, policies, configuration "
        "from recommendations.lists where task = 'next' and user_key = 1"
    )
    places = [round(1 / (60 + rank), 6) for rank in (1, 2, 3)]
    assert told == [
        (1, 1, 4, places[0], "pinned", "chosen by the shop", ["pin"], "fusion"),
        (1, 2, 2, places[1], "proposed", 'proposed by "ALS"', [], "fusion"),
        (1, 3, 1, places[2], "bought_again", "bought once, 3 days ago", ["caps", "exclude"], "fusion"),
    ]
    stands_in = (
        "select item_key, configuration, policies from recommendations.lists where task = 'next' and user_key = 2"
    )
    assert goods.rows(stands_in) == [(1, "trending", []), (2, "trending", [])]
    algorithms = goods.rows("select algorithms from recommendations.lists where item_key = 4 and task = 'next'")
    assert algorithms == [([{"algorithm": "pin", "rank": 1}],)]
    goods.policy = {"pin": {"entries": [{"item": "odd", "until": date(2020, 3, 30)}]}}  # It ended: nothing is asked.
    goods.build("recommendations/lists")
    listed = "select item_key from recommendations.lists where task = 'next' and user_key = 1"
    assert goods.rows(listed) == [(2,), (3,), (1,)]


@pytest.fixture
def graded(goods):
    """The graded night published under a rule, and kept what it would have without."""
    for table in ("features.user", "features.item"):
        goods.con.execute(f"create table graded.{table} (user_key integer)")
    goods.con.execute(
        "create table clean.item_versions as "
        "select item_key, category, date '2020-01-01' as visible_night from clean.items"
    )
    goods.con.execute(
        "create table graded.recommendations.policies "
        '("without" varchar, task varchar, user_key integer, items integer[], rules varchar[])'
    )
    goods.con.execute("delete from this.tasks where task = 'discovery'")
    goods.take(1, 1, 20.5)
    goods.take(2, 1, 20.5)
    goods.take(1, 2, 3.5, value=2.0)
    goods.take(1, 2, 2.5, value=3.0)
    goods.take(2, 1, 3.5, value=100.0)
    goods.build("grades/relevant", "grades/users")
    return goods


def effects(shop):
    made = policy_effects._effects(
        SimpleNamespace(seed=0), SimpleNamespace(night=date(2020, 3, 31), add=shop.add, table=shop.table, row=shop.row)
    )
    rows = made.rows.to_pylist()
    assert made.rows.column_names == list(CONTRACTS["grades.policy_effects"])
    return {(row["rule"], row["metric"]): row for row in rows}


def test_a_rule_costs_what_its_users_would_have_found_without_it(graded):
    listed = {
        ("", 1): [2, 1],
        ("", 2): [2, 3],
        ("caps", 1): [2, 1],
        ("caps", 2): [1, 3],
        ("all", 1): [1, 2],
        ("all", 2): [1, 3],
        ("", 7): [1, 2],  # Not in the sample: there is no list without rules.
    }
    graded.insert(
        "graded.recommendations.policies",
        *[(without, "next", user, items, [""] * len(items)) for (without, user), items in listed.items()],
    )
    found = effects(graded)
    assert sorted({rule for rule, _ in found}) == ["all", "caps"]
    caps = found["caps", "precision"]
    assert (caps["with_rule"], caps["without_rule"], caps["difference"]) == (0.5, 1.0, -0.5)
    assert (caps["k"], caps["n_users"], caps["n_changed"], caps["graded_night"]) == (1, 2, 1, date(2020, 3, 24))
    assert caps["low"] == -1.0
    assert caps["high"] == 0.0
    assert found["caps", "ndcg"]["difference"] == -0.5
    assert (found["caps", "revenue"]["with_rule"], found["caps", "revenue"]["without_rule"]) == (2.5, 52.5)
    # The soups of the second user are alike, a fridge and a soup are not.
    assert (found["caps", "diversity"]["with_rule"], found["caps", "diversity"]["without_rule"]) == (0.5, 1.0)
    assert found["all", "precision"]["without_rule"] == 0.5
    assert found["all", "ndcg"]["n_changed"] == 2


def test_of_a_night_without_rules_nothing_is_said(graded):
    assert effects(graded) == {}


def test_one_user_and_lists_of_one_item_have_no_diversity(graded):
    graded.insert("graded.recommendations.policies", ("", "next", 1, [4], [""]), ("all", "next", 1, [2], [""]))
    found = effects(graded)
    assert ("all", "diversity") not in found
    assert found["all", "precision"]["difference"] == -1.0
    assert found["all", "revenue"]["difference"] == -5.0
