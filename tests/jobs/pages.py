"""`dagster dev` as people start it, and what its pages send when a person launches something."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

from dagster_graphql import DagsterGraphQLClient

from recsys_assets.profile import PROJECT
from tests.helpers.sample import Deployment

JOB = {"repositoryLocationName": "recsys", "repositoryName": "__repository__"}
FROM_UI = {"key": "dagster/from_ui", "value": "true"}
ASSETS = """
query Assets($pipeline: PipelineSelector!) {
  assetNodes(pipeline: $pipeline) {
    assetKey { path }
    assetChecksOrError { ... on AssetChecks { checks { name jobNames } } }
  }
}
"""
TAGS_OF_PARTITION = """
query Tags(
  $repositoryName: String!, $repositoryLocationName: String!, $jobName: String!, $night: String!,
  $assetKeys: [AssetKeyInput!]!
) {
  pipelineOrError(params: {
    pipelineName: $jobName, repositoryName: $repositoryName, repositoryLocationName: $repositoryLocationName
  }) {
    ... on Pipeline {
      partition(partitionName: $night, selectedAssetKeys: $assetKeys) {
        runConfigOrError { ... on PartitionRunConfig { yaml } }
        tagsOrError { ... on PartitionTags { results { key value } } }
      }
    }
  }
}
"""
LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { id } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""
BACKFILL = """
mutation Backfill($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""
RUNS = """
query Runs($filter: RunsFilter!) {
  runsOrError(filter: $filter) {
    ... on Runs { results { id status startTime endTime tags { key value } } }
  }
}
"""


@contextmanager
def dagster_dev(
    deployment: Deployment,
    log: Path,
    *,
    daemon: bool = True,
    workspace: Path = PROJECT / "workspace.yaml",
    locations: Sequence[str] = ("recsys",),
) -> Iterator[int]:
    """Port of a running `dagster dev`, its code loaded; it and all that it started are stopped afterwards.

    Without its daemon no schedule and no sensor does anything: pages to look at.
    """
    home = deployment.data / ".dagster"
    home.mkdir(exist_ok=True)
    if not (home / "dagster.yaml").exists():
        shutil.copy(PROJECT / "deploy" / "dagster.yaml", home)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = ["dagster", "dev"] if daemon else ["dagster_webserver"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *program, "-w", str(workspace), "-h", "127.0.0.1", "-p", str(port)],
            env=deployment.environment,
            cwd=workspace.parent,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait(lambda: _answers(port), 120, f"no answer of the pages: {log}")
            wait(lambda: _locations(port) == list(locations), 120, f"the code location was not loaded: {log}")
            yield port
        finally:
            os.killpg(process.pid, signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):  # A code server waits a minute for open calls.
                process.wait(timeout=20)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait(condition: Callable[[], object], seconds: float, otherwise: str) -> None:
    """Until something holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(1)


def ask(port: int, query: str, variables: dict | None = None) -> dict:
    """Answer of the pages' GraphQL server."""
    return DagsterGraphQLClient("127.0.0.1", port_number=port)._execute(query, variables)


def one_night(port: int, job: str, night: date) -> dict:
    """What the dialogue sends to build one night with a job (test_ui.py looks at it in a browser)."""
    assets, checks = _assets(port, job)
    given = ask(port, TAGS_OF_PARTITION, JOB | {"jobName": job, "night": str(night), "assetKeys": assets})
    partition = given["pipelineOrError"]["partition"]
    return {
        "mode": "default",
        "executionMetadata": {"tags": [*partition["tagsOrError"]["results"], FROM_UI]},
        "runConfigData": partition["runConfigOrError"]["yaml"],
        "selector": JOB | {"pipelineName": job, "assetSelection": assets, "assetCheckSelection": checks},
    }


def several_nights(port: int, job: str, nights: Sequence[date]) -> dict:
    """What the dialogue sends to build several nights with a job."""
    return {
        "tags": [FROM_UI],
        "assetSelection": _assets(port, job)[0],
        "partitionNames": [str(night) for night in nights],
        "fromFailure": False,
        "selector": {"partitionSetName": f"{job}_partition_set", "repositorySelector": JOB},
    }


def launch_one(port: int, job: str, night: date) -> str:
    """Build one night as the dialogue does; the run's id."""
    launched = ask(port, LAUNCH, {"params": one_night(port, job, night)})["launchPipelineExecution"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    return launched["run"]["id"]


def launch_several(port: int, job: str, nights: Sequence[date]) -> str:
    """Build several nights as the dialogue does; the backfill's id."""
    launched = ask(port, BACKFILL, {"params": several_nights(port, job, nights)})["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    return launched["backfillId"]


def runs(port: int, **wanted: object) -> list[dict]:
    """Runs that a filter finds, oldest first, their tags as a dictionary."""
    newest_first = ask(port, RUNS, {"filter": wanted})["runsOrError"]["results"]
    return [run | {"tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in reversed(newest_first)]


def succeed(port: int, seconds: float, n: int = 1, **wanted: object) -> list[dict]:
    """Wait for runs to end; all of them must succeed."""
    ended = {"SUCCESS", "FAILURE", "CANCELED"}
    wait(lambda: [run["status"] in ended for run in runs(port, **wanted)] == [True] * n, seconds, "still running")
    ended_runs = runs(port, **wanted)
    assert [run["status"] for run in ended_runs] == ["SUCCESS"] * n
    return ended_runs


def _answers(port: int) -> bool:
    try:
        return b"dagster_webserver_version" in urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info").read()
    except OSError:
        return False


def _locations(port: int) -> list[str]:
    query = "{ repositoriesOrError { ... on RepositoryConnection { nodes { location { name } } } } }"
    return [node["location"]["name"] for node in ask(port, query)["repositoriesOrError"].get("nodes", [])]


def _assets(port: int, job: str) -> tuple[list[dict], list[dict]]:
    """Keys of a job's assets and of the checks it runs."""
    nodes = ask(port, ASSETS, {"pipeline": JOB | {"pipelineName": job}})["assetNodes"]
    checks = [
        {"assetKey": node["assetKey"], "name": check["name"]}
        for node in nodes
        for check in node["assetChecksOrError"].get("checks", [])
        if not check["jobNames"] or job in check["jobNames"]
    ]
    return [node["assetKey"] for node in nodes], checks
