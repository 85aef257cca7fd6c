"""Scores, reasons, the release and its macros, held against the delivered files."""

from bisect import bisect_right
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise

import pytest

from recsys_assets.ranking import CONFIGURATIONS
from recsys_assets.selects.files import TableName
from tests.assets.purchases import cutoff
from tests.helpers.sample import NIGHTS

FIRST, SECOND, LAST = NIGHTS
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def pairs(purchases):
    """For each user and item at the last night: (baskets, days since the last time)."""
    baskets, latest = defaultdict(set), {}
    for row in purchases.up_to(LAST):
        baskets[row.user, row.item].add(row.basket)
        latest[row.user, row.item] = max(row.at, latest.get((row.user, row.item), row.at))
    return {pair: (len(baskets[pair]), (cutoff(LAST) - latest[pair]) / DAY) for pair in baskets}


@pytest.fixture(scope="module")
def reasons(built):
    """Rows of the published lists by reason."""
    rows = built.released(
        "select reason, user_id, item_id, evidence_item_id, evidence_count, evidence_days, reason_text "
        "from serving.recommendations"
    )
    rows_by_reason = defaultdict(list)
    for reason, *row in rows:
        rows_by_reason[reason].append(row)
    return rows_by_reason


def test_every_reason_is_known_and_frequent_ones_occur(reasons):
    assert {"bought_again", "goes_with", "popular"} <= set(reasons)
    assert set(reasons) <= {"bought_again", "goes_with", "trending", "popular", "proposed"}


def test_bought_again_counts_the_users_own_baskets(reasons, pairs):
    assert len(reasons["bought_again"]) > 500
    for user, item, evidence, count, days, text in reasons["bought_again"]:
        assert evidence == item
        assert (count, pytest.approx(days)) == pairs[user, item]
        shown = "once" if count == 1 else f"{count} times"
        ago = f"{int(days)} days ago" if days >= 2 else "1 day ago" if days >= 1 else "less than 1 day ago"
        assert text.startswith(f"bought {shown}")
        assert text.endswith(ago)


def test_goes_with_names_something_the_user_took(built, reasons, pairs):
    titles = dict(built.released("select item_id, title from serving.items"))
    similar = set(built.released("select item_id, similar_item_id from serving.similar_items"))
    for user, item, evidence, count, days, text in reasons["goes_with"]:
        assert (count, pytest.approx(days)) == pairs[user, evidence]
        assert (evidence, item) in similar
        assert text == f"goes with {titles[evidence]}, which you took"


def test_no_reason_claims_a_cause(reasons):
    assert not [text for rows in reasons.values() for *_, text in rows if "because" in text]


def test_a_reason_is_of_the_algorithm_whose_proposal_counts_most(built):
    """Its part in the fused score is the greatest, and what it says is of that algorithm's kind."""
    rows = built.rows("recommendations.fusion_weights", LAST, "task, algorithm, weight, rests_on")
    weights = {(task, algorithm): weight for task, algorithm, weight, _ in rows}
    kinds = {algorithm: set(rests_on) for _, algorithm, _, rests_on in rows} | {"trending": {"popularity"}}
    shown = {"bought_again": "own_items", "goes_with": "history", "trending": "popularity", "popular": "popularity"}
    rows = built.released(
        "select task, configuration, algorithms, reason, reason_algorithm from serving.recommendations"
    )
    for task, configuration, proposals, reason, algorithm in rows:
        if configuration == "trending":
            assert algorithm == "trending"
        else:
            parts = {p["algorithm"]: weights[task, p["algorithm"]] / (2 + p["rank"]) for p in proposals}
            assert parts[algorithm] == max(parts.values()) > 0
        assert reason == "proposed" or shown[reason] in kinds[algorithm]
    assert {algorithm for *_, algorithm in rows} >= {"buy_again", "als"}


def scores(rows):
    """Scores anew from raw ones: the share of the rows of the task whose raw score is no higher."""
    raw = defaultdict(list)
    for task, _, _, _, score in rows:
        raw[task].append(score)
    of_task = {task: sorted(values) for task, values in raw.items()}
    return [bisect_right(of_task[task], score) / len(of_task[task]) for task, *_, score in rows]


def test_scores_lie_between_0_and_1_and_never_grow_whatever_ranking_is_published(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    lists = "select task, user_id, rank, score, raw_score from serving.recommendations order by task, user_id, rank"
    champions = TableName("recommendations", "champions")
    raw_scores = set()
    for champion in CONFIGURATIONS:
        with deployment.active(), deployment.lake.as_of(LAST, [champions], str(champions)) as snapshot:
            query = f"select * replace (configuration = '{champion}' as is_champion) from {champions} order by all"
            snapshot.write(query, ("task", "configuration"))
        deployment.build(LAST, only=["recommendations.lists", "releases.published"], checks=False)
        assert deployment.released("select distinct configuration from serving.recommendations") == [(champion,)]
        rows = deployment.released(lists)
        assert [score for *_, score, _ in rows] == scores(rows)
        for before, after in pairwise(rows):
            assert 0 < after[3] <= 1
            assert before[:2] != after[:2] or before[3] >= after[3]
        assert max(score for *_, score, _ in rows) == 1
        raw_scores.add(tuple(score for *_, score in rows))
    assert len(raw_scores) == len(CONFIGURATIONS), "each ranking has raw scores of its own"


def test_counts_of_people_are_true(reasons, purchases):
    ever, week = defaultdict(set), defaultdict(set)
    for row in purchases.up_to(LAST):
        ever[row.item].add(row.user)
        if row.at >= cutoff(LAST) - 7 * DAY:
            week[row.item].add(row.user)
    checked = set()
    for reason, buyers in (("popular", ever), ("trending", week)):
        for _, item, _, count, _, _ in reasons[reason]:
            assert count == len(buyers[item]), f"{reason}: {item}"
            checked.add((reason, item))
    assert len(checked) > 10


def test_the_release_is_the_last_night_whole(built):
    ((night, n_users),) = built.released(
        "select night, count(distinct user_id) from serving.recommendations group by night"
    )
    assert night == LAST
    assert n_users == built.released("select count(*) from serving.users")[0][0]
    assert [row[0] for row in built.released("select night from meta.nights order by night")] == list(NIGHTS)
    assert {row[0] for row in built.released("select night from meta.grades")} == {SECOND, LAST}
    assert (
        built.released("select table_name from meta.build where run_id is null and table_name not like 'clean.%'") == []
    )


def test_a_known_user_gets_the_own_list_by_text_and_by_number(built):
    user, items = built.released(
        "select user_id, list(item_id order by rank) from serving.recommendations "
        "where task = 'next' and rank <= 10 group by user_id order by user_id limit 1"
    )[0]
    for given in (user, int(user)):
        rows = built.released("select rank, item_id, reason_text from serving.recommend($1)", given)
        assert [row[:2] for row in rows] == list(enumerate(items, 1))
        assert all(row[2] for row in rows)
    assert len(built.released("from serving.recommend($1, k := 3, task := 'discovery')", user)) == 3


@pytest.mark.parametrize("unknown", ["nobody", -1, "2'; drop table x"])
def test_an_unknown_user_gets_what_is_trending(built, unknown):
    trending = built.released("select rank, item_id from serving.trending where scope = 'all' and rank <= 10")
    assert built.released("select rank, item_id from serving.recommend($1)", unknown) == trending
    assert len(trending) == 10


def test_similar_items_by_text_and_by_number(built):
    item = built.released("select min(item_id) from serving.similar_items")[0][0]
    rows = built.released("select rank, item_id from serving.similar($1, k := 4)", item)
    assert rows == built.released("select rank, item_id from serving.similar($1, k := 4)", int(item))
    assert rows[0][0] == 1
    assert item not in {row[1] for row in rows}
    assert built.released("from serving.similar('no such item')") == []
