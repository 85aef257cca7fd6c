"""Connections: databases of their own, in UTC and within the limits that the environment names."""

import os
import subprocess
import sys

import pytest

from recsys_assets.profile import PROJECT
from recsys_assets.profile_file import load_profile
from recsys_assets.storage.connections import connect
from recsys_assets.storage.landing.database import Landing


def test_each_is_a_database_of_its_own():
    with connect() as one, connect() as other:
        one.execute("create table t as select 1 as a")
        assert other.execute("select count(*) from duckdb_tables()").fetchall() == [(0,)]


def test_times_are_utc_for_cursors_too_wherever_the_machine_stands():
    code = (
        "from recsys_assets.storage.connections import connect\n"
        "for _ in range(2):\n"
        "    with connect() as con:\n"
        "        for one in (con, con.cursor()):\n"
        "            print(one.execute(\"select timestamptz '2017-11-01 00:00:00+00'::varchar\").fetchone()[0])\n"
    )
    environment = {**os.environ, "TZ": "America/New_York"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["2017-11-01 00:00:00+00"] * 4


@pytest.mark.parametrize("where", ["in memory", "landing"])
def test_they_keep_within_the_limits(where, monkeypatch, tmp_path):
    monkeypatch.setenv("RECSYS_THREADS", "1")
    monkeypatch.setenv("RECSYS_MEMORY_LIMIT", "123MiB")
    monkeypatch.setenv("RECSYS_DATA", str(tmp_path))
    with connect() if where == "in memory" else Landing(load_profile()).open() as con:
        assert con.execute("select current_setting('threads'), current_setting('memory_limit')").fetchall() == [
            (1, "123.0 MiB")
        ]
