"""`kill -9` at any moment of a night, then a rerun: the tables of a run without a crash, and readers notice nothing."""

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers import sample
from tests.helpers.sample import NIGHTS, Deployment

FIRST, SECOND, LAST = NIGHTS
DEADLINE = 200.0


@contextmanager
def readers(deployment: Deployment, folder: Path, n: int = 2) -> Iterator[list[dict]]:
    """Readers beside the block; what they saw is in the list when the block is over."""
    stop, seen = folder / "stop", []
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.crash.reader", str(deployment.folder / "recsys.duckdb"), str(stop)],
            env=deployment.environment,
            cwd=sample.PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(n)
    ]
    try:
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        yield seen
        stop.touch()
        seen += [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def n_written(deployment: Deployment) -> int:
    """Files and model folders finished so far: how far a night has come, whatever the machine's speed."""
    stages = (deployment.folder / stage for stage in ("lake", "models", "releases"))
    return sum(1 for stage in stages for path in stage.rglob("0*") if not path.name.startswith("."))


def kill_night(deployment: Deployment, after: int, delay: float) -> int:
    """Start the last night and kill it `delay` seconds after it wrote `after` tables; returns how many it had."""
    before, started = n_written(deployment), time.monotonic()
    process = subprocess.Popen(
        sample.command("night", LAST),
        env=deployment.environment,
        cwd=deployment.data,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while n_written(deployment) - before < after:
            assert process.poll() is None, "the night ended before it could be killed"
            assert time.monotonic() - started < DEADLINE
            time.sleep(0.01)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGKILL, "the night was over before the kill"
    return n_written(deployment) - before


def left_over(deployment: Deployment) -> list[Path]:
    return [path for path in deployment.folder.rglob("*") if ".tmp" in path.name]


def assert_whole(deployment: Deployment, built: Deployment) -> None:
    """The deployment is as if nothing had happened."""
    assert deployment.content() == built.content()
    assert left_over(deployment) == []
    link = Path("recsys.duckdb")
    assert (deployment.folder / link).readlink() == (built.folder / link).readlink()
    query = "from serving.recommendations select * exclude (run_id) order by all"
    assert deployment.released(query) == built.released(query)
    assert deployment.released("from meta.grades order by all") == built.released("from meta.grades order by all")


def assert_unaware(seen: list[dict], nights: list[str]) -> None:
    """Readers saw one whole night after the other, without an error."""
    for reader in seen:
        assert reader["failures"] == []
        assert reader["times"] > 20
        assert reader["nights"] == nights


@pytest.mark.slow
def test_a_night_killed_twice_ends_as_if_it_had_not_been(built, tmp_path):
    """Once in the clean log and once among what is made of it; the rerun has another hash seed and one thread."""
    deployment = built.copy_before_last(tmp_path / "data")
    with readers(deployment, tmp_path, n=1) as seen:
        moments = random.Random(7)
        early = kill_night(deployment, moments.randint(1, 16), moments.random() / 5)
        late = kill_night(deployment, moments.randint(10, 30), moments.random() / 5)
        assert early
        assert late
        assert not deployment.lake.partition("grades.summary", LAST) or early + late > 30
        assert deployment.released("select distinct night from serving.recommendations") == [(SECOND,)]
        done = deployment.recsys(
            "night", LAST, timeout=DEADLINE, RECSYS_THREADS="1", OMP_NUM_THREADS="1", PYTHONHASHSEED="7"
        )
        assert done.returncode == 0, done.stderr
    assert_whole(deployment, built)
    assert_unaware(seen, [str(SECOND), str(LAST)])


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(10))
def test_a_night_killed_at_a_random_moment(built, tmp_path, seed):
    deployment = built.copy_before_last(tmp_path / "data")
    moments = random.Random(seed)
    with readers(deployment, tmp_path, n=1) as seen:
        kill_night(deployment, moments.randint(0, 48), moments.random())
        deployment.build(LAST)
    assert_whole(deployment, built)
    assert_unaware(seen, [str(SECOND), str(LAST)])


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(5))
def test_landing_killed_at_a_random_moment(tmp_path, seed):
    """A file is in wholly or not at all; landed again, each is in once."""
    from recsys_assets.storage.landing.database import Landing

    whole, killed = sample.new(tmp_path / "whole"), sample.new(tmp_path / "killed")
    whole.land()
    moments = random.Random(seed)
    for _ in range(3):
        process = subprocess.Popen(
            sample.command("land", "--history"),
            env=killed.environment,
            cwd=killed.data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while process.poll() is None and not killed.folder.is_dir():
            time.sleep(0.01)
        time.sleep(moments.random())
        process.kill()
        process.wait()
        with killed.active():
            Landing(killed.profile).files()
    killed.land()
    ledgers = []
    for deployment in (whole, killed):
        with deployment.active():
            rows = Landing(deployment.profile).files().to_pylist()
        ledgers.append(sorted((row["name"], row["rows_landed"], row["rows_rejected"], row["status"]) for row in rows))
    assert ledgers[0] == ledgers[1]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_readers_while_nights_are_built_again_and_published(built, tmp_path):
    deployment = built.copy_before_last(tmp_path / "data")
    with readers(deployment, tmp_path) as seen:
        deployment.build(LAST)
        assert deployment.recsys("rollback").returncode == 0
        deployment.build(LAST)
    assert_unaware(seen, [str(SECOND), str(LAST), str(SECOND), str(LAST)])
