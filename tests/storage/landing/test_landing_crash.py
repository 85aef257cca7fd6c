"""Landing under kill -9 and under company: a file is in wholly or not at all, and whoever comes second waits."""

import random
import signal
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path

import pytest

from recsys_assets.profile import PROJECT
from tests.helpers.shop import Shop, day, encode, line, product

ROWS, RAGGED = 10_000, 1_500
LAND = """
import sys
from pathlib import Path
from datetime import date, datetime
from recsys_assets.profile import Delivery, Profile
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing

deliveries = [Delivery(table=t, files=t + "*") for t in ("products", "demographics", "transactions")]
profile = Profile(name="shop", source="complete_journey", deliveries=deliveries, first_night=date(2017, 10, 20),
                  algorithms={"popularity": {}})
landing, path = Landing(profile), Path(sys.argv[1])
import duckdb
print("ready", flush=True)
print(landing.land(path, deliveries[2], "arrival", lake=Lake(profile), arrived_at=datetime(2017, 10, 21, 12)).status)
"""


def start(path: Path) -> subprocess.Popen[str]:
    """A process that is about to land a file of transactions."""
    process = subprocess.Popen([sys.executable, "-c", LAND, str(path)], stdout=subprocess.PIPE, text=True, cwd=PROJECT)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def many(user: str) -> bytes:
    """Purchases, and ragged lines, whose rejects are stored one by one: a kill meets them half stored."""
    lines = [line(f"{user}{n % 500}", f"p{n % 700}", day(20, n % 12), basket=n) for n in range(ROWS)]
    return encode("x.csv", lines) + b"1,2\n" * RAGGED


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> tuple[dict, float]:
    """Fingerprints of a shop nobody killed, and the seconds its landing took."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        shop = Shop(tmp_path_factory.mktemp("undisturbed"), monkeypatch)
        shop.land("products.csv", [product("p1")], day(1))
        path = shop.write("transactions.csv", many("u"))
        process = start(path)
        began = time.monotonic()
        assert process.communicate()[0] == "landed\n"
        seconds = time.monotonic() - began
        shop.build(21)
        return shop.fingerprints(), seconds


@pytest.mark.parametrize("seed", [*range(2), *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 20))])
def test_a_killed_landing_leaves_all_rows_or_none(tmp_path, monkeypatch, undisturbed, seed):
    expected, seconds = undisturbed
    shop = Shop(tmp_path, monkeypatch)
    shop.land("products.csv", [product("p1")], day(1))
    path = shop.write("transactions.csv", many("u"))
    process = start(path)
    time.sleep(random.Random(seed).uniform(0.05, 1.0) * seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    landed = [file["rows_landed"] for file in shop.ledger() if file["name"] == "transactions.csv"]
    tables = shop.query(
        "select count(*) from duckdb_tables() where schema_name = 'raw' and table_name = 'transactions'"
    )
    rows = shop.query("select count(*) from landing.raw.transactions") if tables == [(1,)] else [(0,)]
    rejects = shop.query("select count(*) from landing.ledger.rejects")
    assert (landed, rows, rejects) in [([], [(0,)], [(0,)]), ([ROWS], [(ROWS,)], [(RAGGED,)])]
    delivery = shop.profile.deliveries[2]
    again = shop.landing.land(path, delivery, "arrival", lake=shop.lake, arrived_at=day(21))
    assert again.status == ("already landed" if landed else "landed")
    shop.build(21)
    assert shop.fingerprints() == expected


def test_two_processes_land_different_files_at_once(shop):
    processes = [start(shop.write(f"transactions-{user}.csv", many(user))) for user in "ab"]
    assert [process.communicate()[0] for process in processes] == ["landed\n"] * 2
    assert [file["rows_landed"] for file in shop.ledger()] == [2, ROWS, ROWS]
    assert shop.query("select count(*), count(distinct landed_id) from landing.raw.transactions") == [
        (2 * ROWS, 2 * ROWS)
    ]
    shop.landing.seal(date(2017, 10, 21), now=day(22))


def test_two_processes_land_the_same_file_once(shop):
    path = shop.write("transactions.csv", many("u"))
    processes = [start(path) for _ in range(2)]
    assert sorted(process.communicate()[0] for process in processes) == ["already landed\n", "landed\n"]
    assert shop.query("select count(*) from landing.raw.transactions") == [(ROWS,)]


def test_a_reader_waits_for_whoever_holds_landing(shop):
    counts: list[int] = []
    with shop.landing.open() as con:
        reader = threading.Thread(target=lambda: counts.append(len(shop.ledger())))
        process = start(shop.write("transactions.csv", [line("u", "p1", day(20))]))
        reader.start()
        time.sleep(0.5)
        assert process.poll() is None, "another process waits"
        assert not counts, "another reader waits"
        assert con.execute("select count(*) from landing.ledger.files").fetchall() == [(1,)]
    assert process.communicate()[0] == "landed\n"
    reader.join()
    assert counts[0] in {1, 2}
