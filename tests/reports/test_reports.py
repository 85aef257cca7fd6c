"""Reports: typed rows of a built deployment, which say the same as the tables they come from."""

import json
from dataclasses import asdict
from datetime import date, datetime

import duckdb
import pytest

from recsys_assets.reports import checks, grades, landing, recommendations, releases
from tests.helpers.sample import NIGHTS

FIRST, SECOND, LAST = NIGHTS


@pytest.fixture(scope="module")
def profile(built):
    with built.active():
        yield built.profile


def test_every_row_can_be_sent_as_json(profile):
    user = recommendations.typical_user(profile)
    (first, *_) = recommendations.recommend(profile, user, "next", 3)
    rows = [
        *landing.delivered_files(profile),
        *landing.reject_reasons(profile),
        *grades.nightly_grades(profile),
        *grades.newest_grades(profile),
        *grades.pooled_grades(profile, LAST),
        *grades.comparisons(profile, LAST),
        *releases.releases(profile),
        first,
        recommendations.explain(profile, user, first.item_id, LAST),
        releases.query(profile, "from serving.recommendations", 2),
    ]
    for row in rows:
        assert json.dumps(asdict(row), default=lambda value: value.isoformat())


def test_files_and_reasons_add_up(profile):
    files, reasons = landing.delivered_files(profile), landing.reject_reasons(profile)
    assert all(file.rows_read == file.rows_landed + file.rows_rejected for file in files)
    assert sum(reason.n_rows for reason in reasons) >= max(file.rows_rejected for file in files) > 0
    assert [reason.n_rows for reason in reasons] == sorted((reason.n_rows for reason in reasons), reverse=True)
    assert landing.reject_reasons(profile, files=()) == []


def test_grades_are_the_rows_of_the_tables(built, profile):
    rows = grades.nightly_grades(profile)
    assert {row.night for row in rows} == {SECOND, LAST}
    assert len([row for row in rows if row.night == LAST]) == len(built.rows("grades.summary", LAST))
    some = grades.nightly_grades(profile, "recall", 10)
    assert some == [row for row in rows if (row.metric, row.k) == ("recall", 10)]
    assert len(grades.pooled_grades(profile, LAST)) == len(built.rows("grades.pooled", LAST))
    assert len(grades.comparisons(profile, LAST)) == len(built.rows("grades.comparisons", LAST))


def test_an_overview_names_the_leaders_and_the_best_algorithm(profile):
    rows = grades.nightly_grades(profile, "ndcg", 10)
    leading = grades.leading_grades(rows)
    for task in profile.tasks:
        shown = [row.algorithm for row in leading if (row.task, row.users, row.night) == (task, "known", LAST)]
        of_task = [row for row in rows if (row.task, row.users, row.night) == (task, "known", LAST)]
        algorithms = [row for row in of_task if row.algorithm not in grades.LEADERS]
        assert shown[0] == "published"
        assert shown[-1] == max(algorithms, key=lambda row: row.mean).algorithm
        assert set(shown[:-1]) <= set(grades.LEADERS)
    newest = grades.newest_grades(profile)
    assert [row.task for row in newest] == sorted((row.task for row in newest), reverse=True)
    ndcg = {
        (row.task, row.users, row.algorithm): row.mean
        for row in rows
        if row.night == LAST and (row.users == "known" or row.algorithm == "published")
    }
    assert {(row.task, row.users, row.algorithm): row.ndcg for row in newest} == ndcg


def test_a_recommendation_is_explained_down_to_the_row_that_was_delivered(built, profile):
    user, item = built.released(
        "select user_id, item_id from serving.recommendations "
        "where task = 'next' and reason = 'bought_again' order by evidence_count desc, user_id limit 1"
    )[0]
    why = recommendations.explain(profile, user, item, LAST)
    (listing,) = [listing for listing in why.listings if listing.task == "next"]
    (listed,) = [row for row in recommendations.recommend(profile, user, "next", 99) if row.item_id == item]
    assert (listing.rank, listing.reason_text) == (listed.rank, listed.reason_text)
    figures = built.released(
        "select score, raw_score, configuration from serving.recommendations "
        "where task = 'next' and user_id = $1 and item_id = $2",
        user,
        item,
    )
    assert figures == [(listing.score, listing.raw_score, listing.configuration)]
    assert recommendations.empty_tasks(profile, LAST) == []
    assert {proposal.task for proposal in why.proposals} <= set(profile.tasks)
    newest = why.evidence[0]
    assert newest.event_ts == max(event.event_ts for event in why.evidence)
    with duckdb.connect() as con:
        query = f"from '{built.files / newest.file}' limit 1 offset {newest.row_number - 1}"
        delivered = con.sql(query).to_arrow_table().to_pylist()[0]
    assert (delivered["household_id"], delivered["product_id"]) == (int(user), int(item))
    wide = f"\u200b{user}.0 ".translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})
    assert recommendations.explain(profile, wide, f"{item}.0", LAST) == why
    with pytest.raises(recommendations.UnknownId, match="knows no user 'nobody'"):
        recommendations.explain(profile, "nobody", item, LAST)


def test_releases_stand_newest_first_and_a_query_tells_whether_it_has_more(profile):
    rows = releases.releases(profile)
    assert [row.night for row in rows] == [LAST, SECOND, FIRST]
    assert [row.is_current for row in rows] == [True, False, False]
    assert isinstance(rows[0].built_at, datetime)
    some = releases.query(profile, "select range as n, '2017-10-25'::date as night from range(3)", 2)
    assert some == releases.QueryResult(("n", "night"), ((0, date(2017, 10, 25)), (1, date(2017, 10, 25))), True)
    assert releases.query(profile, "from range(2)", 2).has_more is False


def test_a_check_tells_what_it_looked_at_or_why_it_did_not_run(profile):
    chosen = checks.select_checks(profile, ["features.user", "grades.late"])
    results = list(checks.check_results(profile, chosen, LAST))
    assert [(result.table, result.check) for result in results] == [(check.table, check.name) for check in chosen]
    assert all((result.status, result.message, result.n_failing) == ("pass", None, 0) for result in results)
    assert all(result.n_rows > 0 for result in results if result.table == "features.user")
    for result in checks.check_results(profile, chosen, date(2017, 10, 24)):
        assert result.status == "skip"
        assert "has no partition for night 2017-10-24" in result.message
