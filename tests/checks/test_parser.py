"""What is declared wrongly is refused when definitions load, by file and line, with what was meant."""

import pytest

from recsys_assets.checks.declared import load_checks
from recsys_assets.checks.located_yaml import CheckError

USER = """\
models:
  - name: user
    columns:
      - name: user_key
        data_tests:
          - not_null
"""
# Each is a text in USER, the text that replaces it, the line of the problem, and what the message says.
WRONG = {
    "unknown key": ("data_tests", "tests", 5, "unknown key 'tests'; did you mean data_tests?"),
    "unknown table": ("name: user\n", "name: users\n", 2, "no table 'features.users'; did you mean features.user"),
    "unknown column": ("name: user_key", "name: user_kye", 4, "no column 'user_kye'; did you mean user_key?"),
    "unknown test": ("- not_null", "- not_nul", 6, "no test 'not_nul' in generic/; did you mean not_null?"),
    "two tests in one": ("- not_null", "- {not_null: , unique: }", 6, "one test with its settings"),
    "no severity": ("- not_null", "- not_null: {config: {severity: fatal}}", 6, "severity: Input should be 'error'"),
    "argument too many": ("- not_null", "- not_null: {arguments: {to: x}}", 6, "unknown key 'to'"),
    "argument outside": ("- not_null", "- accepted_values: {values: [1]}", 6, "unknown key 'values'"),
    "argument missing": ("- not_null", "- accepted_values", 6, "values: Field required"),
    "no bounds": ("- not_null", "- accepted_range: {arguments: {}}", 6, "min_value, max_value or both"),
    "not a number": (
        "- not_null",
        "- accepted_range:\n              arguments:\n                min_value: low",
        8,
        "min_value: Input should be a valid number",
    ),
    "unknown parent": (
        "- not_null",
        "- relationships: {arguments: {to: clean.user_key, field: user_key}}",
        6,
        "no table 'clean.user_key'; did you mean clean.user_keys",
    ),
    "unknown field": (
        "- not_null",
        "- relationships: {arguments: {to: clean.user_keys, field: user_kee}}",
        6,
        "clean.user_keys has no column 'user_kee'; did you mean user_key",
    ),
    "column in where": (
        "- not_null",
        "- not_null:\n              config:\n                severity: warn\n                where: n_event > 0",
        9,
        "features.user has no column 'n_event'; did you mean n_events",
    ),
    "table in where": (
        "- not_null",
        "- not_null: {config: {where: user_key in (select user_key from clean.usres)}}",
        6,
        "no table 'clean.usres'; did you mean clean.users",
    ),
    "two statements": ("- not_null", "- not_null: {config: {where: 1 = 1; drop table x}}", 6, "not one SQL condition"),
    "a way out of where": ("- not_null", "- not_null: {config: {where: 1 = 1) or (1 = 1}}", 6, "not one SQL condition"),
    "test of a table": ("- not_null", "- row_count_between: {arguments: {min_value: 1}}", 6, "below the table"),
    "given twice": ("data_tests:", "name: user_id\n        data_tests:", 5, "'name' is given twice"),
    "not YAML": ("- not_null", "- [not_null", 7, "not valid YAML"),
    "column that is SQL": ("name: user_key", 'name: "1 or 1"', 4, "name: String should match pattern"),
}


@pytest.mark.parametrize(("old", "new", "line", "message"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_named_with_file_and_line(small, declare, old, new, line, message):
    assert old in USER
    folder = declare({"features.yml": USER.replace(old, new, 1)})
    with pytest.raises(CheckError) as refused:
        load_checks(small.profile, folder)
    assert f"dbt_like_checks/features.yml:{line}: " in str(refused.value)
    assert message in str(refused.value)


SINGULAR = "-- table: features.user\n-- config: {severity: warn}\n-- Some rows.\nselect * from features.user\n"
WRONG_SINGULAR = {
    "no table": ("-- table: features.user\n", "", 1, "the first line must be `-- table: <schema>.<table>`"),
    "unknown table": ("table: features.user", "table: features.usr", 1, "did you mean features.user"),
    "unknown read": ("from features.user", "from features.usr", 4, "no table 'features.usr'; did you mean"),
    "no severity": ("warn", "fatal", 1, "severity"),
    "clock": ("select *", "select now(), *", 1, "depend on the clock"),
    "not SQL": ("select *", "selec *", 1, "singular/some.sql"),
}


@pytest.mark.parametrize(("old", "new", "line", "message"), WRONG_SINGULAR.values(), ids=WRONG_SINGULAR)
def test_a_mistake_in_a_sql_file_is_named_too(small, declare, old, new, line, message):
    assert old in SINGULAR
    folder = declare({"singular/some.sql": SINGULAR.replace(old, new, 1)})
    with pytest.raises(CheckError) as refused:
        load_checks(small.profile, folder)
    assert f"dbt_like_checks/singular/some.sql:{line}: " in str(refused.value)
    assert message in str(refused.value)


def test_all_mistakes_are_told_at_once(small, declare):
    wrong = "models: [{name: usr}]\n"
    with pytest.raises(CheckError) as refused:
        load_checks(small.profile, declare({"features.yml": wrong, "grades.yaml": wrong, "clean.yml": ""}))
    assert [line.split(": ")[0] for line in str(refused.value).splitlines()] == [
        f"dbt_like_checks/{name}:1" for name in ("clean.yml", "features.yml", "grades.yaml")
    ]


@pytest.mark.parametrize(
    "body", ["select * from {model} where {column_name} = {value}", "selec * from {model}, {column_name}"]
)
def test_a_template_that_cannot_be_rendered_is_named(small, declare, body):
    folder = declare({"generic/own.sql": body, "features.yml": USER.replace("not_null", "own")})
    with pytest.raises(CheckError, match=r"dbt_like_checks/generic/own\.sql:1: cannot be rendered for features\.user"):
        load_checks(small.profile, folder)


def test_a_new_generic_test_is_one_sql_file(small, declare):
    own = "-- No number is odd.\nselect * from {model} where {column_name} % 2 = 1"
    (check,) = load_checks(
        small.profile, declare({"generic/even.sql": own, "features.yml": USER.replace("not_null", "even")})
    )
    assert (check.name, check.description) == ("even_user_user_key", "No number is odd.")
    assert check.sql == 'select * from features.user where "user_key" % 2 = 1'


def test_the_same_check_twice_is_refused(small, declare):
    with pytest.raises(CheckError, match=r"2 checks of features\.user are called not_null_user_user_key"):
        load_checks(small.profile, declare({"features.yml": USER + "          - not_null\n"}))


def test_a_correct_file_and_a_correct_query_are_checks(small, declare):
    """One line of YAML, one SQL file."""
    folder = declare({"features.yml": USER, "singular/some.sql": SINGULAR})
    declared, single = load_checks(small.profile, folder)
    assert (declared.table, declared.name, declared.config.severity) == (
        "features.user",
        "not_null_user_user_key",
        "error",
    )
    assert 'where "user_key" is null' in declared.sql
    assert (single.table, single.name, single.config.severity) == ("features.user", "some", "warn")
    assert single.description == "Some rows."
    more = load_checks(small.profile, declare({"features.yml": USER + "          - unique\n"}))
    assert {check.name for check in more} == {"not_null_user_user_key", "unique_user_user_key", "some"}


def test_names_are_those_of_dbt(small, declare):
    uses = "\n".join(
        f"          - {use}"
        for use in (
            "accepted_values: {arguments: {values: [a b, c]}}",
            "accepted_range: {arguments: {min_value: 0, max_value: 1.5}}",
            "relationships: {arguments: {to: clean.user_keys, field: user_key}}",
            "unique: {name: mine}",
        )
    )
    table = (
        "    data_tests: [unique_combination_of_columns: {arguments: {combination_of_columns: [user_key, n_events]}}]\n"
    )
    folder = declare({"features.yml": USER + uses + "\n" + table})
    assert [check.name for check in load_checks(small.profile, folder)] == [
        "not_null_user_user_key",
        "accepted_values_user_user_key__a_b__c",
        "accepted_range_user_user_key__1_5__0",
        "relationships_user_user_key__user_key__clean_user_keys",
        "mine",
        "unique_combination_of_columns_user_user_key__n_events",
    ]
