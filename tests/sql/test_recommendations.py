"""Lists, reasons and what is trending against values worked out by hand, reasons also against the log."""

import random
from datetime import date

import pytest

from recsys_assets.algorithms import registry

FEATURES = [f"features/{name}" for name in ("user_item", "item", "item_trend")]
BUILD = [*FEATURES, "recommendations/trending", "recommendations/candidates", "recommendations/lists"]
TOLD = {name: (algorithm.title, sorted(algorithm.rests_on)) for name, algorithm in registry().items()}
"""What reasons say of each algorithm."""


@pytest.fixture
def small_shop(shop):
    shop.users((1, "b"), (2, "a"))
    # Ids fall where keys rise.
    shop.items(*[(key, f"i{9 - key}", f"item {key}", "d", "c") for key in range(1, 7)])
    return shop


def propose(shop, task, user, **lists):
    """Candidates by algorithm: item keys, best first."""
    for algorithm, items in lists.items():
        shop.insert(
            "candidates.lists",
            *[(algorithm, task, user, item, rank, 0.0) for rank, item in enumerate(items, start=1)],
        )


def weigh(shop, **weights):
    for task in ("next", "discovery"):
        rows = [
            (task, name, weight, None, 0, *TOLD.get(name, (name, [])), None, None, False)
            for name, weight in weights.items()
        ]
        shop.insert("recommendations.fusion_weights", *rows)


def test_trending_counts_each_buyer_once_by_the_last_time(shop):
    shop.users((1, "a"), (2, "b"))
    shop.items((1, "z", "", "d", "c"), (2, "y", "", "d", "c"), (3, "x", "", "d", None), (4, "w", "", None, "e"))
    for age in (7, 8, 9, 10):
        shop.take(1, 1, age)
    shop.take(1, 2, 7)
    shop.take(2, 2, 14)
    shop.take(1, 3, 7)
    shop.take(1, 4, 21)
    shop.build("features/user_item", "recommendations/trending")
    # Items 1 and 3 are equal: x comes before z.
    everything = [(1, 2, 0.75), (2, 3, 0.5), (3, 1, 0.5), (4, 4, 0.125)]
    assert shop.rows("from recommendations.trending") == [
        *[("all", *row) for row in everything],
        *[("category:c", *row) for row in [(1, 2, 0.75), (2, 1, 0.5)]],
        ("category:e", 1, 4, 0.125),
        *[("department:d", *row) for row in everything[:3]],
    ]


def test_what_is_retired_does_not_trend(shop):
    shop.users((1, "10"))
    shop.items(*((item, str(item), "title", "d", "c") for item in (1, 2, 3)))
    for item in (1, 2, 3):
        shop.take(1, item, 1)
    shop.con.execute("update clean.items set retired_at = (select cutoff from this.night) where item_key = 1")
    shop.con.execute(
        "update clean.items set retired_at = (select cutoff + interval 1 second from this.night) where item_key = 2"
    )
    shop.build("features/user_item", "recommendations/trending")
    assert shop.rows("select item_key from recommendations.trending where scope = 'all' order by rank") == [(2,), (3,)]


def test_trending_is_cut_at_n_trending(small_shop):
    for item in range(1, 7):
        small_shop.take(1, item, 1)
    small_shop.build("features/user_item", "recommendations/trending")
    assert small_shop.rows("select scope, max(rank) from recommendations.trending group by 1 order by 1") == [
        ("all", 4),
        ("category:c", 4),
        ("department:d", 4),
    ]


def test_fusion_adds_weighted_reciprocal_ranks_and_keeps_who_proposed(small_shop):
    small_shop.take(2, 6, 1)
    propose(small_shop, "next", 1, als=[1, 2, 3, 4], ease=[3, 5], off=[6, 4], unknown=[6])
    weigh(small_shop, als=1.0, ease=0.5, off=0.0)
    small_shop.con.execute("update this.profile set list_length = 4")
    small_shop.build(*BUILD)
    rows = small_shop.rows(
        "select rank, item_key, raw_score, algorithms from recommendations.lists where task = 'next' and user_key = 1"
    )
    assert [(rank, item, algorithms) for rank, item, _, algorithms in rows] == [
        (1, 3, [{"algorithm": "ease", "rank": 1}, {"algorithm": "als", "rank": 3}]),
        (2, 1, [{"algorithm": "als", "rank": 1}]),
        (3, 2, [{"algorithm": "als", "rank": 2}]),
        (4, 4, [{"algorithm": "off", "rank": 2}, {"algorithm": "als", "rank": 4}]),
    ]
    assert [row[2] for row in rows] == pytest.approx([1 / 63 + 0.5 / 61, 1 / 61, 1 / 62, 1 / 64], abs=1e-12)


def test_the_union_counts_who_proposed_and_keeps_the_best(small_shop):
    propose(small_shop, "next", 1, als=[1, 2, 3, 4], ease=[3, 5], off=[6, 4])
    weigh(small_shop, als=1.0, ease=0.5, off=0.0)
    small_shop.con.execute("update this.tasks set n_candidates = 4")
    small_shop.build("recommendations/candidates")
    rows = small_shop.rows(
        "select rank, item_key, n_algorithms, best_rank from recommendations.candidates order by rank"
    )
    assert rows == [(1, 3, 2, 1), (2, 1, 1, 1), (3, 2, 1, 2), (4, 4, 1, 4)]


def test_the_champions_ranking_is_published(small_shop):
    propose(small_shop, "next", 1, als=[1, 2, 3])
    weigh(small_shop, als=1.0)
    small_shop.build(*BUILD[:-1])
    con = small_shop.con
    con.execute("create table ranked as from recommendations.rankings")
    con.execute(
        "insert into ranked select 'reranker' as algorithm, task, user_key, item_key, 4 - rank as rank, rank as score "
        "from ranked"
    )
    con.execute("create or replace view recommendations.rankings as from ranked")
    con.execute(
        "create or replace view recommendations.champions as from (values "
        "('next', 'fusion', false), ('next', 'reranker', true), ('discovery', 'fusion', true)"
        ") as t(task, configuration, is_champion)"
    )
    small_shop.build(BUILD[-1])
    assert small_shop.rows(
        "select item_key, rank, algorithms[1].rank, raw_score, configuration from recommendations.lists "
        "where user_key = 1 and task = 'next'"
    ) == [(3, 1, 3, 3, "reranker"), (2, 2, 2, 2, "reranker"), (1, 3, 1, 1, "reranker")]


def test_an_algorithm_by_itself_is_published_and_the_fusion_for_whom_it_has_nothing(small_shop):
    propose(small_shop, "next", 1, als=[1, 2, 3], knn=[3, 2])
    propose(small_shop, "next", 2, als=[4, 5])
    weigh(small_shop, als=0.9, knn=0.1)
    small_shop.build(*BUILD[:-1])
    small_shop.con.execute(
        "create or replace view recommendations.champions as "
        "select task, 'knn' as configuration, true as is_champion from this.tasks"
    )
    small_shop.build(BUILD[-1])
    listed = small_shop.rows(
        "select user_key, rank, item_key, configuration from recommendations.lists where task = 'next'"
    )
    assert listed == [(1, 1, 3, "knn"), (1, 2, 2, "knn"), (2, 1, 4, "fusion"), (2, 2, 5, "fusion")]


SCORES = "select user_key, rank, score, configuration from recommendations.lists where task = 'next'"


def test_scores_are_shares_of_the_nights_rows_whatever_the_champion_is(small_shop):
    """Of five rows the two first places lead, the next two are equal, and one is last: the same by any raw scale."""
    propose(small_shop, "next", 1, als=[1, 2, 3])
    propose(small_shop, "next", 2, als=[4, 5])
    weigh(small_shop, als=1.0)
    small_shop.build(*BUILD)
    shares = [(1, 1, 1.0), (1, 2, 0.6), (1, 3, 0.2), (2, 1, 1.0), (2, 2, 0.6)]
    assert small_shop.rows(SCORES) == [(*row, "fusion") for row in shares]
    con = small_shop.con
    con.execute(
        "create table ranked as select * replace ('reranker_lambdamart' as algorithm, 7 - exp(rank)::double as score) "
        "from recommendations.rankings"
    )
    con.execute("create or replace view recommendations.rankings as from ranked")
    con.execute(
        "create or replace view recommendations.champions as "
        "select task, 'reranker_lambdamart' as configuration, true as is_champion from this.tasks"
    )
    small_shop.build(BUILD[-1])
    assert small_shop.rows(SCORES) == [(*row, "reranker_lambdamart") for row in shares]


def test_what_is_trending_has_the_same_score_for_everybody(small_shop):
    for item, age in ((1, 1), (2, 2), (3, 3), (4, 3)):
        small_shop.take(2, item, age)
    small_shop.take(1, 1, 1)
    small_shop.build(*BUILD)
    rows = small_shop.rows(
        "select task, user_key, item_key, score, configuration, reason_algorithm from recommendations.lists "
        "where user_key = 1"
    )
    # Items 4 and 3 are equal, and id i5 stands before i6; what user 1 had is not in discovery.
    assert rows == [
        ("discovery", 1, 2, 0.75, "trending", "trending"),
        ("discovery", 1, 4, 0.5, "trending", "trending"),
        ("discovery", 1, 3, 0.5, "trending", "trending"),
        ("next", 1, 1, 1.0, "trending", "trending"),
        ("next", 1, 2, 0.75, "trending", "trending"),
        ("next", 1, 4, 0.5, "trending", "trending"),
    ]
    raw = "select distinct item_key, raw_score from recommendations.lists order by item_key"
    assert small_shop.rows(raw) == small_shop.rows(
        "select item_key, score from recommendations.trending where scope = 'all' order by item_key"
    )


def test_equal_scores_rank_by_item_id(small_shop):
    propose(small_shop, "next", 1, als=[1, 2], ease=[2, 1])
    weigh(small_shop, als=1.0, ease=1.0)
    small_shop.build(*BUILD)
    assert small_shop.rows("select item_key from recommendations.lists where user_key = 1") == [(2,), (1,)]


def test_tasks_not_of_the_profile_are_not_published(small_shop):
    small_shop.con.execute("delete from this.tasks where task = 'discovery'")
    propose(small_shop, "discovery", 1, als=[1])
    propose(small_shop, "next", 1, als=[1])
    weigh(small_shop, als=1.0)
    small_shop.build(*BUILD)
    assert small_shop.rows("select distinct task from recommendations.lists") == [("next",)]


def test_a_user_without_candidates_gets_what_is_trending_less_what_was_had(small_shop):
    for item, age in ((1, 1), (2, 2), (3, 3), (4, 4), (5, 5)):
        small_shop.take(2, item, age)
    small_shop.take(1, 1, 9)
    propose(small_shop, "next", 2, als=[6])
    weigh(small_shop, als=1.0)
    small_shop.build(*BUILD)
    rows = small_shop.rows(
        "select task, user_key, rank, item_key, algorithms[1].algorithm, algorithms[1].rank from recommendations.lists"
    )
    # Four trend; the second user had them all, so discovery has nothing for that user.
    assert rows == [
        ("discovery", 1, 1, 2, "trending", 2),
        ("discovery", 1, 2, 3, "trending", 3),
        ("discovery", 1, 3, 4, "trending", 4),
        ("next", 1, 1, 1, "trending", 1),
        ("next", 1, 2, 2, "trending", 2),
        ("next", 1, 3, 3, "trending", 3),
        ("next", 2, 1, 6, "als", 1),
    ]
    assert small_shop.rows("select distinct model_night from recommendations.lists") == [(date(2020, 3, 31),)]


def test_what_was_only_seen_is_neither_trending_filled_in_nor_a_reason(small_shop):
    for item, age in ((1, 1), (2, 2), (3, 3), (4, 4)):
        small_shop.take(2, item, age)
    for item in (1, 6):
        small_shop.take(1, item, 9, event_type="view", weight=0)
    small_shop.build(*BUILD)
    filled = "select task, item_key, reason from recommendations.lists where user_key = 1"
    assert small_shop.rows(filled) == [
        *[("discovery", item, "popular") for item in (2, 3, 4)],
        *[("next", item, "popular") for item in (1, 2, 3)],
    ]
    small_shop.insert("recommendations.similar_items", (6, 1, 5, 0.9, "item_knn"))
    propose(small_shop, "next", 1, als=[6, 5])
    weigh(small_shop, als=1.0)
    small_shop.build(*BUILD)
    assert small_shop.rows(f"{filled} and task = 'next'") == [("next", 6, "proposed"), ("next", 5, "proposed")]


def reason(shop, item, columns="reason, reason_text"):
    return shop.rows(
        f"select {columns} from recommendations.lists where task = 'next' and user_key = 1 and item_key = {item}"
    )


@pytest.mark.parametrize(
    ("ages", "kind", "text"),
    [
        ([0.5], "purchase", "bought once, less than 1 day ago"),
        ([1.5], "purchase", "bought once, 1 day ago"),
        ([6.9], "purchase", "bought once, 6 days ago"),
        ([1.0, 3.2], "purchase", "bought 2 times, last 1 day ago"),
        ([6.0, 9.0, 9.0], "purchase", "bought 2 times, last 6 days ago"),
        ([6.0, 9.0], "listen", "taken 2 times, last 6 days ago"),
    ],
)
def test_bought_again(small_shop, ages, kind, text):
    for age in ages:
        small_shop.take(1, 1, age, event_type=kind)
    propose(small_shop, "next", 1, als=[1])
    weigh(small_shop, als=1.0)
    small_shop.build(*BUILD)
    assert reason(small_shop, 1) == [("bought_again", text)]
    figures = "evidence_item_key, evidence_count, evidence_days, evidence_category"
    assert reason(small_shop, 1, figures) == [(1, len(set(ages)), ages[0], None)]


def test_goes_with_names_the_item_that_led_most(small_shop):
    small_shop.take(1, 2, 30)
    small_shop.take(1, 3, 0.5)
    small_shop.take(1, 4, 0.5)
    small_shop.take(2, 5, 0.1)
    similar = [(item, 1, 6, score, "item_knn") for item, score in ((2, 0.9), (3, 0.8), (4, 0.8), (5, 1.0))]
    small_shop.insert("recommendations.similar_items", *similar)
    propose(small_shop, "next", 1, als=[6])
    weigh(small_shop, als=1.0)
    small_shop.build(*BUILD)
    # Halved by age, .9 loses to .8; of the equal two the lower id (i5, key 4) wins; item 5 was another user's.
    assert reason(small_shop, 6) == [("goes_with", "goes with item 4, which you took")]
    assert reason(small_shop, 6, "evidence_item_key, evidence_count, evidence_days") == [(4, 1, 0.5)]


def test_goes_with_gives_the_id_where_there_is_no_title(small_shop):
    small_shop.con.execute("update clean.items set title = null")
    small_shop.take(1, 2, 3)
    small_shop.insert("recommendations.similar_items", (2, 1, 6, 0.9, "item_knn"))
    propose(small_shop, "next", 1, als=[6])
    weigh(small_shop, als=1.0)
    small_shop.build(*BUILD)
    assert reason(small_shop, 6) == [("goes_with", "goes with i7, which you took")]


PROPOSERS = [
    # Ranks of item 6 and weights; who counts most; whether user 1 had it; what the reason says.
    ({"popularity": (1, 1.0)}, "popularity", True, "popular: taken by 2 people"),
    ({"popularity": (1, 1.0), "item_knn": (1, 0.0)}, "popularity", True, "popular: taken by 2 people"),
    ({"popularity": (1, 0.5), "item_knn": (3, 0.5)}, "popularity", True, "popular: taken by 2 people"),
    ({"popularity": (3, 0.5), "item_knn": (1, 0.5)}, "item_knn", True, "bought once, 9 days ago"),
    ({"popularity": (3, 0.6), "item_knn": (1, 0.4)}, "popularity", True, "popular: taken by 2 people"),
    ({"popularity": (2, 0.5), "buy_again": (2, 0.5)}, "buy_again", True, "bought once, 9 days ago"),
    ({"buy_again": (1, 1.0)}, "buy_again", False, "popular: taken by 1 person"),
    ({"repeat_purchase": (1, 1.0)}, "repeat_purchase", True, "bought once, 9 days ago"),
    ({"item_knn": (1, 1.0)}, "item_knn", False, "goes with item 2, which you took"),
    ({"association_rules": (1, 1.0)}, "association_rules", True, "goes with item 2, which you took"),
    ({"random": (1, 1.0)}, "random", True, 'proposed by "By lot"'),
    ({"segment_popularity": (1, 1.0)}, "segment_popularity", False, 'proposed by "Trending where you shop"'),
]


@pytest.mark.parametrize("champion", ["fusion", "reranker"])
@pytest.mark.parametrize(("proposers", "algorithm", "had", "text"), PROPOSERS)
def test_a_reason_is_evidence_of_who_counts_most(small_shop, proposers, algorithm, had, text, champion):
    """All that a reason could name is there: the item was taken by two, it goes with item 2, user 1 may have had it."""
    small_shop.take(1, 2, 3)
    small_shop.take(2, 6, 9)
    if had:
        small_shop.take(1, 6, 9)
    small_shop.insert("recommendations.similar_items", (2, 1, 6, 0.9, "item_knn"))
    propose(small_shop, "next", 1, **{name: [*range(3, 2 + rank), 6] for name, (rank, _) in proposers.items()})
    weigh(small_shop, **{name: weight for name, (_, weight) in proposers.items()})
    con = small_shop.con
    con.execute(
        f"create or replace view recommendations.rankings as select '{champion}' as algorithm, task, user_key, "
        "item_key, rank, score from recommendations.candidates"
    )
    con.execute(
        "create or replace view recommendations.champions as "
        f"select task, '{champion}' as configuration, true as is_champion from this.tasks"
    )
    small_shop.build(*BUILD)
    assert reason(small_shop, 6, "reason_algorithm, reason_text") == [(algorithm, text)]


def test_a_list_of_what_is_popular_says_popular(shop):
    """The published lists are popularity's, place by place, though half of it goes with what the users took."""
    users, items = range(1, 9), range(1, 9)
    shop.users(*[(key, f"u{key}") for key in users])
    shop.items(*[(key, f"i{key}", f"item {key}", "d", "c") for key in items])
    for user in users:
        for item in items[:user]:
            shop.take(user, item, 40)
    shop.insert("recommendations.similar_items", *[(a, b, b, 0.5, "item_knn") for a in items for b in items if a != b])
    for user in users:
        propose(shop, "next", user, popularity=items, item_knn=items[::-1], buy_again=items[:user])
    weigh(shop, popularity=0.998, item_knn=0.001, buy_again=0.001)
    shop.con.execute("update this.profile set list_length = 8")
    shop.build(*BUILD)
    told = (
        "select distinct item_key, rank, reason, reason_algorithm, reason_text from recommendations.lists "
        "where task = 'next' order by rank"
    )
    people = {item: "1 person" if item == 8 else f"{9 - item} people" for item in items}
    assert shop.rows(told) == [
        (item, item, "popular", "popularity", f"popular: taken by {people[item]}") for item in items
    ]


@pytest.mark.parametrize(
    ("weights", "took", "taken"),
    [
        ({"liked": 1, "rated": 0}, "liked", "liked"),
        ({"play": 0.5}, "played", "played"),
        ({"play": 1, "liked": 1}, "took", "taken"),
        ({"purchase": 1}, "took", "taken"),
    ],
)
def test_reasons_speak_of_events_by_their_type_where_one_weighs(small_shop, weights, took, taken):
    small_shop.con.execute("delete from this.event_weights")
    small_shop.insert("this.event_weights", *weights.items())
    small_shop.take(1, 2, 3.5, event_type="play")
    small_shop.take(2, 3, 8, event_type="play")
    small_shop.insert("recommendations.similar_items", (2, 1, 6, 0.9, "item_knn"))
    propose(small_shop, "next", 1, als=[6, 2], popularity=[3])
    weigh(small_shop, als=1.0, popularity=1.0)
    small_shop.build(*BUILD)
    assert [reason(small_shop, item)[0][1] for item in (6, 3, 2)] == [
        f"goes with item 2, which you {took}",
        f"popular: {taken} by 1 person",
        f"{taken} once, 3 days ago",
    ]


@pytest.mark.parametrize(
    ("category", "department", "place"), [("c", "d", "c"), (None, "d", "d"), (None, None, "the shop")]
)
def test_trending_and_popular(shop, category, department, place):
    shop.users(*[(key, f"u{key}") for key in range(1, 6)])
    shop.items(
        (1, "a", "", department, category),
        (2, "b", "", department, category),
        (3, "c", "", department, category),
    )
    for user in (2, 3, 4):
        shop.take(user, 1, 2)
        shop.take(user, 2, 12)
    shop.take(5, 3, 40)
    propose(shop, "next", 1, popularity=[1, 2, 3])
    weigh(shop, popularity=1.0)
    shop.build(*BUILD)
    assert reason(shop, 1) == [("trending", f"trending in {place}")]
    assert reason(shop, 1, "evidence_count, evidence_days, evidence_category") == [(3, 7, place)]
    assert reason(shop, 2) == [("popular", "popular: taken by 3 people")]
    assert reason(shop, 3) == [("popular", "popular: taken by 1 person")]


def test_only_the_ten_most_bought_of_a_category_trend(shop):
    shop.users(*[(user, f"u{user:02}") for user in range(1, 16)])
    shop.items(*[(item, f"i{item:02}", "", "d", "c") for item in range(1, 12)])
    for item in range(1, 12):
        for user in range(2, 16 - item):
            shop.take(user, item, 2)
    shop.take(2, 1, 40)
    propose(shop, "next", 1, popularity=list(range(1, 12)))
    weigh(shop, popularity=1.0)
    shop.con.execute("update this.profile set list_length = 11")
    shop.build(*BUILD)
    assert reason(shop, 10) == [("trending", "trending in c")]
    assert reason(shop, 11) == [("popular", "popular: taken by 3 people")]


def test_every_reason_is_true_of_the_log(shop):
    """Reasons of a random shop, each held against the events themselves."""
    chance = random.Random(3)
    users, items = range(1, 31), range(1, 41)
    shop.users(*[(key, f"u{key}") for key in users])
    shop.items(*[(key, f"i{key}", f"item {key}", f"d{key % 2}", chance.choice("pqr")) for key in items])
    log = [
        (chance.choice(users), min(int(chance.expovariate(0.1)) + 1, 38), chance.uniform(0.01, 50)) for _ in range(500)
    ]
    log += [(user, 39, chance.uniform(0.01, 6)) for user in users[:12]]
    for user, item, age in log:
        shop.take(user, item, age)
    taken = sorted({item for _, item, _ in log})
    similar = {(a, b): 1 / (1 + abs(a - b)) for a in items for b in items if 0 < abs(a - b) <= 1}
    rows = [(a, 1 + (b > a), b, score, "item_knn") for (a, b), score in similar.items()]
    shop.insert("recommendations.similar_items", *rows)
    for user in users[:-2]:
        propose(shop, "next", user, als=chance.sample(items, 20), popularity=chance.sample(taken, 20))
    weigh(shop, als=1.0, popularity=0.99)
    shop.con.execute("update this.profile set list_length = 10")
    shop.build(*BUILD)
    category = dict(shop.rows("select item_key, category from clean.items"))
    seen = set()
    for row in shop.con.sql("from recommendations.lists").to_arrow_table().to_pylist():
        user, item, kind, count = row["user_key"], row["item_key"], row["reason"], row["evidence_count"]
        mine = [age for who, what, age in log if (who, what) == (user, item)]
        seen.add(kind)
        assert (kind in {"trending", "popular"}) == (row["reason_algorithm"] in {"trending", "popularity"})
        assert (kind == "bought_again") == (bool(mine) and row["reason_algorithm"] == "als")
        if kind in {"bought_again", "goes_with"}:
            ages = [age for who, what, age in log if (who, what) == (user, row["evidence_item_key"])]
            assert row["evidence_item_key"] == item or (row["evidence_item_key"], item) in similar
            assert count == len({int(age) for age in ages})
            assert row["evidence_days"] == pytest.approx(min(ages))
        elif kind == "trending":
            week = [who for who, what, age in log if what == item and age <= 7]
            before = [who for who, what, age in log if what == item and 7 < age <= 35]
            assert count == len(set(week)) >= 3
            assert (len(week) + 1) / (len(before) / 4 + 1) >= 1.5
            assert row["evidence_category"] == category[item]
        elif kind == "popular":
            assert count == len({who for who, what, _ in log if what == item})
        else:
            assert row["reason_text"] == 'proposed by "To your taste"'
            assert count is None
        assert str(count) in row["reason_text"] or kind in {"goes_with", "trending", "proposed"} or count == 1
    assert seen == {"bought_again", "goes_with", "trending", "popular", "proposed"}
    served = "select count(distinct user_key) from recommendations.lists where task = 'next'"
    assert shop.rows(served) == [(30,)]
