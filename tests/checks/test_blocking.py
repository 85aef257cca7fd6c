"""Checks as steps of a real run: what lies downstream of a failing check is not made."""

import pytest
from dagster import (
    AssetCheckKey,
    AssetCheckSeverity,
    AssetKey,
    AssetSelection,
    DagsterInstance,
    Definitions,
    MaterializeResult,
    TableMetadataValue,
    asset,
    define_asset_job,
    in_process_executor,
)

from recsys_assets.assets.night_partitions import profile_partitions
from recsys_assets.checks.asset_checks import declared_checks
from recsys_assets.checks.declared import load_checks
from recsys_assets.nights import Night
from recsys_jobs.run import failure_of
from tests.checks.conftest import NIGHT

GOOD, BROKEN = "(1, 0.5), (2, 1.5)", "(1, 0.5), (2, null)"
YAML = """\
models:
  - name: user
    data_tests:
      - row_count_between: {{arguments: {{min_value: 1}}}}
    columns:
      - name: recency_days
        data_tests:
          - not_null: {{config: {{severity: {severity}}}}}
"""
UPSTREAM = {"clean/item_keys", "clean/user_keys"}
CHECK, OTHER = "not_null_user_recency_days", "row_count_between_user_1"
READS_DOWNSTREAM = """\
-- table: features.item
-- Reads what is made beside it.
select user_key from features.user where user_key > 1
"""


@pytest.fixture
def run(small, declare):
    """Run features.user, what rests on it, and its checks; returns the result."""
    nights = profile_partitions(small.profile)

    def build(rows, severity="error", files=None, selection=None, yaml=YAML):
        @asset(key=["clean", "item_keys"], partitions_def=nights)
        def root() -> MaterializeResult:
            return MaterializeResult()

        @asset(key=["clean", "user_keys"], deps=[root], partitions_def=nights)
        def upstream() -> MaterializeResult:
            return MaterializeResult()

        @asset(key=["features", "user"], deps=[upstream], partitions_def=nights)
        def user(context) -> MaterializeResult:
            night = Night.fromisoformat(context.partition_key)
            small.write("features.user", "user_key", f"from (values {rows}) as t(user_key, recency_days)", night)
            return MaterializeResult()

        @asset(key=["features", "item"], partitions_def=nights)
        def beside(context) -> MaterializeResult:
            small.write("features.item", "item_key", "select 1 as item_key", Night.fromisoformat(context.partition_key))
            return MaterializeResult()

        @asset(key=["grades", "users"], deps=[["features", "user"]], partitions_def=nights)
        def downstream() -> MaterializeResult:
            return MaterializeResult()

        folder = declare({"features.yml": yaml.format(severity=severity), **(files or {})})
        job = define_asset_job("all", AssetSelection.all() if selection is None else selection)
        definitions = Definitions(
            assets=[root, upstream, user, beside, downstream],
            asset_checks=declared_checks(small.profile, load_checks(small.profile, folder)),
            jobs=[job],
            executor=in_process_executor,
        )
        with DagsterInstance.ephemeral() as instance:
            return definitions.resolve_job_def("all").execute_in_process(
                partition_key=NIGHT.isoformat(), instance=instance, raise_on_error=False
            )

    return build


def made(result):
    return {event.asset_key.to_user_string() for event in result.get_asset_materialization_events()}


def evaluations(result):
    return {evaluation.check_name: evaluation for evaluation in result.get_asset_check_evaluations()}


def test_a_failing_check_stops_what_lies_downstream(run):
    result = run(BROKEN)
    assert not result.success
    assert made(result) == UPSTREAM | {"features/user", "features/item"}
    (failure,) = [event for event in result.all_node_events if event.is_step_failure]
    assert failure.step_key == "features__checks"
    assert CHECK in failure.step_failure_data.error.message
    by_check = evaluations(result)
    assert (by_check[CHECK].passed, by_check[CHECK].severity) == (False, AssetCheckSeverity.ERROR)
    assert by_check[OTHER].passed, "the other checks of the table are told all the same"
    assert by_check[CHECK].partition == NIGHT.isoformat()


def test_the_result_shows_what_failed_and_how_it_was_found(run):
    shown = evaluations(run(BROKEN))[CHECK].metadata
    assert (shown["failures"].value, shown["rows_looked_at"].value) == (1, 2)
    assert 'where "recency_days" is null' in shown["compiled_sql"].value
    assert isinstance(shown["first_failing_rows"], TableMetadataValue)
    assert [record.data for record in shown["first_failing_rows"].records] == [{"user_key": 2, "recency_days": None}]


def test_a_failed_check_says_what_must_hold_and_what_to_do(run):
    result = run(BROKEN)
    told = "1 failing row(s) of 2. What must hold: The column has a value in every row. Look at the failing rows"
    assert evaluations(result)[CHECK].description.startswith(told)
    failure = failure_of(result)
    assert failure.crash is None
    assert failure.sentence.startswith(f"features__checks: check {CHECK} of features.user: {told}")
    assert failure.sentence.endswith(f"recsys check --select {CHECK}")
    assert evaluations(run(GOOD))[CHECK].description == "0 failing row(s) of 2."


def test_a_use_of_a_test_may_say_better_what_to_do(run):
    own = "meta: {{remedy: Ask the till. Then land again.}}, severity"
    told = evaluations(run(BROKEN, severity="error", yaml=YAML.replace("severity", own, 1)))[CHECK].description
    assert told.endswith("The column has a value in every row. Ask the till. Then land again.")


def test_what_is_bound_is_shown_beside_the_sql(run):
    assert evaluations(run(GOOD))[OTHER].metadata["values"].value == {"min_value": 1.0, "max_value": None}


def test_passing_checks_let_the_run_through(run):
    result = run(GOOD)
    assert result.success
    assert made(result) == UPSTREAM | {"features/user", "features/item", "grades/users"}
    assert all(evaluation.passed for evaluation in evaluations(result).values())


def test_a_failing_check_of_severity_warn_only_tells(run):
    result = run(BROKEN, severity="warn")
    assert result.success
    assert "grades/users" in made(result)
    evaluation = evaluations(result)[CHECK]
    assert (evaluation.passed, evaluation.severity) == (False, AssetCheckSeverity.WARN)


def test_a_check_waits_for_the_other_tables_it_reads(run):
    result = run(GOOD, files={"singular/beside.sql": READS_DOWNSTREAM})
    order = [event.step_key for event in result.all_events if event.is_step_start]
    assert order.index("features__checks") > order.index("features__user")
    assert evaluations(result)["beside"].metadata["failures"].value == 1


def test_one_check_can_be_run_alone(run):
    user = AssetKey(["features", "user"])
    alone = AssetSelection.checks(AssetCheckKey(user, OTHER))
    result = run(BROKEN, selection=AssetSelection.assets(user).without_checks() | alone)
    assert result.success
    assert set(evaluations(result)) == {OTHER}
