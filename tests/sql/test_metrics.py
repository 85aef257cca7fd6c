"""Metrics beyond accuracy, worked out by hand; by the graded night, 2020-03-24, five users took something."""

from datetime import date, datetime
from math import log, log2

import pytest

from recsys_assets.assets.steps.beyond_accuracy import metric_selects
from recsys_assets.selects.files import SQL_FOLDER, SqlError, load_select

BEFORE, LATER = date(2020, 1, 1), date(2020, 3, 28)
SHARED = {
    "graded.features.user": "user_key integer, n_events integer",
    "graded.features.item": "item_key integer, n_buyers integer, age_days double",
    "graded.features.user_item": "user_key integer, item_key integer",
    "graded.features.user_category": "user_key integer, category varchar, share_of_user double",
    "clean.item_versions": "item_key integer, category varchar, visible_night date",
    "grades.users": "task varchar, user_key integer, is_cold_user boolean",
    "grades.judged_candidates": "task varchar, algorithm varchar, user_key integer, rank integer, item_key integer, "
    "hit boolean",
    "grades.judged_published": "task varchar, algorithm varchar, user_key integer, rank integer, item_key integer, "
    "hit boolean",
    "graded.recommendations.rankings": "algorithm varchar, task varchar, user_key integer, item_key integer, "
    "rank integer, score double",
    "made.listed": "task varchar, algorithm varchar, user_key integer, item_key integer, hit boolean, "
    "category varchar, n_buyers integer, is_new boolean, was_had boolean",
}


@pytest.fixture
def shop(shop):
    shop.con.execute("create schema metrics")
    for table, columns in SHARED.items():
        shop.con.execute(f"create table if not exists {table} ({columns})")
    shop.users(*((key, str(key)) for key in range(1, 6)))
    shop.insert("graded.features.user", *((key, 9) for key in range(1, 6)), (6, 0))
    return shop


def listed(shop, *rows, task="next", algorithm="als"):
    """(user, item[, columns]): one listed item, not taken, without a category, taken before by nobody, old, not had."""
    for user, item, *given in rows:
        columns = {"hit": False, "category": None, "n_buyers": 0, "is_new": False, "was_had": False}
        columns |= given[0] if given else {}
        shop.insert("made.listed", (task, algorithm, user, item, *columns.values()))


def values(shop, metric):
    """{(task, list, cut): value}."""
    shop.build(f"metrics/{metric}")
    return {tuple(row[:3]): row[3] for row in shop.rows(f"from metrics.{metric}")}


@pytest.mark.parametrize("metric", metric_selects())
def test_where_nothing_is_listed_nothing_is_said(shop, metric):
    assert values(shop, metric) == {}


def test_a_metric_of_other_columns_is_refused(tmp_path):
    odd = tmp_path / "odd.sql"
    odd.write_text("-- Odd.\nselect task, algorithm, 1.5 as value\nfrom made.listed\norder by task, algorithm\n")
    with pytest.raises(SqlError, match=r"odd\.sql: gives .* a metric gives task, algorithm, k, value"):
        metric_selects({"odd": odd})


def test_what_is_looked_at(shop):
    """Ranks 1 to 10, with what was known on the graded night: later categories, ages and takers do not count."""
    for table, name in (("judged_candidates", "als"), ("judged_published", "published")):
        shop.insert(f"grades.{table}", ("next", name, 1, 1, 7, True), ("next", name, 1, 10, 8, False))
        shop.insert(f"grades.{table}", ("next", name, 1, 11, 9, True), ("next", name, 2, 1, 7, True))
    shop.insert("grades.users", ("next", 1, False), ("next", 2, True))  # What an unknown user is shown is left out.
    shop.insert(
        "clean.item_versions", (7, "old", BEFORE), (7, "then", date(2020, 3, 24)), (7, "now", date(2020, 3, 25))
    )
    shop.insert("graded.features.item", (7, 3, 28.0), (8, 0, 28.5), (9, 1, 1.0))
    shop.insert("graded.features.user_item", (1, 7), (2, 8))
    select = load_select(SQL_FOLDER / "metrics" / "shared" / "listed.sql", keyed=False)
    shop.con.execute("drop table made.listed")
    shop.con.execute(f"create table made.listed as {select.text}")
    described = {row[0]: row[1].lower() for row in shop.rows("describe made.listed")}
    assert described == dict(column.split(" ") for column in SHARED["made.listed"].split(", "))
    assert shop.rows("from made.listed order by algorithm, item_key") == [
        (
            "next",
            name,
            1,
            *row,
        )
        for name in ("als", "published")
        for row in ((7, True, "then", 3, True, True), (8, False, None, 0, False, False))
    ]


def test_diversity_is_the_share_of_pairs_in_different_categories(shop):
    fruit, milk = {"category": "fruit"}, {"category": "milk"}
    listed(shop, (1, 1, fruit), (1, 2, fruit), (1, 3, milk), (1, 4))  # Here 2 of 3 pairs differ.
    listed(shop, (2, 1, fruit), (2, 3, milk))  # The only pair differs.
    listed(shop, (3, 1, fruit), (3, 4))  # There is no pair.
    listed(shop, (1, 1, fruit), (1, 2, fruit), algorithm="same")
    diversities = values(shop, "diversity")
    assert diversities == {("next", "als", 10): pytest.approx((2 / 3 + 1) / 2), ("next", "same", 10): 0}


def test_novelty_is_the_mean_self_information_in_bits(shop):
    listed(shop, (1, 1, {"n_buyers": 5}), (1, 2, {"n_buyers": 2}), (2, 3, {"n_buyers": 1}), (2, 4))
    expected = (0 + log2(5 / 2) + log2(5) + log2(5)) / 4
    assert values(shop, "novelty") == {("next", "als", 10): pytest.approx(expected)}


def test_serendipity_counts_hits_that_neither_the_user_nor_what_is_popular_predicts(shop):
    """Items 1 to 10 lead the shop; of fruit, the habit of user 1, items 20 to 29 lead; of milk, 40 to 49."""
    popular = [*((item, 100) for item in range(1, 11)), *((item, 50) for item in range(20, 30))]
    rest = [(30, 7), *((item, 40) for item in range(40, 50)), (50, 6)]
    shop.insert("graded.features.item", *((item, n, 99.0) for item, n in popular + rest))
    fruit, milk = ("fruit", BEFORE), ("milk", BEFORE)
    shop.insert("clean.item_versions", *((item, *fruit) for item in range(20, 31)))
    shop.insert("clean.item_versions", *((item, *milk) for item in range(40, 51)), (30, "milk", LATER))
    shares = [("fruit", 0.4), ("a", 0.2), ("b", 0.2), ("milk", 0.2)]
    shop.insert("graded.features.user_category", *((1, *share) for share in shares), (2, "milk", 1.0))
    shop.insert("grades.users", *(("next", user, user == 4) for user in range(1, 5)), ("discovery", 1, False))
    hit = {"hit": True}
    listed(shop, (1, 1, hit), (1, 20, hit), (1, 41, hit), (1, 30, hit), (1, 50), (1, 51, hit | {"was_had": True}))
    listed(shop, (2, 20, hit), (2, 41, hit), (2, 50, hit), algorithm="ease")
    listed(shop, (1, 30), task="discovery")
    # For als 41 (milk is the fourth category of user 1) and 30 (the eleventh of fruit) count; for ease 20 and 50 do.
    expected = {("next", "als", 10): 2 / 30, ("next", "ease", 10): 2 / 30, ("discovery", "als", 10): 0}
    assert values(shop, "serendipity") == pytest.approx(expected)


def test_coverage_is_the_share_of_the_items_known_then_at_each_cut(shop):
    shop.items(*((key, str(key), "", None, None) for key in range(1, 9)), (9, "later", "", None, None, LATER))
    shop.insert("graded.candidates.lists", ("als", "next", 1, 1, 1, 0.0), ("als", "next", 2, 2, 1, 0.0))
    shop.insert("graded.candidates.lists", ("als", "next", 1, 2, 5, 0.0), ("als", "next", 2, 3, 20, 0.0))
    shop.insert("graded.recommendations.rankings", ("fusion", "next", 1, 5, 1, 0.0))
    shop.con.execute(
        "insert into graded.recommendations.lists by name "
        "select 'next' as task, 1 as user_key, 21 as rank, 4 as item_key"
    )
    expected = {("next", "als", k): n / 8 for k, n in ((1, 2), (5, 2), (10, 2), (20, 3))}
    assert values(shop, "coverage") == expected | {("next", "fusion", k): 1 / 8 for k in (1, 5, 10, 20)}


def test_gini_tells_how_unequally_items_are_shown(shop):
    shop.items(*((key, str(key), "", None, None) for key in range(1, 5)), (9, "later", "", None, None, LATER))
    rank = dict.fromkeys(range(1, 5), 0)

    def show(algorithm, *items):
        for user, item in enumerate(items):
            rank[item] += 1
            shop.insert("graded.candidates.lists", (algorithm, "next", user, item, 1, 0.0))
        shop.insert("graded.candidates.lists", (algorithm, "next", 99, 1, 11, 0.0))  # It is beyond the cut.

    show("one", 1, 1, 1)
    show("alike", 1, 2, 3, 4)
    show("some", 1, 2, 2, 2, 3)  # Items shown 0, 1, 1, 3 times give (-3 * 0 - 1 * 1 + 1 * 1 + 3 * 3) / (3 * 5).
    ginis = values(shop, "gini")
    assert ginis == {("next", "alike", 10): 0, ("next", "one", 10): 1, ("next", "some", 10): pytest.approx(9 / 15)}


def test_popularity_bias_holds_lists_against_what_their_users_take(shop):
    shop.insert("graded.features.item", (1, 1, 9.0), (2, 3, 9.0), (3, 8, 9.0))
    shop.insert("graded.features.user_item", (1, 1), (1, 2), (2, 2), (9, 3))  # The profiles have means of 2 and 3.
    listed(shop, (1, 3, {"n_buyers": 8}), (1, 2, {"n_buyers": 3}), (2, 3, {"n_buyers": 8}), (3, 3, {"n_buyers": 8}))
    expected = ((5.5 + 8) / 2) / ((2 + 3) / 2) - 1  # User 3 has no profile.
    assert values(shop, "popularity_bias") == {("next", "als", 10): pytest.approx(expected)}


def test_calibration_is_the_divergence_from_the_users_own_categories(shop):
    shop.insert("graded.features.user_category", (1, "fruit", 0.6), (1, "milk", 0.2), (2, "fruit", 0.5))
    fruit, milk, fish = ({"category": name} for name in ("fruit", "milk", "fish"))
    listed(shop, (1, 1, fruit), (1, 2, fruit), (1, 3, fruit), (1, 4, milk), (1, 5), algorithm="same")
    listed(shop, (1, 1, fruit), (1, 2, fish), (2, 3, fish), (3, 3, fish))
    one = 0.75 * log(0.75 / (0.99 * 0.5 + 0.01 * 0.75)) + 0.25 * log(100)
    expected = {("next", "same", 10): 0, ("next", "als", 10): (one + log(100)) / 2}  # User 3 has no profile.
    assert values(shop, "calibration") == pytest.approx(expected, abs=1e-9)


def test_revenue_is_what_was_paid_for_what_was_listed(shop):
    shop.insert("grades.users", ("next", 1, False), ("next", 2, False), ("next", 3, True))
    shop.take(1, 1, 3, value=5.0)
    shop.take(1, 1, 2, value=2.5)
    shop.take(1, 1, 7.5, value=100.0)  # It is before the graded cutoff.
    shop.take(1, 2, 2, value=10.0)  # It is not listed.
    shop.take(2, 3, 2, value=1.0)
    hit = {"hit": True}
    listed(shop, (1, 1, hit), (1, 9), (2, 3, hit), (2, 4, hit))
    listed(shop, (1, 9), algorithm="nothing")
    expected = {("next", "als", 10): (7.5 + 1) / 2, ("next", "nothing", 10): 0}
    assert values(shop, "revenue") == expected


def test_revenue_is_not_told_where_nothing_has_a_value(shop):
    shop.insert("grades.users", ("next", 1, False))
    shop.take(1, 1, 3)
    listed(shop, (1, 1, {"hit": True}))
    assert values(shop, "revenue") == {}


def test_shares_of_new_items_and_of_what_was_had(shop):
    listed(shop, (1, 1, {"is_new": True}), (1, 2, {"was_had": True}), (2, 3, {"was_had": True}), (2, 4))
    assert values(shop, "new_item_share") == {("next", "als", 10): 1 / 4}
    assert values(shop, "repeat_share") == {("next", "als", 10): 2 / 4}


def test_segments(shop):
    """Users 1 to 6 have 1 to 6 events: two in each third; 7 is new. Towns have two values, notes one."""
    shop.con.execute("delete from graded.features.user")
    shop.insert("graded.features.user", *((key, key) for key in range(1, 7)), (8, 0))
    shop.con.execute(
        "create or replace table clean.user_versions (user_key integer, landed_id uuid, known_at timestamp, "
        "content varchar, known_from timestamp, town varchar, note varchar, age integer, visible_night date)"
    )
    for user, town, note, night in (
        (1, "Ulm", "x", BEFORE),
        (2, "Ulm", "x", BEFORE),
        (2, "Bonn", "x", date(2020, 3, 24)),
        (1, "Bonn", "x", LATER),
    ):
        shop.insert("clean.user_versions", (user, None, datetime(2020, 1, 1), "c", None, town, note, user, night))
    shop.con.execute("drop table grades.users")
    for table in ("candidates", "published", "newcomers"):
        shop.con.execute(
            f"create table grades.{table} (task varchar, algorithm varchar, user_key integer, k integer, ndcg double, "
            "recall double)"
        )
    shop.con.execute("create table grades.users (task varchar, user_key integer, is_cold_user boolean)")
    for user in range(1, 8):
        shop.insert("grades.users", ("next", user, user == 7))
        shop.insert(
            "grades.candidates", ("next", "als", user, 10, user / 10, 1), ("next", "als", user, 20, 0, user / 20)
        )
    for kind, ndcg in (("all", 0.1), ("store", 0.2), ("os", 0.3), ("os_diverse", 0.4)):
        shop.insert("grades.newcomers", ("discovery", kind, 7, 10, ndcg, 0))
    links = (("os", 1, True), ("store", 2, True), ("all", 3, True), ("diverse", None, False))
    shop.insert("graded.recommendations.newcomer_chain", *((*link, None, None, 0, 0, 0) for link in links))
    shop.build("grades/segments")
    cold = "select algorithm, mean from grades.segments where metric = 'ndcg' and value = 'cold' order by all"
    shown = [("all", 0.1), ("als", 0.7), ("newcomers", 0.3), ("os", 0.3), ("os_diverse", 0.4), ("store", 0.2)]
    assert shop.rows(cold) == [(name, pytest.approx(mean)) for name, mean in shown]
    shop.con.execute("update graded.recommendations.newcomer_chain set is_chosen = true")
    shop.build("grades/segments")
    assert ("newcomers", pytest.approx(0.4)) in shop.rows(cold), "spread over categories"
    shop.con.execute("delete from grades.newcomers")
    shop.build("grades/segments")
    rows = shop.rows("select segment, value, n_users, mean, low, high from grades.segments where metric = 'ndcg'")
    segments = {row[:2]: row[2:] for row in rows}
    expected = {
        ("activity", "low"): (2, 0.15),
        ("activity", "middle"): (2, 0.35),
        ("activity", "high"): (2, 0.55),
        ("known", "warm"): (6, 0.35),
        ("known", "cold"): (1, 0.7),
        ("town", "Ulm"): (1, 0.1),
        ("town", "Bonn"): (1, 0.2),
        ("town", "unknown"): (4, 0.45),
    }
    assert {key: (n, pytest.approx(mean)) for key, (n, mean) in expected.items()} == {
        key: row[:2] for key, row in segments.items()
    }
    half = 1.96 * (0.05**2 / 1) ** 0.5  # Both users lie .05 from their mean, and n - 1 = 1.
    assert segments["activity", "low"][2:] == pytest.approx((0.15 - half, 0.15 + half))
    assert segments["known", "cold"][2:] == (None, None)
    recalls = shop.rows("select k, mean from grades.segments where metric = 'recall' and value = 'high'")
    assert recalls == [(20, pytest.approx(5.5 / 20))]
