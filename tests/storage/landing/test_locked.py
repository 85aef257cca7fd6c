"""Another program has landing.duckdb open: it is waited for, and named when it stays; nothing is lost."""

import subprocess
import sys
import threading
from contextlib import contextmanager

import duckdb
import pytest

from recsys_assets.assets.raw import FilesRefused, land_files
from recsys_assets.storage.checksums import DamagedFile
from recsys_assets.storage.landing import locking
from recsys_assets.storage.landing.locking import LandingLocked
from tests.helpers.shop import day, line

HOLD = """
import duckdb, sys
con = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "ro")
print("open", flush=True)
input()
"""


@contextmanager
def held(shop, how):
    """A program of somebody that has the database open for as long as the block runs, or until it is let go."""
    command = [sys.executable, "-c", HOLD, str(shop.landing.path), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout.readline() == "open\n"
        try:
            yield program
        finally:
            if program.poll() is None:
                program.communicate("\n")


@pytest.mark.parametrize("how", ["ro", "rw"])
def test_who_holds_it_is_named_and_the_files_land_later(shop, monkeypatch, how):
    monkeypatch.setattr(locking, "PATIENCE_SECONDS", 0.2)
    files = [shop.write(f"transactions-{user}.csv", [line(user, "p1", day(20))]) for user in "abc"]
    with held(shop, how) as program, pytest.raises(FilesRefused) as refused:
        land_files(shop.profile, files, "arrival", print, arrived_at=day(22))
    assert refused.value.landed == []
    (sentence,) = str(refused.value).splitlines()
    assert sentence.startswith(f"{shop.landing.path}: another program has it open (process {program.pid}, ")
    assert sentence.endswith("close it there and run this again. 3 file(s) are still to be landed.")
    landed = land_files(shop.profile, files, "arrival", print, arrived_at=day(22))
    assert [file.status for file in landed] == ["landed"] * 3


def test_a_program_that_lets_go_is_waited_for(shop):
    with held(shop, "ro") as program:
        threading.Timer(0.5, program.stdin.write, ["\n"]).start()
        threading.Timer(0.6, program.stdin.flush).start()
        landed = shop.land("transactions.csv", [line("u", "p1", day(20))], day(22))
    assert landed.status == "landed"


def test_a_connection_in_this_process_is_named_too(shop, monkeypatch):
    monkeypatch.setattr(locking, "PATIENCE_SECONDS", 0.1)
    with (
        duckdb.connect(str(shop.landing.path)),
        pytest.raises(LandingLocked, match=r"has it open \(this very process\)"),
        shop.landing.open(),
    ):
        pass


def test_what_is_no_database_is_not_taken_for_a_locked_one(shop):
    shop.landing.path.write_bytes(b"no database at all" * 1000)
    with pytest.raises(DamagedFile, match="not a valid DuckDB database"), shop.landing.open():
        pass
