"""Nothing is reported to anyone: whatever is run, no process asks for an address beyond this machine."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import typer

from recsys_assets.telemetry import SWITCHES
from recsys_jobs.cli import app
from tests.helpers.committed import PROJECT
from tests.helpers.project import copy_project
from tests.helpers.sample import NIGHTS, Deployment
from tests.jobs.pages import dagster_dev, launch_one, succeed

REFUSING = """
import os, sys

def refuse(event, args):
    if event == "socket.connect" or event == "socket.sendto":
        address = args[1]
        host = address[0] if isinstance(address, tuple) else ""
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = args[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host or ""
    if host not in ("", "localhost", "::1", "0.0.0.0") and not host.startswith("127."):
        with open(os.environ["ASKED_FOR"], "a") as log:
            print(event, host, *sys.argv[:3], file=log)
        raise PermissionError(f"this test refuses {event} of {host}")

sys.addaudithook(refuse)
"""
# MLflow reports nothing by itself where one of these says that a test or continuous integration runs.
SAID_ELSEWHERE = {*SWITCHES, "PYTEST_CURRENT_TEST", "PYTEST_VERSION", "CI", "GITHUB_ACTIONS", "BUILDKITE", "TF_BUILD"}
FILE = "shop,user,item,ts\n" + "".join(f"a,u{n % 7},i{n % 5},2017-10-{n % 20 + 1:02d} 10:00:00\n" for n in range(60))
SHORT = {
    "init": "told_nobody --file purchases.csv",
    "land": "",
    "night": str(NIGHTS[-1]),
    "check": "--select releases",
    "status": "",
    "releases": "",
    "export": "--to parquet",
    "query": "'select count(*) from serving.items'",
    "why": "{user} {item}",
    "costs": "",
    "tune": "--algorithm popularity --trials 2",
    "prune": "",
    "backtest": f"--from {NIGHTS[-1]} --to {NIGHTS[-1]}",
    "rollback": "",
    "keys add": "shop",
    "keys remove": "shop",
}
"""Arguments of each command, in an order in which each has something to do."""
LONG = {
    "demo": "",
    "replay": "--files {days} --days 1",
    "audit future": f"--night {NIGHTS[-1]}",
}
RUN_ALL = """
import shlex, sys
from recsys_jobs.cli import app
for line in sys.argv[1:]:
    print(">", line, flush=True)
    try:
        app(shlex.split(line), standalone_mode=False)
    except SystemExit as end:
        sys.exit(f"{line}: exit code {end.code}") if end.code else None
"""


@dataclass(frozen=True)
class Refusing(Deployment):
    """A deployment whose every Python process refuses to leave this machine, and notes what it was asked for."""

    project: Path = PROJECT

    @property
    def environment(self) -> dict[str, str]:
        site = self.data / "site"
        site.mkdir(exist_ok=True)
        (site / "sitecustomize.py").write_text(REFUSING)
        kept = {name: value for name, value in super().environment.items() if name not in SAID_ELSEWHERE}
        return kept | {"PYTHONPATH": f"{site}:{self.project}", "ASKED_FOR": str(self.data / "asked for")}

    @property
    def asked_for(self) -> str:
        log = self.data / "asked for"
        return log.read_text() if log.exists() else ""

    def run(self, *command: str, timeout: float = 250) -> None:
        """Run a command of Python; it must succeed, and ask for nothing."""
        done = subprocess.run(
            [sys.executable, *command],
            env=self.environment,
            cwd=self.data,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert self.asked_for == ""


@pytest.fixture
def deployment(built: Deployment, tmp_path: Path) -> Refusing:
    """The sample before its last night, in a copy of the project where ``recsys init`` may write."""
    copy = built.copy_before_last(tmp_path / "data")
    return Refusing(copy.data, copy.profile_file, copy_project(tmp_path / "project"))


def all_commands(group: typer.core.TyperGroup, before: str = "") -> set[str]:
    names = set()
    for name, command in group.commands.items():
        names |= all_commands(command, f"{name} ") if hasattr(command, "commands") else {before + name}
    return names


def test_every_command_is_tried() -> None:
    # `serve` runs until it is told to end; `tests/serving` holds it to this machine.
    assert all_commands(typer.main.get_command(app)) == {*SHORT, *LONG, "serve"}


@pytest.mark.slow
def test_a_night_and_the_short_commands_ask_for_no_address(deployment: Refusing) -> None:
    (deployment.data / "purchases.csv").write_text(FILE)
    ((user, item),) = deployment.released("select user_id, item_id from serving.recommendations order by all limit 1")
    lines = [f"{name} {arguments}".format(user=user, item=item) for name, arguments in SHORT.items()]
    deployment.run("-c", RUN_ALL, *lines)


@pytest.mark.slow
def test_the_long_commands_ask_for_no_address(deployment: Refusing, tmp_path: Path) -> None:
    days = tmp_path / "days"
    days.mkdir()
    with duckdb.connect() as con:
        con.execute(
            f"copy (from '{deployment.files}/transactions_2.parquet' where transaction_timestamp::date = '2017-11-01') "
            f"to '{days}/transactions_2017-11-01.parquet'"
        )
    deployment.run(
        "-c", RUN_ALL, *[f"{name} {arguments}".format(days=days) for name, arguments in LONG.items()], timeout=900
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore:Using variable_values:DeprecationWarning")
def test_dagster_dev_asks_for_no_address_whatever_its_settings_say(built: Deployment, tmp_path: Path) -> None:
    copy = built.copy_before_last(tmp_path / "data")
    deployment = Refusing(copy.data, copy.profile_file)
    (deployment.data / ".dagster" / "dagster.yaml").write_text("# Nothing is switched off here.\n")
    with dagster_dev(deployment, tmp_path / "dagster.log") as port:
        succeed(port, 600, runIds=[launch_one(port, "nightly", NIGHTS[-1])])
    assert deployment.asked_for == ""


@pytest.mark.parametrize("package", ["recsys_assets", "recsys_jobs", "recsys_serving", "benchmarks"])
def test_whatever_is_imported_first_turns_all_of_it_off(package: str) -> None:
    program = f"import os, {package}; print(*(os.environ.get(name) for name in {list(SWITCHES)}))"
    environment = {name: value for name, value in os.environ.items() if name not in SWITCHES}
    environment["MLFLOW_DISABLE_TELEMETRY"] = "false"
    run = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert run.stdout.split() == list(SWITCHES.values()), run.stderr


def test_dagsters_own_commands_load_the_same_switches() -> None:
    lines = [line for line in (PROJECT / ".env").read_text().splitlines() if line and not line.startswith("#")]
    assert dict(line.split("=", 1) for line in lines) == SWITCHES
    units = (PROJECT / "deploy" / "systemd").glob("*.service")
    assert {"WorkingDirectory=/srv/recsys"} <= set.intersection(*(set(unit.read_text().splitlines()) for unit in units))


def test_the_refusal_is_noticed(built: Deployment, tmp_path: Path) -> None:
    refusing = Refusing(tmp_path, built.profile_file)
    program = "import urllib.request as r\ntry: r.urlopen('http://telemetry.example/')\nexcept OSError: pass"
    with pytest.raises(AssertionError, match=r"telemetry\.example"):
        refusing.run("-c", program)
