"""Over which window what is trending is counted: by hand, on a shop whose unknown users take what is newest."""

from datetime import date, timedelta

import pytest

FIRST, LATER = date(2020, 3, 10), date(2020, 3, 28)
WINDOWS = (1, 3, 7, 14, 28)


def graded(shop, window, ndcgs, k=10):
    """Grades of a window: of each unknown user one, two users a night."""
    rows = [(FIRST + timedelta(days=n // 2), n, str(window), k, ndcg) for n, ndcg in enumerate(ndcgs)]
    shop.insert("past.grades.trending", *rows)


def chosen(shop):
    shop.build("recommendations/trending_windows")
    return shop.rows("select window_days from recommendations.trending_windows where is_chosen")


@pytest.fixture
def two_items(shop):
    """Three users took item 1 ten days ago, one took item 2 half a day ago."""
    shop.users(*((user, str(user)) for user in range(1, 5)))
    shop.items((1, "a", "", "d", "c"), (2, "b", "", "d", None))
    for user in (1, 2, 3):
        shop.take(user, 1, 10)
    shop.take(4, 2, 0.5)
    shop.build("features/user_item")
    return shop


def test_a_short_window_prefers_what_is_new(two_items):
    two_items.build("recommendations/trending_by_window")
    rows = two_items.rows("select * exclude (scope) from recommendations.trending_by_window")
    assert sorted({window for window, *_ in rows}) == list(WINDOWS)
    for window, _, item, score in rows:
        assert score == pytest.approx(3 * 0.5 ** (10 / window) if item == 1 else 0.5 ** (0.5 / window), abs=1e-12)
    assert [row[2] for row in rows if row[1] == 1] == [2, 2, 1, 1, 1]


def test_before_any_grades_it_is_the_usual_one(two_items):
    two_items.build("recommendations/trending")
    assert two_items.rows("from recommendations.trending_windows") == [(7, None, None, 0, 0, 0, True)]
    served = "select item_key from recommendations.trending where scope = 'all' order by rank"
    assert two_items.rows(served) == [(1,), (2,)]
    scopes = two_items.rows("select distinct scope from recommendations.trending order by scope")
    assert scopes == [("all",), ("category:c",), ("department:d",)]


def test_the_window_that_graded_best_for_unknown_users_is_served(two_items):
    graded(two_items, 7, [0.127] * 70)
    graded(two_items, 1, [0.145] * 70)
    graded(two_items, 28, [0.100] * 70)
    graded(two_items, 28, [1.0] * 70, k=1)  # Another cut says nothing.
    two_items.build("recommendations/trending")
    rows = two_items.rows("from recommendations.trending_windows")
    assert [(row[0], *row[4:]) for row in rows] == [(1, 35, 70, True), (7, 35, 70, False), (28, 35, 70, False)]
    assert [row[1] for row in rows] == pytest.approx([0.145, 0.127, 0.1])
    assert [row[2] for row in rows] == pytest.approx([0.018, 0, -0.027])
    assert [row[3] for row in rows] == pytest.approx([(70 * 0.018 - 1) / 170, 0, (70 * -0.027 - 1) / 170])
    served = "select item_key, score from recommendations.trending where scope = 'all' order by rank"
    assert two_items.rows(served) == [(2, pytest.approx(0.5**0.5)), (1, pytest.approx(3 * 0.5**10))]


def test_few_unknown_users_change_nothing(shop):
    graded(shop, 7, [0.127] * 50)
    graded(shop, 1, [0.145] * 50)
    assert chosen(shop) == [(7,)]


def test_of_equal_windows_the_one_nearest_to_the_usual_is_chosen(shop):
    for window in WINDOWS:
        graded(shop, window, [0.5 if window == 7 else 0.8] * 200)
    assert chosen(shop) == [(3,)]


def test_only_user_nights_that_graded_both_windows_count(shop):
    """A window that is new was graded on one user; those that others were graded on before do not count for it."""
    graded(shop, 7, [0.0, 0.5])
    graded(shop, 14, [0.1])
    shop.build("recommendations/trending_windows")
    assert shop.rows("select window_days, ndcg, difference, n_user_nights from recommendations.trending_windows") == [
        (7, 0.25, 0.0, 2),
        (14, 0.1, 0.1, 1),
    ]


def test_what_was_trending_is_judged_for_unknown_users_once(shop):
    """Users 3 and 4 were unknown, 1 was not; each is judged in one task by each window, as long as a list is."""
    shop.users((1, "a"), (3, "new", LATER), (4, "other", LATER))
    shop.items((1, "p", "", "d", "c"), (2, "q", "", "d", "c"))
    shop.take(1, 1, 2.5)
    shop.take(3, 1, 1.5)
    shop.take(4, 2, 1.5)
    lists = [("all", window, rank, item, 1.0) for window in (1, 7) for rank, item in enumerate([9, 1, 8, 2], start=1)]
    shop.insert("graded.recommendations.trending_by_window", *lists, ("category:c", 7, 1, 1, 1.0))
    shop.build("grades/relevant", "grades/judged_trending")
    assert shop.rows("from grades.judged_trending") == [
        ("discovery", window, user, rank, item, (user, item) == (3, 1))
        for window in ("1", "7")
        for user in (3, 4)
        for rank, item in enumerate([9, 1, 8], start=1)
    ]


def scopes_of(shop):
    """Items by scope of a context, best first."""
    shop.build("features/user_item", "recommendations/trending")
    found = {}
    for scope, item in shop.rows(
        "select scope, item_key from recommendations.trending "
        "where split_part(scope, ':', 1) not in ('all', 'department', 'category') "
        "order by scope, rank"
    ):
        found.setdefault(scope, []).append(item)
    return found


@pytest.fixture
def chain(shop):
    """A chain of shops: in each of two stores 200 events of 100 users; item 1 leads in one, item 2 in the other."""
    shop.users(*((user, str(user)) for user in range(1, 401)))
    shop.items((1, "a", "", "d", "c"), (2, "b", "", "d", "c"), (3, "c", "", "d", "c"))
    for store, leader in (("5", 1), ("☕ 6", 2)):
        for user in range(1, 101):
            place = {"store": store, "country": "NL", "device": "phone" if user > 50 else None}
            shop.take(user, leader, 2, **place)
            shop.take(user, leader if user > 30 else 3 - leader, 3, **place)
    return shop


def test_each_place_with_enough_events_has_its_own(chain):
    chain.take(1, 3, 1)  # Somewhere that nothing tells.
    assert scopes_of(chain) == {"country:NL": [1, 2], "store:5": [1, 2], "store:☕ 6": [2, 1], "device:phone": [1, 2]}
    score = chain.rows("select score from recommendations.trending where scope = 'store:5' order by rank")
    assert score == [(pytest.approx(100 * 0.5 ** (2 / 7)),), (pytest.approx(30 * 0.5 ** (3 / 7)),)]
    chain.con.execute("delete from clean.interactions where store = '5' and user_key = 100 and age_days = 3")
    assert "store:5" not in scopes_of(chain), "it has 199 events now"


def test_what_weighs_nothing_or_was_long_ago_makes_no_place(chain):
    for user in range(101, 301):
        chain.take(user, 3, 2, store="seen", event_type="view", weight=0)
        chain.take(user, 3, 28.5, store="old")
        chain.take(user, 3, 113, store="5")
    found = scopes_of(chain)
    assert not {"store:seen", "store:old"} & found.keys()
    assert found["store:5"] == [1, 2]


def test_what_is_retired_trends_nowhere(chain):
    chain.con.execute("update clean.items set retired_at = timestamp '2020-03-31' where item_key = 1")
    assert scopes_of(chain)["store:5"] == [2]


def test_of_each_kind_the_hundred_with_most_events_are_places(shop):
    """103 stores of 200 events, the last three with one more; of those with as many the first in order."""
    shop.users((1, "1"))
    shop.items((1, "a", "", "d", "c"))
    shop.take(1, 1, 3)
    shop.con.execute(
        "insert into clean.interactions by name select event.* replace ('s' || lpad(n::varchar, 3, '0') as store) "
        "from clean.interactions as event cross join range(103) as stores(n) cross join range(200 + (n > 99)::int)"
    )
    found = scopes_of(shop)
    assert sorted(found) == [f"store:s{n:03}" for n in (*range(97), 100, 101, 102)]
