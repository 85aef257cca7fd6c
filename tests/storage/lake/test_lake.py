"""The lake: what a write leaves behind, and which file counts."""

import os
import time

import duckdb
import pytest

from recsys_assets.selects.contracts import contract
from recsys_assets.selects.files import TableName
from recsys_assets.storage import atomic
from recsys_assets.storage.lake.lake import LakeError
from recsys_assets.storage.lake.provenance import Provenance, provenance

TABLE = "features.made"


@pytest.fixture
def write(shop):
    def write(query, number=1, key=("a",), table=TABLE, reads=(), run_id="run 1"):
        with shop.lake.as_of(shop.night(number), reads, table, run_id) as snapshot:
            return snapshot.write(query, key, "code 1")

    return write


def folder(shop, table=TABLE, number=1):
    return shop.lake.root / table.replace(".", "/") / f"night={shop.night(number)}"


def names(shop):
    return sorted(path.name for path in folder(shop).iterdir() if path.name != ".lock")


def test_a_write_is_one_whole_file_named_by_sequence_and_fingerprint(shop, write):
    written = write("select unnest([1, 2, 3]) as a, 'x' as b order by a;")
    assert names(shop) == [f"000001-{written.partition.fingerprint}-{written.partition.checksum}.parquet"]
    assert (written.rows, written.columns) == (3, {"a": "INTEGER", "b": "VARCHAR"})
    assert written.sample[0] == {"a": 1, "b": "x"}
    assert shop.rows(TABLE, 1) == [(1, "x"), (2, "x"), (3, "x")]
    assert shop.lake.partition(TABLE, shop.night(1)) == written.partition
    assert shop.lake.tables() == [TABLE]


def test_the_file_is_compressed_with_zstd(shop, write):
    path = write("select range as a from range(9) order by a").partition.path
    assert duckdb.sql(f"select distinct compression from parquet_metadata('{path}')").fetchall() == [("ZSTD",)]


def test_the_same_content_writes_nothing(shop, write):
    first = write("select 1 as a order by a")
    before = first.partition.path.stat()
    again = write("select 2 - 1 as a order by a", run_id="run 2")
    assert again.partition == first.partition
    after = first.partition.path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert provenance(again.partition.path).run_id == "run 1"


def test_new_content_gets_the_next_sequence_and_the_greatest_is_current(shop, write):
    partitions = [write(f"select {value} as a order by a").partition for value in (1, 2, 1)]
    assert [p.sequence for p in partitions] == [1, 2, 3]
    assert partitions[0].fingerprint == partitions[2].fingerprint != partitions[1].fingerprint
    assert shop.lake.partition(TABLE, shop.night(1)) == partitions[2]
    assert len(names(shop)) == 3


@pytest.mark.parametrize(
    "other",
    [
        "select 2 as a, 'x' as b order by a",
        "select 1 as a, 'y' as b order by a",
        "select 1 as a, 'x' as c order by a",
        "select 1::bigint as a, 'x' as b order by a",
        "select unnest([1, 2]) as a, 'x' as b order by a",
        "select 1 as a, 'x' as b where false order by a",
        "select 1 as a, null::varchar as b order by a",
    ],
)
def test_content_names_and_types_make_the_fingerprint(write, other):
    assert write("select 1 as a, 'x' as b order by a").partition.fingerprint != write(other).partition.fingerprint


def test_nights_are_listed_oldest_first_up_to_one(shop, write):
    for number in (3, 1, 2):
        write("select 1 as a order by a", number)
    assert shop.lake.nights(TABLE) == shop.nights(1, 3)
    assert [p.night for p in shop.lake.partitions(TABLE, shop.night(2))] == shop.nights(1, 2)
    assert shop.lake.nights("features.never") == []


def fail(*_):
    raise OSError("disk full")


def test_a_file_in_the_place_of_a_nights_folder_is_no_partition(shop, write):
    write("select 1 as a order by a", number=2)
    folder(shop).touch()
    assert shop.lake.nights(TABLE) == [shop.night(2)]
    assert shop.lake.partition(TABLE, shop.night(1)) is None


@pytest.mark.parametrize("step", ["sync", "rename"])
def test_a_write_that_fails_leaves_what_was_there(shop, write, monkeypatch, step):
    before = write("select 1 as a order by a").partition
    monkeypatch.setattr(atomic, step, fail)
    with pytest.raises(OSError, match="disk full"):
        write("select 2 as a order by a")
    assert names(shop) == [before.path.name]
    assert shop.lake.partition(TABLE, shop.night(1)) == before


def test_bytes_are_flushed_before_they_get_their_name(write, monkeypatch):
    done = []
    for step in ("sync", "rename"):
        real = getattr(atomic, step)
        monkeypatch.setattr(atomic, step, lambda *paths, real=real, step=step: (done.append(step), real(*paths)))
    write("select 1 as a order by a")
    assert done == ["sync", "rename", "sync"], "bytes, name, folder"


def test_what_a_killed_writer_left_is_removed_by_the_next(shop, write):
    folder(shop).mkdir(parents=True)
    (folder(shop) / ".tmp-4711.parquet").write_bytes(b"half a file")
    assert shop.lake.partition(TABLE, shop.night(1)) is None
    assert shop.lake.partitions(TABLE) == []
    written = write("select 1 as a order by a")
    assert names(shop) == [written.partition.path.name]


@pytest.mark.parametrize(
    ("query", "key", "said"),
    [
        ("select unnest([1, 2, 2]) as a order by a", ("a",), r"key \(a\) is null or not unique, e.g. \[2\] in 2 row"),
        ("select unnest([1, null]) as a order by a", ("a",), r"key \(a\) is null or not unique, e.g. \[None\]"),
        ("select 1 as a, unnest([2, 2]) as b order by a, b", ("a", "b"), r"key \(a, b\) .* \[1, 2\] in 2 row"),
        ("select 1 as a, null::int as b order by a, b", ("a", "b"), r"\[1, None\] in 1 row"),
    ],
)
def test_a_key_that_is_null_or_twice_is_refused(shop, write, query, key, said):
    with pytest.raises(LakeError, match=f"features.made, night 2020-03-01: .*{said}"):
        write(query, key=key)
    assert names(shop) == []


@pytest.mark.parametrize(
    "query",
    [
        "select 1 as item_key, 'x' as item_id, 2 as more",
        "select 1 as item_key",
        "select 1::bigint as item_key, 'x' as item_id",
    ],
)
def test_other_columns_than_declared_are_refused(shop, write, query):
    write("select 1 as item_key, 'x' as item_id order by item_key", 1, ("item_key",), "clean.item_keys")
    with pytest.raises(LakeError, match=r"clean.item_keys, night 2020-03-02: columns are .* declares"):
        write(f"{query} order by item_key", 2, ("item_key",), "clean.item_keys")
    assert shop.lake.nights("clean.item_keys") == [shop.night(1)]


def test_the_footer_says_what_a_partition_rests_on(shop, write):
    one = write("select 1 as a order by a", 1, table="features.one").partition
    two = write("select 2 as a order by a", 2, table="features.one").partition
    reads = [TableName("features", "one", "past")]
    made = write("select sum(a)::int as a from past.features.one order by a", 2, reads=reads, run_id="run 7").partition
    assert provenance(made.path) == Provenance(
        night=shop.night(2),
        profile=shop.profile.fingerprint,
        table=TABLE,
        key=("a",),
        code_version="code 1",
        run_id="run 7",
        inputs={"features.one": {shop.night(1): one.fingerprint, shop.night(2): two.fingerprint}},
    )
    assert one.path.stem == f"000001-{one.fingerprint}-{one.checksum}"


def test_the_watermark_is_the_latest_event_below(shop):
    shop.stock()
    shop.land("transactions.parquet", [shop.line(1, "p1", shop.at(1, hour)) for hour in (9, 15)])
    shop.build(1)
    events = [TableName("clean", "events")]
    with shop.lake.as_of(shop.night(1), events, "features.one") as snapshot:
        one = snapshot.write("select count(*) as a from clean.events order by a", ("a",)).partition
    assert provenance(one.path).watermark == shop.at(1, 15)
    with shop.lake.as_of(shop.night(1), [TableName("features", "one")], "features.two") as snapshot:
        two = snapshot.write("select a from features.one order by a", ("a",)).partition
    assert provenance(two.path).watermark == shop.at(1, 15), "handed on by what does not read events itself"


def test_withdrawn_partitions_count_as_not_built_until_built_again(shop, write):
    kept, *gone = [write("select 1 as a order by a", number).partition for number in (1, 2, 3)]
    assert shop.lake.withdraw(shop.night(2)) == [(TABLE, shop.night(2)), (TABLE, shop.night(3))]
    assert shop.lake.partitions(TABLE) == [kept]
    assert all(partition.path.exists() for partition in gone), "a reader may have them open"
    assert shop.lake.withdraw(shop.night(2)) == [], "there is nothing left to withdraw"
    again = write("select 1 as a order by a", 2).partition
    assert (again.sequence, again.fingerprint) == (3, gone[0].fingerprint)
    assert shop.lake.nights(TABLE) == shop.nights(1, 2)


def age(path, days):
    then = time.time() - days * 86_400
    os.utime(path, (then, then))


def test_prune_waits_a_day_from_when_a_file_was_superseded(shop, write):
    old, new = [write(f"select {value} as a order by a").partition.path for value in (1, 2)]
    age(old, 9)
    age(new, 0.9)
    assert shop.lake.prune() == 0
    assert old.exists()
    size = old.stat().st_size
    age(new, 1.1)
    assert shop.lake.prune() == size
    assert [old.exists(), new.exists()] == [False, True]
    age(new, 99)
    assert shop.lake.prune() == 0
    assert new.exists(), "what is current stays however old"


def test_prune_frees_what_was_withdrawn_and_keeps_it_withdrawn(shop, write):
    path = write("select 1 as a order by a").partition.path
    shop.lake.withdraw(shop.night(1))
    (tombstone,) = folder(shop).glob("*.absent")
    age(tombstone, 2)
    shop.lake.prune()
    assert not path.exists()
    assert shop.lake.partition(TABLE, shop.night(1)) is None
    assert write("select 1 as a order by a").partition.sequence == 3


def test_a_partition_that_an_earlier_night_used_is_missed(shop, write):
    write("select 1 as a order by a", 1, table="features.one")
    columns = ", ".join(f"null::{kind} as {name}" for name, kind in contract("recommendations.lists").items())
    reads = [TableName("features", "one", "past")]
    write(f"select {columns} where false order by task", 2, ("task",), "recommendations.lists", reads)
    assert shop.lake.lost(shop.night(3)) == []
    for path in folder(shop, "features.one").glob("*.parquet"):
        path.unlink()
    assert shop.lake.lost(shop.night(3)) == ["features.one 2020-03-01"]
    assert shop.lake.lost(shop.night(2)) == [], "no night was built before that one"
