"""dbt's ``config`` means here what it means there: severities, thresholds, tags, stored failures."""

import pytest

from recsys_assets.checks.config import Config
from recsys_assets.checks.declared import load_checks
from recsys_assets.checks.located_yaml import CheckError
from recsys_assets.checks.running import check_tables
from recsys_assets.profile_file import load_profile
from recsys_assets.selects.files import TableName
from tests.checks.conftest import NIGHT


@pytest.mark.parametrize(
    ("config", "failures", "verdict"),
    [
        ({}, 0, "pass"),
        ({}, 1, "error"),
        ({"severity": "warn"}, 1, "warn"),
        ({"error_if": ">10"}, 10, "warn"),
        ({"error_if": ">10"}, 11, "error"),
        ({"error_if": ">10", "warn_if": ">= 5"}, 4, "pass"),
        ({"severity": "warn", "error_if": ">10"}, 11, "warn"),
        ({"severity": "warn", "warn_if": "!= 0"}, 0, "pass"),
        ({"error_if": "= 0", "warn_if": "<> 3"}, 0, "error"),
        ({"error_if": "= 0", "warn_if": "<> 3"}, 3, "pass"),
    ],
)
def test_thresholds_decide_as_in_dbt(config, failures, verdict):
    assert Config(**config).verdict(failures) == verdict


def one(config, test="not_null"):
    use = f"{{{test}: {{config: {config}}}}}"
    return f"models: [{{name: user, columns: [{{name: recency_days, data_tests: [{use}]}}]}}]"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{error_if: many}", "'many' compares a number of failing rows with nothing"),
        ("{warn_if: '> 1 or 1 = 1'}", "compares a number of failing rows with nothing"),
        ("{store_failure: true}", "unknown key 'store_failure'; did you mean store_failures?"),
        ("{warnif: '> 1'}", "unknown key 'warnif'; did you mean warn_if?"),
        ("{tags: [Not a tag]}", "String should match pattern"),
        ("{where: recency_days > (select day from this.nights)}", "no table 'this.nights'; did you mean this.night"),
    ],
)
def test_a_wrong_key_or_value_is_named_with_file_and_line(small, declare, config, message):
    with pytest.raises(CheckError) as refused:
        load_checks(small.profile, declare({"features.yml": one(config)}))
    assert str(refused.value).startswith("dbt_like_checks/features.yml:1: ")
    assert message in str(refused.value)


def test_raw_tables_have_no_night_to_store_failures_of(small, declare):
    text = (
        "models: [{name: each, columns: [{name: landed_id, data_tests: [unique: {config: {store_failures: true}}]}]}]"
    )
    profile = load_profile("complete_journey")
    with pytest.raises(CheckError, match="raw tables have no night"):
        load_checks(profile, declare({"raw.yml": text}))


def test_tags_of_table_column_test_and_use_add_up(small, declare):
    (declare({}) / "generic" / "own.sql").write_text(
        "-- config: {tags: [generic], severity: warn}\n-- Own.\nselect * from {model} where {column_name} > 9"
    )
    text = (
        "models: [{name: user, tags: of_table, columns: [{name: recency_days, config: {tags: [of_column]}, "
        "data_tests: [own: {config: {tags: [of_use]}}]}]}]"
    )
    (check,) = load_checks(small.profile, declare({"features.yml": text}))
    assert check.config.tags == ["generic", "of_table", "of_column", "of_use"]
    assert check.config.severity == "warn", "what the use does not say, the generic test does"
    (check,) = load_checks(small.profile, declare({"features.yml": one("{severity: error}", "own")}))
    assert (check.config.tags, check.config.severity) == (["generic"], "error")


def test_failing_rows_are_kept_of_each_night_and_an_empty_table_when_there_are_none(small, declare):
    folder = declare({"features.yml": one("{store_failures: true, severity: warn}")})
    (check,) = load_checks(small.profile, folder)
    name = TableName("check_failures", "features__user__not_null_user_recency_days")

    def run(rows):
        small.write("features.user", "user_key", f"from (values {rows}) as t(user_key, recency_days)")
        ((_, outcome),) = check_tables(small.lake, [check], NIGHT)
        with small.lake.as_of(NIGHT, [name]) as snapshot:
            return outcome, snapshot.table(f"select * from {name}").to_pylist()

    broken = "(1, 0.5), (2, null), (3, null)"
    outcome, kept = run(broken)
    assert kept == [
        {"failure": 1, "user_key": 2, "recency_days": None},
        {"failure": 2, "user_key": 3, "recency_days": None},
    ]
    assert str(name) in outcome.stored
    again, _ = run(broken)
    assert again.stored == outcome.stored, "the same failures write nothing"
    outcome, kept = run("(1, 0.5)")
    assert (outcome.verdict, kept) == ("pass", [])


def test_all_tests_that_ask_each_row_by_itself_share_one_scan(small, declare):
    """The same numbers as each by itself, and fewer queries."""
    text = """
models:
  - name: user
    data_tests:
      - expression_is_true: {arguments: {expression: user_key < 3}}
    columns:
      - name: recency_days
        data_tests:
          - not_null
          - accepted_range: {arguments: {min_value: 1}}
          - accepted_range: {name: limited, arguments: {max_value: 2}, config: {limit: 1}}
"""
    small.write(
        "features.user", "user_key", "from (values (1, 0.5), (2, null), (3, 9), (4, 8)) as t(user_key, recency_days)"
    )
    outcomes = small.outcomes(declare({"features.yml": text}))
    assert {name: outcome.failures for name, outcome in outcomes.items()} == {
        "expression_is_true_user_user_key_3": 2,
        "not_null_user_recency_days": 1,
        "accepted_range_user_recency_days__1": 1,
        "limited": 1,
    }
    assert len({outcome.seconds for outcome in outcomes.values()}) == 1


def test_a_check_that_cannot_be_run_is_named(small, declare):
    use = "expression_is_true: {name: odd, arguments: {expression: n_events = 'x'}}"
    text = f"models: [{{name: user, data_tests: [{{{use}}}]}}]"
    small.write("features.user", "user_key", "from (values (1, 1)) as t(user_key, n_events)")
    with pytest.raises(CheckError, match=r"features\.user: check odd cannot be run"):
        small.outcomes(declare({"features.yml": text}))


def test_entries_that_stand_for_many_tables_are_those_of_the_profile():
    tables = {check.table for check in load_checks(load_profile("movielens"))}
    assert {"clean.tags", "raw.ratings", "models.als"} <= tables
    assert not any(table.endswith((".each", ".extra")) for table in tables)
