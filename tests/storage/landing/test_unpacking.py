"""Packed files that stand for more than a disk holds: they are quarantined with a sentence, and the next file lands."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys_assets.storage.landing import text_files
from recsys_jobs.init.look import InitError, look
from tests.helpers.shop import TRANSACTIONS, Shop, day, encode, line, product

LINES = encode("x.csv", [line("b", "p1", day(20))])
ZEROS = LINES + b"0" * 3_000_000


def csv_gz(path):
    path.write_bytes(gzip.compress(ZEROS, mtime=0))


def jsonl_gz(path):
    path.write_bytes(gzip.compress(b'{"household_id": "' + b"0" * 3_000_000 + b'"}', mtime=0))


def runs(path):
    """One value a million times takes no more room than once."""
    pq.write_table(pa.table({"household_id": pa.nulls(1_000_000, pa.int8())}), path)


def dictionary(path):
    """A long value that is written once and named five thousand times."""
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000, pa.int32()), pa.array(["0" * 1_000]))
    pq.write_table(pa.table({"household_id": long}), path)


def nested(path):
    """One row, with a list of a million values in it."""
    pq.write_table(pa.table({"household_id": pa.array([[0] * 1_000_000], pa.list_(pa.int8()))}), path)


BOMBS = {"csv.gz": csv_gz, "jsonl.gz": jsonl_gz, "parquet": runs, "a.parquet": dictionary, "b.parquet": nested}


def land_between(tmp_path, monkeypatch, bomb, **settings):
    """What becomes of a bomb and of the file after it."""
    delivery = TRANSACTIONS.model_copy(update=settings)
    shop = Shop(tmp_path, monkeypatch, deliveries=[Shop(tmp_path, monkeypatch).profile.deliveries[0], delivery])
    shop.land("products.csv", [product("p1")], day(1))
    path = shop.inbox / f"transactions-b.{bomb}"
    BOMBS[bomb](path)
    landed = shop.landing.land(path, delivery, "arrival", lake=shop.lake, arrived_at=day(22))
    assert shop.land("transactions-c.csv", [line("c", "p1", day(20))], day(22)).status == "landed"
    return landed


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_file_that_unpacks_to_too_much_is_quarantined_and_the_next_lands(tmp_path, monkeypatch, bomb):
    landed = land_between(tmp_path, monkeypatch, bomb, max_unpacked_gb=0.001)
    assert landed.status == "quarantined"
    assert "or more, beyond max_unpacked_gb = 0.001: deliver it in parts, or set a larger one" in landed.message


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_file_that_unpacks_to_many_times_its_size_is_quarantined_too(tmp_path, monkeypatch, bomb):
    monkeypatch.setattr(text_files, "UNASKED_BYTES", 1_000_000)
    landed = land_between(tmp_path, monkeypatch, bomb)
    assert landed.status == "quarantined"
    assert "or more, beyond max_expansion = 100: deliver it in parts" in landed.message


def test_nobody_asks_how_small_files_are_packed(tmp_path, monkeypatch):
    assert land_between(tmp_path, monkeypatch, "csv.gz").rows_landed == 1, "the zeros are a line of their own"


def test_the_limit_holds_without_any_setting(tmp_path, monkeypatch):
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000, pa.int32()), pa.array(["0" * 1_000_000]))
    monkeypatch.setitem(BOMBS, "parquet", lambda path: pq.write_table(pa.table({"household_id": long}), path))
    landed = land_between(tmp_path, monkeypatch, "parquet")
    assert "bytes unpack to 5,000,000,000 or more, beyond max_expansion = 100" in landed.message


def test_init_says_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(text_files, "UNASKED_BYTES", 1_000_000)
    csv_gz(tmp_path / "sales.csv.gz")
    said = r"sales\.csv\.gz: its [0-9,]+ bytes unpack to .* beyond max_expansion = 100"
    with pytest.raises(InitError, match=said), look(tmp_path / "sales.csv.gz"):
        pass
