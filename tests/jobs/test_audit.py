"""The audit in Dagster and on the command line; leaks are in tests/leaks/, the confinement in test_confinement."""

import json
import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime

import psutil
import pytest
from dagster import AssetKey, DagsterInstance, SkipReason, build_schedule_context
from pydantic import ValidationError

from recsys_assets.profile import Profile
from recsys_assets.profile_file import load_profile
from recsys_jobs.audit import landlock
from recsys_jobs.audit.ahead import Ahead
from recsys_jobs.audit.asset import AUDIT, CHECK
from recsys_jobs.audit.outcome import Audit, AuditFailed, Difference
from recsys_jobs.audit.report import compared_rows, markdown, verdict
from recsys_jobs.automation import weekly_audit
from recsys_jobs.definitions import build_definitions
from recsys_jobs.graph import asset_order
from tests.helpers import sample
from tests.leaks import outside
from tests.leaks.harness import copy_project, edit_project

NIGHT = sample.NIGHTS[1]

RUN = """
import sys
from datetime import date
from recsys_assets.profile_file import load_profile
from recsys_jobs.audit.future import audit_sample
from recsys_jobs.audit.report import verdict
from recsys_jobs.graph import asset_order
profile = load_profile(sys.argv[1])
print(verdict(audit_sample(profile, date.fromisoformat(sys.argv[2]), print, asset_order(profile))))
"""


def test_every_night_is_audited_unless_a_profile_says_otherwise():
    given = load_profile("complete_journey")
    assert given.audit == "sample"
    for setting, is_part in (("sample", True), ("full", True), ("off", False)):
        profile = given.model_copy(update={"audit": setting})
        definitions = build_definitions(profile)
        nightly = definitions.resolve_job_def("nightly").asset_layer.executable_asset_keys
        assert (AssetKey(["audits", "future"]) in nightly) is is_part
        graph = definitions.resolve_asset_graph()
        release = graph.get(AssetKey(["releases", "published"]))
        assert (AssetKey(["audits", "future"]) in release.parent_keys) is is_part, "nothing is published before it"


def test_a_switch_of_earlier_versions_is_understood():
    given = load_profile("movielens").model_dump(mode="json")
    read = {
        switch: Profile.model_validate_json(json.dumps(given | {"audit": switch})).audit for switch in (True, False)
    }
    assert read == {True: "full", False: "off"}
    with pytest.raises(ValidationError):
        Profile.model_validate_json(json.dumps(given | {"audit": "sometimes"}))


def test_the_newest_night_is_audited_wholly_on_sundays(built, tmp_path):
    live = built.profile.inside(tmp_path, last_night=None)
    with DagsterInstance.ephemeral() as instance:
        context = build_schedule_context(instance, scheduled_execution_time=datetime(2017, 11, 5, 12))
        for unasked in (built.profile, live):
            assert isinstance(weekly_audit(unasked, AUDIT)(context), SkipReason), "history, and a shop without a night"
        asked = weekly_audit(built.profile.inside(built.data, last_night=None), AUDIT)(context)
    assert asked.partition_key == str(sample.NIGHTS[-1])


def test_a_sample_of_a_night_passes_and_leaves_everything_as_it_was(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    before, told = deployment.content(), []
    with deployment.active():
        begun = Ahead(deployment.profile, NIGHT, asset_order(deployment.profile))
        audit = begun.result(told.append)
        begun.stop()
    assert audit.passed, audit.differences
    names = {asset for asset, _ in audit.compared}
    assert {"clean.events", "models.als", "recommendations.lists", "release serving.users", "release macros"} <= names
    assert all(prints["plain"] == prints["altered"] for _, prints in audit.compared)
    assert 0.3 < audit.users < 0.5, "50 of 125 users"
    assert audit.confined_by.startswith("Landlock") is bool(landlock.version())
    assert f"for {audit.users:.1%} of its users" in verdict(audit)
    assert audit.confined_by in verdict(audit)
    assert any("recommendations.lists" in line for line in told)
    assert deployment.content() == before
    assert not [path for path in (deployment.folder / "tmp").rglob("*") if path.name != ".lock" and path.is_file()]


@pytest.mark.slow
def test_a_leak_is_named_by_the_sample(built, tmp_path):
    (leak,) = [leak for leak in outside.LEAKS if leak.name == "the day of today"]
    deployment, project = built.copy(tmp_path / "copy"), copy_project(tmp_path / "project")
    edit_project(project, leak.edits)
    done = subprocess.run(
        [sys.executable, "-P", "-c", RUN, str(deployment.profile_file), str(NIGHT)],
        env=deployment.environment | {"PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert re.search(rf"Night {NIGHT} is NOT future-blind: models\.\w+: it changes when .* altered", done.stdout), (
        done.stdout[-2000:] + done.stderr[-2000:]
    )


BEGIN = """
import os, sys
from datetime import date
from recsys_assets.profile_file import load_profile
from recsys_jobs.audit.ahead import Ahead
from recsys_jobs.graph import asset_order
profile = load_profile(sys.argv[1])
print(Ahead(profile, date.fromisoformat(sys.argv[2]), asset_order(profile))._process.pid, flush=True)
os._exit(1)
"""


def group_is_gone(leader: int) -> bool:
    """Whether no process of a group is left within a few seconds; zombies that nobody waits for do not count."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        running = [p for p in psutil.process_iter(["status"]) if p.info["status"] != psutil.STATUS_ZOMBIE]
        with suppress(psutil.Error):
            if not [p for p in running if os.getpgid(p.pid) == leader]:
                return True
        time.sleep(0.1)
    return False


def test_what_nobody_waits_for_ends(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    with deployment.active():
        begun = Ahead(deployment.profile, NIGHT, asset_order(deployment.profile))
        pid = begun._process.pid
        begun.stop()
        begun.stop()
    assert group_is_gone(pid)
    done = subprocess.run(
        [sys.executable, "-c", BEGIN, str(deployment.profile_file), str(NIGHT)],
        env=deployment.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert group_is_gone(int(done.stdout)), done.stderr


def test_a_night_that_cannot_be_audited_says_why(built, tmp_path):
    nothing = built.profile.inside(tmp_path)
    begun = Ahead(nothing, NIGHT, asset_order(nothing))
    with pytest.raises(AuditFailed, match="Nothing has landed in profile"):
        begun.result(str)
    begun.stop()


def test_a_process_that_dies_is_no_proof(built, tmp_path):
    deployment = built.copy(tmp_path / "copy")
    with deployment.active():
        begun = Ahead(deployment.profile, NIGHT, asset_order(deployment.profile))
        begun._process.kill()
        with pytest.raises(AuditFailed, match=f"The process that audits night {NIGHT} ended with code -9"):
            begun.result(str)
        begun.stop()


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

    # Promotions came with a night of the log between it and the one built before.
    night, deployment = sample.NIGHTS[-1], built.copy(tmp_path / "copy")
    before = deployment.content()
    with deployment.active(), dagster_instance() as instance:
        job = build_definitions(deployment.profile).resolve_job_def(AUDIT)
        result = job.execute_in_process(partition_key=night.isoformat(), instance=instance)
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.passed) == (CHECK, True), check.description
    rows = deployment.rows(
        "audits.future", night, "asset, lake = plain and deleted = plain and altered = plain, is_equal"
    )
    names = {asset for asset, *_ in rows}
    assert {"clean.events", "features.user_item", "models.als", "recommendations.lists", "grades.summary"} <= names
    assert all(is_equal for _, _, is_equal in rows)
    told = {asset for asset, same, _ in rows if not same}
    assert told == {n for n in names if n.startswith("release meta.")}, "when and by which run is told there"
    assert "tracking.mlflow" in names
    after = {name: print_ for name, print_ in deployment.content().items() if not name.startswith("audits.future")}
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
    assert "the lake was not compared" in done.stdout
    assert "EQUAL   grades.summary" in done.stdout


def test_a_night_that_cannot_be_audited_is_a_sentence(tmp_path):
    deployment = sample.new(tmp_path / "empty")
    none = deployment.recsys("audit", "future")
    assert (none.returncode, "No night of profile sample is built yet" in none.stderr) == (1, True)
    outside = deployment.recsys("audit", "future", "--night", "2016-01-01")
    assert (outside.returncode, "cannot be built" in outside.stderr) == (1, True)
