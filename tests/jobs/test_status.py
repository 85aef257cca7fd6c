"""``recsys status``: one screen, and an exit code for cron."""

import re
from datetime import date

import pytest
from dagster import AssetCheckEvaluation, AssetCheckSeverity, AssetKey

from recsys_jobs.run import dagster_instance
from tests.helpers import sample
from tests.helpers.sample import NIGHTS

LAST = NIGHTS[-1]


@pytest.fixture
def deployment(built, tmp_path):
    return built.copy(tmp_path / "data")


def say(deployment, night: date, *, passed: bool, severity: AssetCheckSeverity = AssetCheckSeverity.ERROR) -> None:
    """Let a check of a night have said something, as a run of it does."""
    with deployment.active(), dagster_instance() as instance:
        said = AssetCheckEvaluation(
            asset_key=AssetKey(["grades", "users"]),
            check_name="all_takers_are_graded",
            passed=passed,
            metadata={},
            severity=severity,
            description="3 failing row(s); 90 rows looked at",
            partition=str(night),
        )
        instance.report_runless_asset_event(said)


def test_all_is_well_on_one_screen(built):
    result = built.invoke("status")
    assert result.exit_code == 0, result.output
    text = result.stdout
    assert re.search(rf"nights +3 built, {NIGHTS[0]} to {LAST}", text)
    assert re.search(rf"readers see +night {LAST}, since 20\d\d-\d\d-\d\d \d\d:\d\d UTC \(\d+ (hours|days) ago\)", text)
    assert re.search(rf"last run +nightly of night {LAST}: success, begun 20", text)
    assert re.search(r"failed checks +none", text)
    assert re.search(r"disk +[\d.]+ GB used, [\d,.]+ GB free; a night takes [\d.]+ MB", text)
    assert len(text.splitlines()) <= 24


def test_a_warning_is_3_and_an_error_is_1_until_the_check_passes_again(deployment):
    say(deployment, LAST, passed=False, severity=AssetCheckSeverity.WARN)
    result = deployment.invoke("status")
    assert result.exit_code == 3, result.output
    assert f"Check all_takers_are_graded of grades.users fails for night {LAST}: 3 failing row(s)" in result.stdout
    assert f"recsys check --select all_takers_are_graded --night {LAST}" in result.stdout
    say(deployment, date(2017, 11, 1), passed=False)
    result = deployment.invoke("status")
    assert result.exit_code == 1
    assert "which stops that night" in result.stdout
    say(deployment, date(2017, 11, 2), passed=True)
    assert deployment.invoke("status").exit_code == 0


def test_a_night_that_failed_is_1(deployment):
    (deployment.folder / "landing.duckdb").unlink()
    assert deployment.invoke("night", LAST, "--rebuild").exit_code == 1
    result = deployment.invoke("status")
    assert result.exit_code == 1
    assert f"Night {LAST} was not built: clean: Nothing has landed in profile sample yet." in result.stdout
    assert f"run it again: recsys night {LAST}" in result.stdout


def test_a_live_deployment_whose_readers_are_late_is_1(tmp_path):
    live = sample.new(tmp_path / "live", "live", {"last_night": ""})
    live.land()
    result = live.invoke("status")
    assert result.exit_code == 1
    assert "readers are late, they see nothing yet" in result.stdout
    assert "none is built" in result.stdout
    with live.active():
        (live.data / "transactions_broken.parquet").write_text("no parquet")
        assert live.invoke("land", live.data / "transactions_broken.parquet").exit_code == 1
    assert "transactions_broken.parquet: " in live.invoke("status").stdout


def test_a_file_in_quarantine_is_3(deployment):
    (deployment.data / "transactions_broken.parquet").write_text("no parquet")
    assert deployment.invoke("land", deployment.data / "transactions_broken.parquet").exit_code == 1
    assert deployment.invoke("status").exit_code == 3


def test_nothing_there_yet_is_no_trouble(tmp_path):
    empty = sample.new(tmp_path / "empty")
    result = empty.invoke("status")
    assert result.exit_code == 0, result.output
    assert re.search(r"readers see +nothing", result.stdout)
    assert not (empty.folder / "landing.duckdb").exists()
