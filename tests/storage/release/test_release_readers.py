"""Readers see one whole release at every moment, whatever happens to the writer."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

import recsys_assets
from recsys_assets.storage.release.releases import Releases

MACROS = """
create macro serving.recommend(u, k := 10) as table
    select r.item_id from serving.recommendations as r where r.user_id = u::varchar and r.rank <= k;
"""
N_ROWS = 2000
FIRST = date(2017, 11, 1)


def publish(root, night):
    users = [f"u{index}" for index in range(N_ROWS)]
    lists = pa.table({"night": [night] * N_ROWS, "user_id": users, "item_id": users, "rank": [1] * N_ROWS})
    tables = {"meta.build": pa.table({"night": [night]}), "serving.recommendations": lists}
    releases = Releases(root)
    releases.build(night, "a", tables, MACROS)
    releases.publish(night, "a")


def read(link):
    """Return the night of the release and check that every row is of it."""
    with duckdb.connect(str(link), read_only=True) as con:
        ((night,),) = con.execute("select night from meta.build").fetchall()
        counts = con.execute("select night, count(*) from serving.recommendations group by all").fetchall()
        assert counts == [(night, N_ROWS)], f"a mixture: {night}, {counts}"
        assert con.execute("from serving.recommend('u7')").fetchall() == [("u7",)]
    return night


def write_until_killed(root):
    night = Releases(root).current().night + timedelta(days=1)
    publish(root, night)
    print("ready", flush=True)
    while True:
        night += timedelta(days=1)
        publish(root, night)


def write_until_file_operation(root, number):
    """Publish the second night, but die just before the numbered change to a file or folder."""
    left = int(number)

    def die(event, args):
        nonlocal left
        writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
        if writes or event in {"os.mkdir", "os.chmod", "os.rename", "os.symlink", "os.remove", "os.rmdir"}:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    print("ready", flush=True)
    sys.addaudithook(die)
    publish(root, FIRST + timedelta(days=1))


def read_until_stopped(root):
    print("ready", flush=True)
    nights, times = [], 0
    while not (root / "stop").exists():
        nights.append(read(root / "recsys.duckdb").isoformat())
        times += 1
    print(json.dumps({"nights": sorted(set(nights)), "in order": nights == sorted(nights), "times": times}))


def watch_until_stopped(root):
    """Open the link as fast as can be: a moment without one shows."""
    print("ready", flush=True)
    while not (root / "stop").exists():
        for _ in range(100):
            os.close(os.open(root / "recsys.duckdb", os.O_RDONLY))


def start(role, root, *arguments):
    environment = os.environ | {
        "PYTHONPATH": str(Path(recsys_assets.__file__).parents[1]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, __file__, role, root, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout.readline() == "ready\n"
    return process


def assert_whole(root):
    """Check that what a killed writer left is whole, return the current night."""
    releases = Releases(root)
    night = read(releases.link)
    assert releases.current().night == night
    assert releases.history()[-1].name == releases.current().name
    for release in releases.list():
        assert read(root / "releases" / release.name / "recsys.duckdb") == release.night
    return night


def test_a_writer_killed_at_any_moment_leaves_a_whole_release(tmp_path):
    publish(tmp_path, FIRST)
    moment = random.Random(7)
    nights, interrupted = [FIRST], 0
    for _ in range(4):
        writer = start("write", tmp_path)
        time.sleep(moment.uniform(0.0, 0.3))
        writer.kill()
        writer.communicate()
        nights.append(assert_whole(tmp_path))
        interrupted += any(tmp_path.glob("releases/.tmp-*"))
    assert nights == sorted(set(nights)), "every writer moved the link forward"
    assert interrupted, "no writer was killed at work: the test shows nothing"
    after = nights[-1] + timedelta(days=2)
    publish(tmp_path, after)
    assert read(tmp_path / "recsys.duckdb") == after
    assert not list(tmp_path.rglob("*tmp*")), "the next build cleans up"


@pytest.mark.slow
def test_a_writer_killed_before_each_of_its_file_operations_leaves_a_whole_release(tmp_path):
    nights = []
    for number in count(1):
        root = tmp_path / str(number)
        publish(root, FIRST)
        writer = start("write_until", root, str(number))
        writer.communicate(timeout=30)
        nights.append(assert_whole(root))
        publish(root, FIRST + timedelta(days=1))
        assert assert_whole(root) == FIRST + timedelta(days=1)
        assert not list(root.rglob("*tmp*"))
        history = [(entry.name, entry.action) for entry in Releases(root).history()]
        assert history == [("2017-11-01-a", "publish"), ("2017-11-02-a", "publish")]
        if writer.returncode == 0:
            break
        assert writer.returncode == -signal.SIGKILL
    assert nights == sorted(nights)
    assert nights.count(FIRST) >= 5, "the writer changes more than a few files before it publishes"
    assert nights.count(FIRST + timedelta(days=1)) >= 3, "and writes the history afterwards"


def test_readers_never_fail_and_never_see_a_mixture_while_nights_are_published(tmp_path):
    publish(tmp_path, FIRST)
    readers = [start("read", tmp_path) for _ in range(2)]
    watcher = start("watch", tmp_path)
    for day in range(1, 11):
        publish(tmp_path, FIRST + timedelta(days=day))
        Releases(tmp_path).prune(keep=0, older_than=timedelta(0))
    (tmp_path / "stop").touch()
    watcher.communicate(timeout=30)
    assert watcher.returncode == 0, "the link was gone for a moment"
    for reader in readers:
        out, _ = reader.communicate(timeout=30)
        assert reader.returncode == 0
        seen = json.loads(out)
        assert seen["in order"]
        assert len(seen["nights"]) > 3, "the readers saw too few of the publications to show anything"


@pytest.mark.parametrize("opened_by", ["link", "release"])
def test_what_a_reader_opened_stays_whole_after_it_was_pruned(tmp_path, opened_by):
    publish(tmp_path, FIRST)
    releases = Releases(tmp_path)
    con = releases.connect() if opened_by == "release" else duckdb.connect(str(releases.link), read_only=True)
    with con:
        for day in (1, 2):
            publish(tmp_path, FIRST + timedelta(days=day))
        assert releases.prune(keep=0, older_than=timedelta(0)) == ("2017-11-01-a",)
        assert con.execute("select distinct night from serving.recommendations").fetchall() == [(FIRST,)]


if __name__ == "__main__":
    roles = {
        "write": write_until_killed,
        "write_until": write_until_file_operation,
        "read": read_until_stopped,
        "watch": watch_until_stopped,
    }
    roles[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
