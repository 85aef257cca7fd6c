"""Newcomers by hand: what each could have been shown, which chain is chosen, and lists of what they like."""

from datetime import date, datetime, timedelta

import pytest

FIRST, LATER = date(2020, 3, 10), date(2020, 3, 28)
USUAL = ("store", "region", "country", "device", "os")


def graded(shop, kind, ndcgs, k=10, first_user=0):
    """Grades of a kind of scope: of each unknown user one, two users a night."""
    rows = [(FIRST + timedelta(days=n // 2), n, kind, k, ndcg) for n, ndcg in enumerate(ndcgs, first_user)]
    shop.insert("past.grades.newcomers", *rows)


def chain(shop):
    """Kinds in the chain, in order, and whether lists are diverse."""
    shop.build("recommendations/newcomer_chain")
    links = shop.rows("select kind from recommendations.newcomer_chain where place is not null order by place")
    diverse = shop.rows("select is_chosen from recommendations.newcomer_chain where kind = 'diverse'")
    return [kind for (kind,) in links], diverse == [(True,)]


def test_before_any_grades_the_chain_is_the_usual_one(shop):
    assert chain(shop) == ([*USUAL, "all"], False)
    rows = shop.rows("select kind, ndcg, difference, n_user_nights from recommendations.newcomer_chain")
    assert sorted(rows) == sorted((kind, None, None, 0) for kind in (*USUAL, "all", "diverse"))


def test_few_strangers_change_nothing(shop):
    graded(shop, "all", [0.1] * 10)
    for kind, ndcg in (("store", 0.05), ("os", 0.13), ("gender", 0.15), ("all_diverse", 0.15)):
        graded(shop, kind, [ndcg] * 10)
    assert chain(shop) == ([*USUAL, "all"], False)


def test_what_many_strangers_took_decides(shop):
    """300 user-nights: stores lose .02, systems gain .05, the gender .03; another cut says nothing."""
    graded(shop, "all", [0.1] * 300)
    for kind, ndcg in (("store", 0.08), ("os", 0.15), ("gender", 0.13), ("device", 0.1), ("all_diverse", 0.1)):
        graded(shop, kind, [ndcg] * 300)
    graded(shop, "store", [1.0] * 300, k=20)
    found, diverse = chain(shop)
    assert (found, diverse) == (["os", "gender", "device", "region", "country", "all"], False)
    columns = "kind, ndcg, difference, shrunk_difference, n_nights, n_user_nights"
    rows = {kind: rest for kind, *rest in shop.rows(f"select {columns} from recommendations.newcomer_chain")}
    assert rows["store"] == pytest.approx([0.08, -0.02, (300 * -0.02 + 1) / 400, 150, 300])
    assert rows["gender"] == pytest.approx([0.13, 0.03, (300 * 0.03 - 1) / 400, 150, 300])
    assert rows["all"] == pytest.approx([0.1, 0, 0, 150, 300])


def test_diverse_lists_may_cost_a_little(shop):
    """At equal grades they are chosen from 500 user-nights on; at a loss of .002 never."""
    graded(shop, "all", [0.1] * 600)
    graded(shop, "all_diverse", [0.1] * 600)
    assert chain(shop)[1]
    shop.con.execute("update past.grades.newcomers set ndcg = .098 where algorithm = 'all_diverse'")
    assert not chain(shop)[1]


def test_differences_are_of_the_same_user_nights(shop):
    """Whoever told no store counts for everywhere alone; diverse lists of a store and what people like are no kinds."""
    graded(shop, "all", [0.0, 0.5])
    graded(shop, "store", [0.6], first_user=1)
    graded(shop, "store_diverse", [0.9] * 2)
    graded(shop, "preferences", [0.9] * 2)
    chain(shop)
    rows = shop.rows("select kind, ndcg, difference, n_user_nights from recommendations.newcomer_chain order by kind")
    told = [row for row in rows if row[3]]
    assert told == [("all", 0.25, 0.0, 2), ("store", 0.6, pytest.approx(0.1), 1)]


@pytest.fixture
def strangers(shop):
    """Users 3 and 4 came after the graded night, 1 did not; where they were, and what was trending then."""
    shop.users((1, "a"), (3, "new", LATER), (4, "other", LATER))
    shop.items(*((n, f"i{n}", "", "d", "sweets" if n < 6 else None) for n in range(1, 10)))
    shop.take(1, 1, 2.5, store="7")
    shop.take(3, 5, 2.5, store="7", os="x")
    shop.take(3, 9, 1.5, store="8")  # Not the first.
    shop.take(4, 6, 1.5, country="NL")
    known = datetime(2020, 3, 28)
    for user, gender, country in ((3, "F", "DE"), (4, None, "BE"), (1, "F", "NL")):
        shop.insert("clean.user_versions", (user, None, None, known, "c", gender, 30, country, LATER))
    lists = {"all": (1, 2, 3, 4), "store:7": (9, 5), "store:8": (8,), "country:NL": (6,), "country:BE": (7,)}
    lists |= {"gender:F": (4, 5), "category:sweets": (5,)}
    for scope, items in lists.items():
        shop.insert("graded.recommendations.trending", *((scope, rank, n, 1.0) for rank, n in enumerate(items, 1)))
    shop.con.execute("update this.profile set list_length = 6")
    return shop


def judged(shop):
    shop.build("grades/relevant", "grades/judged_newcomers")
    found = {}
    for algorithm, user, item in shop.rows(
        "select algorithm, user_key, item_key from grades.judged_newcomers order by algorithm, user_key, rank"
    ):
        found.setdefault((algorithm, user), []).append(item)
    return found


def test_each_stranger_is_judged_by_what_their_first_events_tell(strangers):
    found = judged(strangers)
    plain = {key: items for key, items in found.items() if not key[0].endswith("_diverse")}
    assert plain == {
        ("all", 3): [1, 2, 3, 4],
        ("all", 4): [1, 2, 3, 4],
        ("store", 3): [9, 5, 1, 2, 3, 4],
        ("gender", 3): [4, 5, 1, 2, 3],
        ("country", 4): [6, 1, 2, 3, 4],
    }
    assert found["store_diverse", 3] == [9, 5, 1, 2, 3, 4], "5, 1 and 2 are sweets, and so are 3 and 4"
    assert found["all_diverse", 3] == [1, 2, 3, 4]
    hits = strangers.rows("select algorithm, user_key, item_key from grades.judged_newcomers where hit order by all")
    assert [hit for hit in hits if not hit[0].endswith("_diverse")] == [
        ("country", 4, 6),
        ("gender", 3, 5),
        ("store", 3, 5),
        ("store", 3, 9),
    ]
    assert strangers.rows("select distinct task from grades.judged_newcomers") == [("discovery",)]


def test_diverse_lists_hold_at_most_three_of_a_category_first(strangers):
    strangers.con.execute("update clean.items set category = 'soap' where item_key = 9")
    strangers.con.execute("delete from graded.recommendations.trending where scope = 'all'")
    lists = [("all", rank, item, 1.0) for rank, item in enumerate((1, 2, 3, 4, 5, 9, 6), 1)]
    strangers.insert("graded.recommendations.trending", *lists)
    found = judged(strangers)
    assert found["all", 4] == [1, 2, 3, 4, 5, 9]
    assert found["all_diverse", 4] == [1, 2, 3, 9, 6, 4], "6 has no category"


def test_who_had_answered_is_judged_by_their_list(strangers):
    strangers.insert(
        "graded.recommendations.newcomers", ("new", 1, 9, 1.0, "liked", None), ("a", 1, 9, 1.0, "liked", None)
    )
    assert judged(strangers)["preferences", 3] == [9]
    assert ("preferences", 1) not in judged(strangers), "the graded night knew them"


def test_a_shop_without_strangers_judges_nothing(shop):
    shop.users((1, "a"))
    shop.items((1, "p", "", "d", "c"))
    shop.take(1, 1, 2)
    assert judged(shop) == {}


def answers(shop, *rows):
    """(user_id, category, item_id, weight[, days ago])."""
    for place, (user, category, item, weight, *days) in enumerate(rows):
        at = datetime(2020, 4, 1) - timedelta(days=days[0] if days else 1)
        landed = f"00000000-0000-0000-0000-{place:012}"
        shop.insert("clean.onboarding", (landed, user, weight, category, item, at, at, at.date()))


def lists_of(shop):
    shop.build("features/user_item", "recommendations/trending", "recommendations/newcomers")
    found = {}
    for user, item, reason in shop.rows(
        "select user_id, item_key, reason from recommendations.newcomers order by user_id, rank"
    ):
        found.setdefault(user, []).append((item, reason))
    return found


def test_what_newcomers_like_gives_them_a_list(shop):
    """Weights 2 and 1 take turns: two of the first for one of the second; then what is trending."""
    shop.users((1, "a"))
    shop.items(*((n, f"i{n}", "", "d", "tea" if n < 4 else "☕ <b>") for n in range(1, 8)))
    for item in range(1, 8):
        shop.take(1, item, item)
    shop.con.execute("update this.profile set list_length = 6, n_trending = 10")
    shop.insert("recommendations.similar_items", (7, 1, 6, 0.5, "item_knn"), (7, 2, 1, 0.4, "item_knn"))
    answers(
        shop,
        ("new 😀", "tea", None, 2.0),
        ("new 😀", None, "i7", 1.5),
        ("new 😀", None, "gone", 9.0),
        ("a", "tea", None, 1.0),
        ("old", "tea", None, 5.0, 9),
        ("old", "nothing", None, 1.0),
    )
    found = lists_of(shop)
    # 1: 2/1 + 1.5/2, 6: 1.5/1, 2: 2/2, 3: 2/3; then 4 and 5, as 7 is what they named.
    assert found["new 😀"] == [
        (1, "liked"),
        (6, "goes_with"),
        (2, "liked"),
        (3, "liked"),
        (4, "trending"),
        (5, "trending"),
    ]
    assert [item for item, _ in found["old"]] == [1, 2, 3, 4, 5, 6]
    assert "a" not in found
    score = shop.rows(
        "select score, evidence_item_key from recommendations.newcomers where user_id = 'new 😀' order by rank"
    )
    assert score[:3] == [(1.0, None), (pytest.approx(5 / 6), 7), (pytest.approx(4 / 6), None)]


def test_of_two_answers_to_one_question_the_newest_counts(shop):
    shop.users((1, "a"))
    shop.items((1, "p", "", "d", "tea"), (2, "q", "", "d", "cake"))
    shop.take(1, 1, 1)
    shop.take(1, 2, 2)
    answers(shop, ("n", "tea", None, 9.0, 5), ("n", "tea", None, 1.0, 1), ("n", "cake", None, 2.0, 3))
    assert lists_of(shop)["n"] == [(2, "liked"), (1, "liked")]


def test_nobody_answered(shop):
    shop.users((1, "a"))
    shop.items((1, "p", "", "d", "tea"))
    shop.take(1, 1, 1)
    assert lists_of(shop) == {}


@pytest.fixture
def groups(shop):
    """Four users with a gender, of two values, who took 100 items each: the women what the men took last first."""
    shop.users(*((user, str(user)) for user in range(1, 5)))
    shop.items(*((n, f"i{n:03}", "", "d", "c") for n in range(1, 101)))
    for user in range(1, 5):
        at = datetime(2020, 3, 1)
        shop.insert("clean.user_versions", (user, None, None, at, "c", "FM"[user % 2], 30, "NL", at.date()))
        for n in range(1, 101):
            shop.take(user, n if user % 2 else 101 - n, 2 + n / 100)
    return shop


def scopes(shop):
    shop.build("features/user_item", "recommendations/trending")
    found = {}
    for scope, item in shop.rows(
        "select scope, item_key from recommendations.trending "
        "where split_part(scope, ':', 1) not in ('all', 'department', 'category') order by scope, rank"
    ):
        found.setdefault(scope, []).append(item)
    return found


def test_what_is_trending_by_an_attribute(groups):
    """Everybody's country is one, which tells nothing; an age is a number."""
    assert scopes(groups) == {"gender:F": [100, 99, 98, 97], "gender:M": [1, 2, 3, 4]}
    groups.con.execute("delete from clean.interactions where user_key = 1 and item_key = 50")
    assert scopes(groups).keys() == {"gender:F"}, "199 are too few"


def test_the_country_of_users_stands_in_where_no_event_tells_one(groups):
    groups.con.execute("update clean.user_versions set country = 'B:E' where user_key % 2 = 0")
    assert {"country:NL", "country:B:E"} <= scopes(groups).keys()
    groups.con.execute("update clean.interactions set country = 'FR'")
    assert {scope for scope in scopes(groups) if scope.startswith("country")} == {"country:FR"}
