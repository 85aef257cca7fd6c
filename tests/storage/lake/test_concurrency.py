"""Processes that write and read one lake at the same time: no error, and every file read is whole.

The functions without ``test_`` run in processes of their own.
"""

import json
import subprocess
import sys
import time
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import duckdb
import pytest

from recsys_assets.profile import PROJECT
from recsys_assets.storage.lake.lake import Lake
from tests.storage.lakes import MONDAY, make_profile, named

NIGHTS = [MONDAY + timedelta(days=days) for days in range(6)]
WHOLE = """
select
    count(*) = min(size) and min(size) = max(size) and min(version) = max(version)
    and sum(k) = min(size)::bigint * (min(size) - 1) // 2 as whole,
    max(version) as version
"""


def write_version(night: str, version: int, pause: float = 0) -> tuple[float, float]:
    """Write a night whose rows all say how many they are; returns when its lock was held (seconds).

    The noise does not compress: a megabyte takes long enough to write that a half file would be met.
    """
    size = 60_000 + 9_973 * (version % 7)
    query = (
        f"select i as k, {version} as version, {size} as size, hash(i, {version}) as noise "
        f"from range({size}) as numbers(i) order by k"
    )
    with Lake(make_profile()).as_of(date.fromisoformat(night), [], "features.user") as snapshot:
        start = time.monotonic()
        snapshot.write(query, ("k",))
        time.sleep(pause)
        return start, time.monotonic()


def keep_writing(nights: list[str], seconds: float) -> int:
    """Write the nights in turn, each time with other rows; returns how many writes were made."""
    end = time.monotonic() + seconds
    for version in count(1):
        for night in nights:
            write_version(night, version)
        if time.monotonic() > end:
            return version * len(nights)
    raise AssertionError("count() never ends")


def keep_reading(seconds: float) -> dict[str, int]:
    """Open snapshots of all nights; returns how many were read whole, and how many files they showed."""
    end, snapshots, files, newest = time.monotonic() + seconds, 0, 0, {}
    query = f"{WHOLE}, night from past.features.user group by night"
    while time.monotonic() < end:
        with Lake(make_profile()).as_of(NIGHTS[-1], named("past.features.user")) as snapshot:
            first = {night: (whole, version) for whole, version, night in snapshot.cursor().execute(query).fetchall()}
            again = {night: (whole, version) for whole, version, night in snapshot.cursor().execute(query).fetchall()}
        assert first == again, "a snapshot changed while it was open"
        for night, (whole, version) in first.items():
            assert whole, f"night {night} was read half"
            assert version >= newest.get(night, 0), f"night {night} went back"
            newest[night] = version
        snapshots, files = snapshots + 1, files + len(first)
    return {"snapshots": snapshots, "files": files, "versions": sum(newest.values())}


def start(call: str) -> subprocess.Popen[str]:
    """Run a function of this file in a process of its own; it prints what it returns, as JSON."""
    script = f"import json\nfrom tests.storage.lake import test_concurrency as c\nprint(json.dumps(c.{call}))"
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def results(processes: list[subprocess.Popen[str]]) -> list:
    """What they returned; fails with the first process that failed."""
    outcomes = [(*process.communicate(timeout=110), process.returncode) for process in processes]
    for _, error, code in outcomes:
        assert code == 0, error
    return [json.loads(output) for output, _, _ in outcomes]


def files_of(lake: Lake, night: date) -> list[Path]:
    """What lies in a night's folder, but its lock."""
    folder = lake.root / "features" / "user" / f"night={night}"
    return sorted(path for path in folder.iterdir() if path.name != ".lock")


def assert_whole(paths: list[Path]) -> None:
    with duckdb.connect() as con:
        for path in paths:
            (row,) = con.execute(f"{WHOLE} from read_parquet($1, hive_partitioning = false)", [str(path)]).fetchall()
            assert row[0], path


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.slow)])
def test_readers_see_whole_files_while_nights_are_written(lake, seconds):
    write_version(NIGHTS[0].isoformat(), 0)
    days = [night.isoformat() for night in NIGHTS]
    writers = [start(f"keep_writing({part}, {seconds})") for part in (days[::2], days[1::2])]
    readers = [start(f"keep_reading({seconds})") for _ in range(2)]
    *writes, first, second = results(writers + readers)
    assert min(writes) >= 6, "too few writes to prove anything"
    for reader in (first, second):
        assert reader["files"] > reader["snapshots"] > 3
        assert reader["versions"] > len(NIGHTS), "the reader never saw a night change"
    for night in NIGHTS:
        assert_whole(files_of(lake, night))
        assert {path.suffix for path in files_of(lake, night)} == {".parquet"}
    assert sum(len(files_of(lake, night)) for night in NIGHTS) == 1 + sum(writes)


@pytest.mark.parametrize(("versions", "left"), [((1, 1), 1), ((1, 2), 2)], ids=["equal rows", "other rows"])
def test_two_processes_that_write_one_night_take_turns(lake, versions, left):
    writers = [start(f"write_version('{MONDAY}', {version}, pause=1)") for version in versions]
    (first_start, first_end), (second_start, second_end) = sorted(results(writers))
    assert first_start < first_end <= second_start < second_end
    files = files_of(lake, MONDAY)
    assert [path.name[:7] for path in files] == ["000001-", "000002-"][:left]
    assert_whole(files)


def test_two_nights_are_written_at_the_same_time(lake):
    with lake.as_of(NIGHTS[0], [], "features.user"):
        results([start(f"write_version('{NIGHTS[1]}', 1)")])
    assert lake.nights("features.user") == [NIGHTS[1]]
