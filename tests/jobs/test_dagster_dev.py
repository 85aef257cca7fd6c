"""`dagster dev` as people start it: a night launched from its pages, a file landed by its sensor."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from dagster_graphql import DagsterGraphQLClient

from recsys_assets.assets.raw import history_files, land_files
from recsys_assets.profile import PROJECT
from recsys_assets.storage.landing import Landing
from tests import sample
from tests.sample import NIGHTS, Deployment

FIRST = NIGHTS[0]
LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""


@pytest.fixture
def deployment(tmp_path) -> Deployment:
    found = sample.new(tmp_path / "deployment")
    with found.active():
        files = [file for file in history_files(found.profile) if file.name != sample.LATE]
        land_files(found.profile, files, "history", lambda text: None)
    (found.data / ".dagster").mkdir()
    shutil.copy(PROJECT / "deploy" / "dagster.yaml", found.data / ".dagster")
    return found


@pytest.fixture
def port(deployment, tmp_path) -> Iterator[int]:
    """Port of a running `dagster dev`; it and all that it started are stopped afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    with (tmp_path / "dagster.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(number)],
            env=deployment.environment,
            cwd=PROJECT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait(lambda: answers(number), 120, "no answer of the pages")
            yield number
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(timeout=60)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def answers(port: int) -> bool:
    try:
        return b"dagster_webserver_version" in urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info").read()
    except OSError:
        return False


def wait(condition: Callable[[], object], seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(1)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore:Using variable_values:DeprecationWarning")
def test_a_night_is_launched_and_a_file_is_landed(deployment, port):
    client = DagsterGraphQLClient("127.0.0.1", port_number=port)
    wait(lambda: locations(client) == ["recsys"], 120, "the code location was not loaded")
    params = {
        "selector": {
            "repositoryLocationName": "recsys",
            "repositoryName": "__repository__",
            "jobName": "nightly",
        },
        "runConfigData": {},
        "executionMetadata": {"tags": [{"key": "dagster/partition", "value": str(FIRST)}]},
    }
    launched = client._execute(LAUNCH, {"params": params})["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    run_id = launched["run"]["runId"]
    wait(lambda: client.get_run_status(run_id).value in {"SUCCESS", "FAILURE", "CANCELED"}, 300, "still running")
    assert client.get_run_status(run_id).value == "SUCCESS"
    query = "select night, count(distinct user_id) from serving.recommendations group by night"
    ((night, n_users),) = deployment.released(query)
    assert night == FIRST
    assert n_users > 90

    inbox = deployment.folder / "inbox"
    inbox.mkdir()
    shutil.copyfile(deployment.files / sample.LATE, inbox / sample.LATE)
    wait(lambda: ledger(deployment).get(sample.LATE) == ("landed", "arrival"), 150, "the sensor landed nothing")
    wait(lambda: landings(client) == ["SUCCESS"], 60, "the run that landed it did not succeed")


def locations(client: DagsterGraphQLClient) -> list[str]:
    query = "{ repositoriesOrError { ... on RepositoryConnection { nodes { location { name } } } } }"
    nodes = client._execute(query)["repositoriesOrError"].get("nodes", [])
    return [node["location"]["name"] for node in nodes]


def landings(client: DagsterGraphQLClient) -> list[str]:
    query = '{ runsOrError(filter: {pipelineName: "land"}) { ... on Runs { results { status } } } }'
    return [run["status"] for run in client._execute(query)["runsOrError"]["results"]]


def ledger(deployment: Deployment) -> dict[str, tuple[str, str]]:
    with deployment.active():
        return {row["name"]: (row["status"], row["kind"]) for row in Landing(deployment.profile).files().to_pylist()}
