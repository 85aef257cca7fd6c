"""Every generic test passes on good rows and fails on broken ones, and shows the rows that are wrong."""

from datetime import date

import pytest

from recsys_assets.checks.declared import CHECKS_FOLDER, load_checks
from recsys_assets.profile_file import load_profile
from recsys_assets.selects.contracts import CONTRACTS

COLUMNS = "user_key, n_events, recency_days, n_items, decayed_weight"
GOOD = "(1, 4, 0.5, 1, 2.0), (2, 1, 3.0, 1, 1.0), (3, 1, 9.0, 2, 0.5)"
# Each is the name of a test, its column (none for the table), its arguments, broken rows and the rows that fail.
CASES = [
    ("unique", "recency_days", "", "(1, 4, 7, 1, 2), (2, 4, 7, 1, 1)", [{"recency_days": 7, "n_rows": 2}]),
    ("not_null", "recency_days", "", "(1, 4, null, 1, 2), (2, 4, 1, 1, 2)", [{"user_key": 1}]),
    (
        "accepted_values",
        "n_events",
        "values: [1, 4]",
        "(1, 4, 7, 1, 2), (2, 7, 7, 1, 2), (3, null, 7, 1, 2)",
        [{"n_events": 7, "n_rows": 1}],
    ),
    (
        "accepted_range",
        "recency_days",
        "min_value: 0, max_value: 9",
        "(1, 1, -1, 1, 2), (2, 1, 10, 1, 2), (3, 1, 'nan'::double, 1, 2), (4, 1, null, 1, 2), (5, 1, 0, 1, 2)",
        [{"user_key": 1}, {"user_key": 2}, {"user_key": 3}],
    ),
    (
        "accepted_range",
        "recency_days",
        "min_value: 0, max_value: 10, inclusive: false",
        "(1, 1, 0, 1, 2), (2, 1, 10, 1, 2), (3, 1, 5, 1, 2)",
        [{"user_key": 1}, {"user_key": 2}],
    ),
    (
        "relationships",
        "user_key",
        "to: clean.user_keys, field: user_key",
        "(1, 1, 1, 1, 1), (9, 1, 1, 1, 1)",
        [{"user_key": 9}],
    ),
    (
        "unique_combination_of_columns",
        None,
        "combination_of_columns: [n_events, n_items]",
        "(1, 4, 1, 1, 1), (2, 4, 1, 1, 1), (3, 4, 1, 2, 1)",
        [{"n_events": 4, "n_items": 1, "n_rows": 2}],
    ),
    (
        "expression_is_true",
        None,
        "expression: n_items < 3",
        "(1, 1, 1, 1, 1), (2, 1, 1, 3, 1), (3, 1, 1, null, 1)",
        [{"user_key": 2}],
    ),
    (
        "expression_is_true",
        None,
        "expression: recency_days < (select day(night) from this.night)",
        "(1, 1, 9, 1, 1), (2, 1, 10, 1, 1)",
        [{"user_key": 2}],
    ),
    ("row_count_between", None, "min_value: 2", "(1, 1, 1, 1, 1)", [{"n_rows": 1}]),
    (
        "row_count_between",
        None,
        "max_value: 3",
        "(1, 1, 1, 1, 1), (2, 1, 1, 1, 1), (3, 1, 1, 1, 1), (4, 1, 1, 1, 1)",
        [{"n_rows": 4}],
    ),
    (  # The ranks are n_items, the lists n_events; wrong are a gap, a rank that comes twice and a score that grows.
        "ranks_follow_scores",
        "n_items",
        "score: decayed_weight, within: [n_events]",
        "(1, 1, 0, 1, 9), (2, 1, 0, 3, 8), (3, 2, 0, 1, 9), (4, 2, 0, 1, 9), (5, 3, 0, 1, 1), (6, 3, 0, 2, 2)",
        [{"user_key": 2}, {"user_key": 4}, {"user_key": 5}, {"user_key": 6}],
    ),
]


NO_LISTS = (
    "select "
    + ", ".join(f"null::{kind} as {name}" for name, kind in CONTRACTS["recommendations.lists"].items())
    + " where false"
)


def one_test(test, column, arguments, config=""):
    """YAML of one test of features.user."""
    use = f"{test}: {{arguments: {{{arguments}}}, config: {{{config}}}}}"
    if column is None:
        return f"models: [{{name: user, data_tests: [{{{use}}}]}}]"
    return f"models: [{{name: user, columns: [{{name: {column}, data_tests: [{{{use}}}]}}]}}]"


@pytest.fixture
def check_user(small, declare):
    """Outcome of one test of features.user over rows of `COLUMNS`."""
    small.write(
        "clean.user_keys",
        "user_key",
        "select unnest([1, 2, 3])::integer as user_key, unnest(['a', 'b', 'c']) as user_id",
    )

    def check(text, rows):
        small.write("features.user", "user_key", f"from (values {rows}) as users({COLUMNS})")
        (outcome,) = small.outcomes(declare({"features.yml": text})).values()
        return outcome

    return check


@pytest.mark.parametrize(("test", "column", "arguments", "broken", "failing"), CASES)
def test_it_passes_on_good_rows_and_finds_the_broken_ones(check_user, test, column, arguments, broken, failing):
    text = one_test(test, column, arguments)
    good = check_user(text, GOOD)
    assert (good.failures, good.rows, good.first_failing) == (0, 3, [])
    outcome = check_user(text, broken)
    assert outcome.failures == len(failing)
    assert [{name: row[name] for name in failing[0]} for row in outcome.first_failing] == failing


def test_every_generic_test_is_tried_here_or_broken_where_the_project_uses_it():
    used = {check.test for check in load_checks(load_profile())}
    assert {path.stem for path in (CHECKS_FOLDER / "generic").glob("*.sql")} <= {case[0] for case in CASES} | used


def test_where_narrows_the_rows_and_limit_the_failures(check_user):
    rows = "(1, 1, null, 1, 1), (2, 1, null, 1, 1), (3, 1, null, 2, 1)"
    narrowed = check_user(one_test("not_null", "recency_days", "", "where: n_items = 1 or user_key = 9 -- some"), rows)
    assert (narrowed.failures, narrowed.rows) == (2, 2)
    assert check_user(one_test("not_null", "recency_days", "", "limit: 2"), rows).failures == 2


def test_only_the_first_failing_rows_are_shown(check_user):
    rows = ", ".join(f"({user}, 1, null, 1, 1)" for user in range(20))
    outcome = check_user(one_test("not_null", "recency_days", ""), rows)
    assert (outcome.failures, [row["user_key"] for row in outcome.first_failing]) == (20, [0, 1, 2, 3, 4])


def test_the_log_is_checked_by_the_rows_visible_since_the_night_built_before(small, declare):
    for night, reason in ((date(2020, 3, 9), "odd"), (date(2020, 3, 10), "fine")):
        small.write(
            "clean.retractions",
            "event_id",
            f"select '00000000-0000-0000-0000-0000000000{night:%d}'::uuid as event_id, event_id as retracted_by, "
            "null::double as quantity, "
            f"'{reason}' as reason, timestamp '2020-03-01' as known_at",
            night,
        )
    use = "{accepted_values: {arguments: {values: [fine]}}}"
    folder = declare(
        {"clean.yml": f"models: [{{name: retractions, columns: [{{name: reason, data_tests: [{use}]}}]}}]"}
    )
    (both,) = small.outcomes(folder).values()
    assert (both.failures, both.rows) == (1, 2), "no night was built before: all of the log is looked at"
    small.write("recommendations.lists", "task, user_key, rank", NO_LISTS, date(2020, 3, 9))
    (tonight,) = small.outcomes(folder).values()
    (before,) = small.outcomes(folder, night=date(2020, 3, 9)).values()
    assert (tonight.failures, tonight.rows) == (0, 1)
    assert (before.failures, before.rows) == (1, 1)


def test_the_entry_lists_is_checked_in_the_candidates_of_each_algorithm_alone(small, declare):
    for algorithm, scores in (("popularity", [1.0, 1.0]), ("buy_again", [1.0, 2.0, 2.0])):
        small.write(
            f"candidates.{algorithm}",
            "task, user_key",
            f"select '{algorithm}' as algorithm, 'next' as task, 1::integer as user_key, "
            f"range({len(scores)})::integer[] as items, {scores}::double[] as scores",
        )
    use = "{ranks_follow_scores: {arguments: {score: score, within: [task, user_key]}}}"
    single = "-- table: candidates.lists\n-- Lists begin.\nselect * from candidates.lists where rank = 3"
    folder = declare(
        {
            "candidates.yml": f"models: [{{name: lists, columns: [{{name: rank, data_tests: [{use}]}}]}}]",
            "singular/begin.sql": single,
        }
    )
    failures = {
        algorithm: [outcome.failures for outcome in small.outcomes(folder, f"candidates.{algorithm}").values()]
        for algorithm in ("popularity", "buy_again")
    }
    assert failures == {"popularity": [0, 0], "buy_again": [3, 1]}
