"""The schedule at each close, and the sensor that lands files put into the inbox."""

import json
import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dagster import DagsterInstance, RunRequest, SkipReason, build_schedule_context, build_sensor_context

from recsys_assets.storage.landing.database import Landing
from recsys_jobs import automation
from recsys_jobs.definitions import build_definitions
from tests.helpers import sample


@pytest.fixture
def deployment(tmp_path):
    new_deployment = sample.new(tmp_path / "deployment")
    with new_deployment.active():
        yield new_deployment


def evaluate_schedule(profile, at):
    definitions = build_definitions(profile)
    schedule = definitions.resolve_schedule_def("nightly_at_close")
    with DagsterInstance.ephemeral() as instance:
        context = build_schedule_context(
            instance=instance,
            scheduled_execution_time=at.replace(tzinfo=UTC),
            repository_def=definitions.get_repository_def(),
        )
        return schedule.cron_schedule, schedule.execution_timezone, schedule.evaluate_tick(context)


@pytest.mark.parametrize(("grace", "cron", "at"), [(2.0, "0 2", (2, 0)), (0.5, "30 0", (0, 30)), (0.0, "0 0", (0, 0))])
def test_the_schedule_builds_the_night_that_closes_at_that_instant(deployment, grace, cron, at):
    live = deployment.profile.model_copy(update={"last_night": None, "grace_hours": grace})
    cron_schedule, timezone, tick = evaluate_schedule(live, datetime(2024, 5, 17, *at))
    assert (cron_schedule, timezone) == (f"{cron} * * *", "UTC")
    (request,) = tick.run_requests
    assert request.partition_key == "2024-05-16"
    assert request.run_key == "2024-05-16"


def test_a_whole_day_of_grace_closes_a_day_later(deployment):
    live = deployment.profile.model_copy(update={"last_night": None, "grace_hours": 24.0})
    cron, _, tick = evaluate_schedule(live, datetime(2024, 5, 17))
    assert cron == "0 0 * * *"
    assert tick.run_requests[0].partition_key == "2024-05-15"


def test_history_is_skipped_and_says_so(deployment):
    _, _, tick = evaluate_schedule(deployment.profile, datetime(2024, 5, 17, 2))
    assert tick.run_requests == []
    assert "Profile sample is history: its last night is 2017-11-10" in tick.skip_message
    assert "recsys night" in tick.skip_message


def test_nights_before_the_first_are_skipped(deployment):
    _, _, tick = evaluate_schedule(deployment.profile, datetime(2017, 10, 24, 2))
    assert tick.run_requests == []
    assert "before the profile's first night, 2017-10-24" in tick.skip_message


class Inbox:
    """The inbox of a deployment under its sensor; `tick` is one evaluation, with the cursor of the one before."""

    def __init__(self, deployment):
        self.profile = deployment.profile
        self.files = deployment.files
        self.folder = deployment.folder / "inbox"
        self.folder.mkdir(parents=True)
        self.cursor = None
        self.instance = DagsterInstance.ephemeral()
        self.restart()

    def restart(self):
        """Load the definitions afresh, as a daemon does that starts."""
        self.definitions = build_definitions(self.profile)

    def drop(self, given, name=None, age=60.0):
        target = self.folder / (name or given)
        shutil.copyfile(self.files / given, target)
        changed = time.time() - age
        os.utime(target, (changed, changed))
        return target

    def tick(self):
        """Evaluate the sensor."""
        sensor = self.definitions.resolve_sensor_def("landing_inbox")
        with build_sensor_context(self.instance, cursor=self.cursor) as context:
            (result,) = list(sensor(context))
            self.cursor = context.cursor or self.cursor
        return result

    def asked_for(self):
        """Names of the files the next tick wants to land."""
        result = self.tick()
        if isinstance(result, SkipReason):
            return []
        assert isinstance(result, RunRequest)
        return [Path(path).name for path in result.run_config["ops"]["landing"]["config"]["files"]]

    def run(self, request):
        """Run the job as the daemon does, with the key of the request; returns whether it succeeded."""
        job = self.definitions.resolve_job_def("land")
        tags = {"dagster/run_key": request.run_key}
        return job.execute_in_process(
            instance=self.instance, run_config=request.run_config, tags=tags, raise_on_error=False
        ).success


@pytest.fixture
def inbox(deployment):
    new_inbox = Inbox(deployment)
    with new_inbox.instance:
        yield new_inbox


def test_files_whose_run_fails_are_asked_for_again_until_they_are_in(inbox):
    names = ["products.parquet", "transactions_1.parquet"]
    _, second = (inbox.drop(name) for name in names)
    request = inbox.tick()
    assert inbox.asked_for() == [], "a run that has not ended is waited for"
    away = second.rename(inbox.folder.parent / "away.parquet")
    assert not inbox.run(request)
    away.rename(second)
    again = inbox.tick()
    assert [Path(path).name for path in again.run_config["ops"]["landing"]["config"]["files"]] == names
    assert again.run_key != request.run_key
    assert inbox.run(again)
    assert inbox.asked_for() == []
    ledger = Landing(inbox.profile).files().to_pylist()
    assert [(file["name"], file["status"]) for file in ledger] == [(name, "landed") for name in names]


def test_a_file_whose_runs_keep_failing_is_given_up_and_named_until_it_changes(inbox):
    file = inbox.drop("products.parquet")
    for attempt in range(automation.MAX_ATTEMPTS):
        request = inbox.tick()
        assert isinstance(request, RunRequest), attempt
        request.run_config["ops"]["landing"]["config"]["files"] = [str(file.with_name("products_gone.parquet"))]
        assert not inbox.run(request)
    for _ in range(2):
        assert "3 runs failed that were to land products.parquet: see them" in inbox.tick().skip_message
    os.utime(file, (time.time() - 30, time.time() - 30))
    assert inbox.asked_for() == ["products.parquet"]
    inbox.drop("transactions_1.parquet")
    assert inbox.asked_for() == ["transactions_1.parquet"], "others are asked for as ever"


def test_each_new_file_is_landed_exactly_once_also_over_restarts(inbox):
    inbox.drop("products.parquet")
    inbox.drop("transactions_1.parquet")
    assert inbox.asked_for() == ["products.parquet", "transactions_1.parquet"]
    inbox.restart()
    assert inbox.asked_for() == []
    inbox.drop("transactions_2.parquet")
    assert inbox.asked_for() == ["transactions_2.parquet"]
    assert inbox.asked_for() == []


def test_a_changed_file_is_landed_again(inbox):
    inbox.drop("transactions_1.parquet")
    first = inbox.tick()
    inbox.drop("transactions_2.parquet", name="transactions_1.parquet", age=30)
    second = inbox.tick()
    assert isinstance(second, RunRequest)
    assert second.run_config == first.run_config
    assert second.run_key != first.run_key
    assert inbox.asked_for() == []


def test_a_growing_file_waits_until_it_is_whole(inbox):
    file = inbox.drop("transactions_1.parquet", age=automation.SETTLED_SECONDS / 5)
    assert inbox.asked_for() == []
    settled = time.time() - automation.SETTLED_SECONDS - 1
    os.utime(file, (settled, settled))
    assert inbox.asked_for() == ["transactions_1.parquet"]


@pytest.mark.parametrize(
    "name", [".transactions_1.parquet", "transactions_1.parquet.part", "transactions_1.parquet.tmp"]
)
def test_hidden_and_unfinished_names_are_left_alone(inbox, name):
    inbox.drop("transactions_1.parquet", name=name)
    result = inbox.tick()
    assert isinstance(result, SkipReason)
    assert name not in result.skip_message


def test_a_name_no_delivery_has_is_reported_and_does_not_stop_the_others(inbox):
    inbox.drop("transactions_1.parquet", name="prices.csv")
    assert "no delivery matches prices.csv" in inbox.tick().skip_message
    inbox.drop("products.parquet")
    assert inbox.asked_for() == ["products.parquet"]


def test_a_name_that_is_no_utf8_lands_and_links_and_pipes_are_named_and_left_alone(inbox, tmp_path):
    inbox.drop("products.parquet", name=os.fsdecode(b"products_\xe9.parquet"))
    (inbox.folder / "products_link.parquet").symlink_to("/etc/passwd")
    os.mkfifo(inbox.folder / "products_pipe.parquet")
    request = inbox.tick()
    with DagsterInstance.local_temp(str(tmp_path)) as inbox.instance:  # It keeps runs in files, as a daemon does.
        assert inbox.run(request)
    (file,) = Landing(inbox.profile).files().to_pylist()
    assert (file["name"], file["status"]) == ("products_\\xe9.parquet", "landed")
    with DagsterInstance.ephemeral() as inbox.instance:
        said = inbox.tick().skip_message
    assert "left alone as links, pipes or devices: products_link.parquet, products_pipe.parquet" in said


def test_without_an_inbox_there_is_nothing_to_do(inbox):
    inbox.folder.rmdir()
    assert "No new file in" in inbox.tick().skip_message


def test_the_job_land_takes_what_the_sensor_asks_for(deployment, inbox):
    """From the sensor's own request through the real job into the ledger, and a second run lands nothing twice."""
    for name in ("transactions_2.parquet", "products.parquet"):
        inbox.drop(name)
    (inbox.folder / "transactions_broken.parquet").write_text("no Parquet")
    os.utime(inbox.folder / "transactions_broken.parquet", (1e9, 1e9))
    request = inbox.tick()
    job = inbox.definitions.resolve_job_def("land")
    with DagsterInstance.ephemeral() as instance:
        runs = [job.execute_in_process(instance=instance, run_config=request.run_config) for _ in range(2)]
    first, again = (
        {".".join(m.asset_key.path): m.metadata for m in run.asset_materializations_for_node("landing")} for run in runs
    )
    ledger = {file["name"]: file for file in Landing(deployment.profile).files().to_pylist()}
    assert {name: file["status"] for name, file in ledger.items()} == {
        "products.parquet": "landed",
        "transactions_2.parquet": "landed",
        "transactions_broken.parquet": "quarantined",
    }
    assert {file["kind"] for file in ledger.values()} == {"arrival"}
    assert ledger["products.parquet"]["file_id"] < ledger["transactions_2.parquet"]["file_id"]
    assert set(first) == {"raw.products", "raw.transactions"}
    landed = first["raw.transactions"]["rows_landed"].value
    assert landed == ledger["transactions_2.parquet"]["rows_landed"] > 5_000
    assert first["raw.transactions"]["rows_rejected"].value > 0
    assert "transactions_broken.parquet" in first["raw.transactions"]["files"].value
    assert first["raw.products"]["seconds"].value > 0
    assert again["raw.transactions"]["rows_landed"].value == 0


def test_the_request_of_the_sensor_survives_json(inbox):
    inbox.drop("products.parquet")
    request = inbox.tick()
    assert json.loads(request.run_key) == {
        name: {"version": asked["version"], "attempt": 1} for name, asked in json.loads(inbox.cursor).items()
    }
