"""`dagster dev` as people start it: nights launched from its pages, a file landed by its sensor."""

import os
import re
import shutil
import signal
import time
from datetime import date
from itertools import pairwise

import pytest

from recsys_assets.assets.raw import history_files, land_files
from recsys_assets.storage.landing.database import Landing
from tests.helpers import sample
from tests.helpers.sample import NIGHTS, Deployment
from tests.jobs.pages import ask, dagster_dev, launch_one, launch_several, runs, succeed, wait

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore:Using variable_values:DeprecationWarning"),
]

BACKFILLS = """{
  partitionBackfillsOrError {
    ... on PartitionBackfills {
      results { id status jobName partitionSet { name } partitionStatusCounts { runStatus count } }
    }
  }
}"""


@pytest.fixture
def deployment(tmp_path) -> Deployment:
    """The history has landed; no night is built."""
    new_deployment = sample.new(tmp_path / "deployment")
    with new_deployment.active():
        files = [file for file in history_files(new_deployment.profile) if file.name != sample.LATE]
        land_files(new_deployment.profile, files, "history", lambda text: None)
    return new_deployment


def test_a_night_is_launched_and_a_file_is_landed(deployment, tmp_path):
    twin = deployment.copy(tmp_path / "twin")
    with dagster_dev(deployment, tmp_path / "dagster.log") as port:
        run_id = launch_one(port, "nightly", NIGHTS[0])
        succeed(port, 600, runIds=[run_id])
        query = "select night, count(distinct user_id) from serving.recommendations group by night"
        ((night, n_users),) = deployment.released(query)
        assert night == NIGHTS[0]
        assert n_users > 90

        inbox = deployment.folder / "inbox"
        inbox.mkdir()
        shutil.copyfile(deployment.files / sample.LATE, inbox / sample.LATE)
        wait(lambda: ledger(deployment).get(sample.LATE) == ("landed", "arrival"), 300, "the sensor landed nothing")
        succeed(port, 120, pipelineName="land")

    done = twin.recsys("night", NIGHTS[0], timeout=600)
    assert done.returncode == 0, done.stderr
    assert len(twin.content()) > 30
    assert deployment.content() == twin.content()


def test_nights_launched_at_once_are_built_one_by_one_oldest_first(deployment, tmp_path):
    """What the pages' dialogue does with several partitions is a backtest."""
    twin = deployment.copy(tmp_path / "twin")
    with dagster_dev(deployment, tmp_path / "dagster.log") as port:
        backfill = launch_several(port, "nightly", NIGHTS)
        succeed(port, 1200, len(NIGHTS), tags=[{"key": "dagster/backfill", "value": backfill}])
        built = sorted(runs(port, pipelineName="nightly"), key=lambda run: run["startTime"])
    assert [date.fromisoformat(run["tags"]["dagster/partition"]) for run in built] == list(NIGHTS)
    assert all(before["endTime"] <= after["startTime"] for before, after in pairwise(built)), "two at a time"

    done = twin.recsys("backtest", "--from", NIGHTS[0], "--to", NIGHTS[-1], timeout=900)
    assert done.returncode == 0, done.stderr
    assert len(twin.content()) > 90
    assert deployment.content() == twin.content()


def test_a_backtest_of_the_command_line_is_a_backfill_on_the_pages(deployment, tmp_path):
    """The daemon is up meanwhile: it starts none of the backfill's nights by itself."""
    with dagster_dev(deployment, tmp_path / "dagster.log") as port:
        done = deployment.recsys("backtest", "--from", NIGHTS[0], "--to", NIGHTS[1], timeout=900)
        assert done.returncode == 0, done.stderr
        (backfill,) = ask(port, BACKFILLS)["partitionBackfillsOrError"]["results"]
        own = runs(port, tags=[{"key": "dagster/backfill", "value": backfill["id"]}])
        assert runs(port) == own
    assert [run["tags"]["dagster/partition"] for run in own] == [str(night) for night in NIGHTS[:2]]
    assert backfill == {
        "id": backfill["id"],
        "status": "COMPLETED_SUCCESS",
        "jobName": "nightly",
        "partitionSet": {"name": "nightly_partition_set"},
        "partitionStatusCounts": [{"runStatus": "SUCCESS", "count": 2}],
    }


def test_a_run_whose_process_dies_is_tried_once_more_and_one_that_fails_is_not(deployment, tmp_path):
    with dagster_dev(deployment, tmp_path / "dagster.log") as port:
        killed = launch_one(port, "nightly", NIGHTS[0])
        wait(lambda: process_of(deployment, killed), 120, "the run did not begin")
        os.kill(process_of(deployment, killed), signal.SIGKILL)
        (again,) = wait_for(port, killed)
        succeed(port, 900, runIds=[again["id"]])
        assert runs(port, runIds=[killed])[0]["status"] == "FAILURE"

        (deployment.folder / "landing.duckdb").unlink()
        failed = launch_one(port, "nightly", NIGHTS[1])
        wait(lambda: runs(port, runIds=[failed])[0]["status"] == "FAILURE", 300, "the run did not fail")
        wait(lambda: runs(port, runIds=[failed])[0]["tags"].get("dagster/will_retry") == "false", 60, "not decided")
        time.sleep(15)  # The daemon looks every five seconds.
        assert len(runs(port, pipelineName="nightly")) == 3


def wait_for(port: int, parent: str) -> list[dict]:
    """The runs that were made because another one ended, once there is one."""
    tags = [{"key": "dagster/parent_run_id", "value": parent}]
    wait(lambda: runs(port, tags=tags), 300, "nothing was tried again")
    return runs(port, tags=tags)


def process_of(deployment: Deployment, run_id: str) -> int | None:
    """The process that carries a run, once it makes something."""
    from recsys_jobs.run import dagster_instance

    with deployment.active(), dagster_instance() as instance:
        said = "\n".join(entry.message for entry in instance.all_logs(run_id))
    found = re.search(r"Executing steps in process \(pid: (\d+)\)", said)
    return int(found[1]) if found and 'Started execution of step "clean"' in said else None


def ledger(deployment: Deployment) -> dict[str, tuple[str, str]]:
    with deployment.active():
        return {row["name"]: (row["status"], row["kind"]) for row in Landing(deployment.profile).files().to_pylist()}
