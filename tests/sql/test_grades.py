"""What counts when a night grades the one 7 days before, whose cutoff is at age 7, worked out by hand."""

from datetime import date, datetime

import pytest

from recsys_assets.selects.files import SQL_FOLDER, load_select

GRADED_NIGHT, LATER = date(2020, 3, 24), date(2020, 3, 28)


@pytest.fixture
def graded_shop(shop):
    shop.users((1, "a"), (2, "b"), (3, "new", LATER))
    shop.items((1, "p", "", "d", "c"), (2, "q", "", "d", "c"), (3, "r", "", "d", "c", LATER))
    shop.take(1, 1, 20.5)
    shop.take(1, 1, 3.5)
    shop.take(1, 2, 7)  # The graded cutoff itself is inside.
    shop.take(1, 3, 2.5)
    shop.take(1, 3, 1.5)
    shop.take(2, 1, 7.001)  # It is just before the graded cutoff.
    shop.take(2, 2, 9.5, visible_night=LATER)  # It is known too late to be graded or to count as had.
    shop.take(2, 2, 1.5)
    shop.take(3, 1, 0.5)
    shop.build("grades/relevant", "grades/late")
    return shop


def test_relevant(graded_shop):
    assert graded_shop.rows("select * exclude (first_taken_at, last_taken_at) from grades.relevant") == [
        ("discovery", 1, 2, False, False),
        ("discovery", 1, 3, False, True),
        ("discovery", 2, 2, False, False),
        ("discovery", 3, 1, True, False),
        ("next", 1, 1, False, False),
        ("next", 1, 2, False, False),
        ("next", 1, 3, False, True),
        ("next", 2, 2, False, False),
        ("next", 3, 1, True, False),
    ]


def test_each_label_says_when_it_was_taken_inside_the_graded_time_only(graded_shop):
    taken = graded_shop.rows(
        "select user_key, item_key, first_taken_at, last_taken_at from grades.relevant where task = 'next' order by all"
    )
    assert taken[:3] == [
        (1, 1, datetime(2020, 3, 28, 12), datetime(2020, 3, 28, 12)),  # One before the graded cutoff is left out.
        (1, 2, datetime(2020, 3, 25), datetime(2020, 3, 25)),
        (1, 3, datetime(2020, 3, 29, 12), datetime(2020, 3, 30, 12)),
    ]


def test_events_of_weight_0_are_had_but_never_taken(graded_shop):
    late, relevant = graded_shop.rows("from grades.late"), graded_shop.rows("from grades.relevant")
    graded_shop.take(2, 3, 1.5, weight=0)
    graded_shop.take(1, 3, 9.5, weight=0, visible_night=LATER)
    graded_shop.build("grades/relevant", "grades/late")
    assert graded_shop.rows("from grades.relevant") == relevant
    assert graded_shop.rows("from grades.late") == late
    graded_shop.take(1, 2, 9.5, weight=0)  # Seen before the graded night, it is no discovery any more.
    graded_shop.build("grades/relevant")
    assert graded_shop.rows("from grades.relevant") == [row for row in relevant if row[:3] != ("discovery", 1, 2)]


def test_only_the_profiles_tasks_are_graded(graded_shop):
    graded_shop.con.execute("delete from this.tasks where task = 'discovery'")
    graded_shop.build("grades/relevant")
    assert graded_shop.rows("select distinct task from grades.relevant") == [("next",)]


def test_judged_candidates(graded_shop):
    graded_shop.users((4, "idle"))
    graded_shop.insert(
        "graded.candidates.lists",
        *[("als", "next", 1, item, rank, 0.0) for rank, item in enumerate([2, 9], start=1)],
        *[("als", "discovery", 1, item, rank, 0.0) for rank, item in enumerate([1, 2], start=1)],
        *[("ease", "next", 2, 100 + rank, rank, 0.0) for rank in range(1, 26)],
        ("als", "next", 4, 1, 1, 0.0),
    )
    graded_shop.build("grades/judged_published", "grades/judged_candidates")
    rows = graded_shop.rows("from grades.judged_candidates")
    assert [row for row in rows if row[1] == "als"] == [
        ("discovery", "als", 1, 1, 1, False),
        ("discovery", "als", 1, 2, 2, True),
        ("next", "als", 1, 1, 2, True),
        ("next", "als", 1, 2, 9, False),
    ]
    assert [(row[3], row[5]) for row in rows if row[1] == "ease"] == [(rank, False) for rank in range(1, 21)]


def test_unknown_users_are_judged_by_what_was_served_whatever_the_algorithm(graded_shop):
    """User 3 was unknown: als, which listed something for user 1, has no list of its own for user 3 in any task."""
    graded_shop.insert("graded.candidates.lists", ("als", "next", 1, 2, 1, 0.0))
    graded_shop.insert("graded.recommendations.rankings", ("fusion", "discovery", 1, 3, 1, 0.0))
    trending = [("all", rank, item, 1.0) for rank, item in enumerate([2, 1, 8, 9], start=1)]
    graded_shop.insert("graded.recommendations.trending", *trending)
    graded_shop.build("grades/judged_published", "grades/judged_candidates")
    served = [(3, 1, 2, False), (3, 2, 1, True), (3, 3, 8, False)]
    assert graded_shop.rows("from grades.judged_published where task = 'next'") == [
        ("next", "published", *row) for row in served
    ]
    assert graded_shop.rows("from grades.judged_candidates") == [
        ("discovery", "fusion", 1, 1, 3, True),
        *[("discovery", "fusion", *row) for row in served],
        ("next", "als", 1, 1, 2, True),
        *[("next", "als", *row) for row in served],
    ]


def test_cold_shares_stand_beside_known_and_unknown_users(graded_shop):
    """Of three users one is unknown; of the four items that the known ones took in next one is."""
    graded_shop.con.execute("create schema shared")
    graded_shop.build("grades/users", "grades/shared/cold_shares")
    assert graded_shop.rows("from shared.cold_shares") == [
        ("discovery", "known", 2, 1 / 3, 1 / 3),
        ("discovery", "unknown", 1, 1 / 3, 0),
        ("next", "known", 2, 1 / 3, 1 / 4),
        ("next", "unknown", 1, 1 / 3, 0),
    ]


def test_challenges_are_of_known_users(graded_shop):
    """Of user 3 both lists are one, which would only water the difference down."""
    con = graded_shop.con
    con.execute("drop view recommendations.rankings")
    con.execute(
        "create table recommendations.rankings as select 'next' as task, unnest(['fusion', 'reranker']) as algorithm"
    )
    con.execute("attach ':memory:' as before")
    con.execute("create schema before.recommendations")
    con.execute(
        "create table before.recommendations.champions as "
        "select date '2020-03-30' as night, 'next' as task, 'fusion' as configuration, true as is_champion"
    )
    con.execute(
        "create table past.grades.candidates (night date, task varchar, user_key integer, algorithm varchar, "
        "k integer, is_cold_user boolean, ndcg double)"
    )
    ((night,),) = graded_shop.rows("select night from this.night")
    for user, fusion, reranker in ((1, 0.25, 0.5), (2, 0.5, 0.25), (3, 0.5, 0.5)):
        for name, ndcg in (("fusion", fusion), ("reranker", reranker), ("als", fusion), ("gone", 1.0)):
            graded_shop.insert("past.grades.candidates", (night, "next", user, name, 10, user == 3, ndcg))
    challenges = load_select(SQL_FOLDER / "training" / "challenges.sql").text
    query = (
        f"select configuration, user_key, difference, n_nights, n_graded_nights from ({challenges}) where task = 'next'"
    )
    rows = con.execute(query, {"algorithms": ["als", "new"], "enough": 1}).fetchall()
    # An algorithm's own list is one of them where the profile still has it and it was graded tonight.
    assert rows == [
        ("als", 1, 0.0, 1, 1),
        ("als", 2, 0.0, 1, 1),
        ("fusion", None, None, None, None),
        ("reranker", 1, 0.25, 1, 1),
        ("reranker", 2, -0.25, 1, 1),
    ]


def first_incumbents(graded_shop, enough, decided="fusion", graded=None):
    con = graded_shop.con
    con.execute("drop view recommendations.rankings")
    con.execute(
        "create table recommendations.rankings as "
        "select unnest(['next', 'discovery']) as task, algorithm from (select unnest(['fusion', 'reranker', 'als']) "
        "as algorithm)"
    )
    con.execute("attach ':memory:' as before")
    con.execute("create schema before.recommendations")
    con.execute(
        "create table before.recommendations.champions as select date '2020-03-30' as night, "
        "unnest(['next', 'discovery']) as task, $1 as configuration, true as is_champion",
        [decided],
    )
    con.execute(
        "create table past.grades.candidates (night date, task varchar, user_key integer, algorithm varchar, "
        "k integer, is_cold_user boolean, ndcg double)"
    )
    ((night,),) = graded_shop.rows("select night from this.night")
    for task, user, is_cold in (("next", 1, False), ("next", 2, False), ("next", 3, True), ("discovery", 1, False)):
        graded_shop.insert("past.grades.candidates", (night, task, user, "fusion", 10, is_cold, 0.5))
    if graded:
        graded_shop.insert("past.grades.candidates", (date(2020, 3, 1), "next", 1, graded, 10, False, 0.5))
    challenges = load_select(SQL_FOLDER / "training" / "challenges.sql").text
    query = f"select distinct task, incumbent from ({challenges})"
    return dict(con.execute(query, {"algorithms": [], "enough": enough}).fetchall())


def test_a_reranker_that_no_night_has_graded_leads_once_it_learned_from_enough_users(graded_shop):
    assert first_incumbents(graded_shop, enough=2) == {"next": "reranker", "discovery": "fusion"}


def test_a_reranker_that_learned_from_few_users_does_not(graded_shop):
    assert first_incumbents(graded_shop, enough=3) == {"next": "fusion", "discovery": "fusion"}


def test_a_reranker_that_was_graded_leads_by_its_grades(graded_shop):
    found = first_incumbents(graded_shop, enough=1, graded="reranker")
    assert found == {"next": "fusion", "discovery": "reranker"}


def test_a_new_reranker_takes_the_place_of_the_fusion_alone(graded_shop):
    assert first_incumbents(graded_shop, enough=1, decided="als") == {"next": "als", "discovery": "als"}


def test_judged_published_judges_unknown_users_by_what_was_trending(graded_shop):
    published = (
        "insert into graded.recommendations.lists by name "
        "select unnest($1) as task, $2 as user_key, $3 as rank, $4 as item_key"
    )
    for user, rank, item in ((1, 1, 1), (1, 2, 2), (2, 1, 1), (9, 1, 1)):
        graded_shop.con.execute(published, [["next", "discovery"], user, rank, item])
    trending = [("all", rank, item, 1.0) for rank, item in enumerate([2, 1, 8, 9], start=1)]
    graded_shop.insert("graded.recommendations.trending", *trending, ("category:c", 1, 1, 1.0))
    graded_shop.build("grades/judged_published")
    others = [(1, 2, 2, True), (2, 1, 1, False), (3, 1, 2, False), (3, 2, 1, True), (3, 3, 8, False)]
    discovery, following = [(1, 1, 1, False), *others], [(1, 1, 1, True), *others]
    assert graded_shop.rows("from grades.judged_published") == [
        *[("discovery", "published", *row) for row in discovery],
        *[("next", "published", *row) for row in following],
    ]


def test_judged_published_stops_at_rank_20(graded_shop):
    graded_shop.con.execute(
        "insert into graded.recommendations.lists by name "
        "select 'next' as task, 1 as user_key, unnest(range(1, 26)) as rank, rank + 100 as item_key"
    )
    graded_shop.build("grades/judged_published")
    ranks = [(rank, rank + 100) for rank in range(1, 21)]
    assert graded_shop.rows("select rank, item_key from grades.judged_published") == ranks


def test_late(graded_shop):
    assert graded_shop.named_row("from grades.late") == {
        "graded_night": GRADED_NIGHT,
        "n_late": 1,
        "n_events": 6,
        "n_users": 3,
        "n_items": 3,
    }
