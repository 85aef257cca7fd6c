"""`recsys backtest`: one backfill, oldest first, that stops where a night fails and goes on from there."""

import csv
from datetime import date, timedelta

import pytest
from typer.testing import CliRunner

from recsys_jobs.cli import app
from recsys_jobs.staleness import nights_to_build
from tests.helpers.sample import HORIZON, NIGHTS

FIRST, SECOND, LAST = NIGHTS
NEXT = LAST + timedelta(days=HORIZON)


def backtest(deployment, first, last, *more):
    arguments = ["backtest", "--from", str(first), "--to", str(last), *more]
    with deployment.active():
        result = CliRunner(env={"COLUMNS": "160"}).invoke(app, arguments)
    return result.exit_code, " ".join(result.output.split()), " ".join(result.stderr.split())


def backfills(deployment):
    """Title, status, nights and runs (night, status) of every backfill on the instance, oldest first."""
    from dagster import RunsFilter

    from recsys_jobs.run import dagster_instance

    with deployment.active(), dagster_instance() as instance:
        records = sorted(instance.get_backfills(), key=lambda record: record.backfill_timestamp)
        runs = [instance.get_runs(RunsFilter(tags={"dagster/backfill": record.backfill_id})) for record in records]
    return [
        (
            record.title,
            record.status.value,
            list(record.partition_names),
            sorted((run.tags["dagster/partition"], run.status.value) for run in own),
        )
        for record, own in zip(records, runs, strict=True)
    ]


def test_nights_that_are_built_are_not_built_again_and_their_grades_are_shown_and_written(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    before = deployment.content()
    code, output, _ = backtest(deployment, FIRST, LAST)
    assert code == 0
    assert "3 of 3 nights are built and up to date." in output
    assert backfills(deployment) == []
    assert deployment.content() == before
    for title in ("Grades over nights", f"All nights graded up to {LAST}", "Differences on the same user-nights"):
        assert title in output

    folder = deployment.folder / "backtests" / f"{FIRST}_{LAST}"
    assert f"Written: {folder}" in output
    assert (folder / "grades.png").read_bytes().startswith(b"\x89PNG")
    with (folder / "grades.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["night"] for row in rows} == {str(SECOND), str(LAST)}
    with (folder / "pooled.csv").open() as file:
        pooled = list(csv.DictReader(file))
    assert len(pooled) == len(deployment.rows("grades.pooled", LAST))
    (mean,) = [
        float(row["mean"])
        for row in pooled
        if tuple(row[name] for name in ("task", "users", "algorithm", "metric", "k"))
        == ("next", "known", "published", "ndcg", "10")
    ]
    assert f"{mean:.4f}" in output
    assert (folder / "comparisons.csv").exists()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_failed_night_stops_it_and_run_again_it_goes_on(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    in_the_way = deployment.folder / "lake" / "recommendations" / "lists" / f"night={NEXT}"
    in_the_way.touch()  # It is a file where a folder must be.
    code, output, error = backtest(deployment, SECOND, NEXT)
    assert code == 1
    assert "2 of 3 nights are built and up to date." in output
    assert f"Night {NEXT} failed in recommendations__lists" in error
    assert "The backtest stops there, with 1 of 3 nights left." in error
    assert deployment.lake.built_nights() == list(NIGHTS)

    in_the_way.unlink()
    code, output, error = backtest(deployment, SECOND, NEXT)
    assert code == 0, error
    assert "2 of 3 nights are built and up to date." in output
    assert deployment.lake.built_nights() == [*NIGHTS, NEXT]
    title = f"recsys backtest, {NEXT} to {NEXT}"
    assert backfills(deployment) == [
        (title, "COMPLETED_FAILED", [str(NEXT)], [(str(NEXT), "FAILURE")]),
        (title, "COMPLETED_SUCCESS", [str(NEXT)], [(str(NEXT), "SUCCESS")]),
    ]
    assert max(deployment.rows("grades.pooled", NEXT, "n_nights")) == (3,)
    assert backtest(deployment, FIRST, NEXT)[1].startswith("4 of 4 nights are built and up to date.")


def test_a_night_is_built_again_when_what_it_was_made_from_changed(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    profile = deployment.profile

    def left(profile=profile):
        with deployment.active():
            return nights_to_build(profile, list(NIGHTS))

    assert left() == []
    with deployment.active():
        assert nights_to_build(profile, [NEXT, FIRST]) == [NEXT]
        assert nights_to_build(profile, [LAST, SECOND - timedelta(days=1)]) == [SECOND - timedelta(days=1), LAST]
    assert left(profile.model_copy(update={"title": "The same by another name"})) == []
    shorter = profile.model_copy(update={"list_length": 15})
    assert left(shorter) == list(NIGHTS)
    deployment.build(SECOND, profile=shorter, only=["recommendations.lists"])  # LAST has graded the lists as they were.
    assert left() == [SECOND, LAST]
    deployment.lake.partition("features.user", SECOND).path.unlink()
    assert left() == [SECOND, LAST]


@pytest.mark.timeout(600)
def test_a_night_built_in_between_makes_those_after_it_build_again(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    deployment.build(date(2017, 10, 30), checks=False)
    with deployment.active():
        assert nights_to_build(deployment.profile, list(NIGHTS)) == [LAST]
