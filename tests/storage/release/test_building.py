"""Building a release: whole, once, and never over another."""

import os
import resource
import shutil
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import duckdb
import pyarrow as pa
import pytest

from recsys_assets.storage.release.releases import ReleaseError, Releases
from tests.storage.release.few_rows import FIRST, MACROS, SECOND, leftovers, published_night, release, tables


def test_a_release_is_one_read_only_file_that_older_clients_open(releases):
    file = releases.build(FIRST, "a", tables(), MACROS)
    assert file == releases.folder / "2017-11-01-a" / "recsys.duckdb"
    assert sorted(path.name for path in file.parent.iterdir()) == ["checksum", "recsys.duckdb"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o400
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o500
    with duckdb.connect(str(file), read_only=True) as con:
        ((version,),) = con.execute(
            "select tags['storage_version'] from duckdb_databases() where database_name = 'recsys'"
        ).fetchall()
    assert version.startswith("v1.4.0")
    assert releases.current() is None, "building does not publish"


def test_tables_and_rows_keep_their_order(releases):
    given = tables()
    with duckdb.connect(str(releases.build(FIRST, "a", given, MACROS)), read_only=True) as con:
        names = con.execute("select schema_name || '.' || table_name from duckdb_tables() order by table_oid")
        assert [name for (name,) in names.fetchall()] == list(given)
        for name, table in given.items():
            assert con.sql(f"from {name}").to_arrow_table().to_pylist() == table.to_pylist()


def test_a_reader_is_streamed_and_every_row_arrives(releases):
    rows = pa.table({"item_id": [str(index) for index in range(300_000)]})
    reader = pa.RecordBatchReader.from_batches(rows.schema, iter(rows.to_batches(max_chunksize=1000)))
    file = releases.build(FIRST, "a", tables() | {"serving.items": reader}, MACROS)
    with duckdb.connect(str(file), read_only=True) as con:
        assert con.sql("from serving.items").to_arrow_table().equals(rows)


def test_building_again_writes_nothing(releases):
    file = releases.build(FIRST, "a", tables(), MACROS)
    before = file.stat()
    assert releases.build(FIRST, "a", tables(), MACROS) == file
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def damage(file, content):
    file.parent.chmod(0o755)
    file.chmod(0o644)
    file.write_bytes(content)
    file.parent.chmod(0o555)


def flip(file):
    """Change one bit in the middle of a file."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    damage(file, bytes(content))


def test_a_damaged_release_is_built_anew(releases):
    file = releases.build(FIRST, "a", tables(), MACROS)
    whole = file.read_bytes()
    for spoil in (flip, lambda path: damage(path, whole[:5000])):
        spoil(file)
        assert releases.build(FIRST, "a", tables(), MACROS) == file
        releases.verify(file.parent.name)


def test_a_damaged_release_that_readers_see_is_followed_by_another(releases):
    file = releases.build(FIRST, "a", tables(), MACROS)
    releases.publish(FIRST, "a")
    damage(file, b"")
    again = releases.build(FIRST, "a", tables(), MACROS)
    assert again.parent.name == f"{FIRST}-a.2"
    assert releases.build(FIRST, "a", tables(), MACROS) == again
    assert releases.publish(FIRST, "a.2").published
    assert published_night(releases) == FIRST


def test_what_is_damaged_is_neither_published_nor_rolled_back_to(releases):
    file = releases.build(FIRST, "a", tables(), MACROS)
    releases.build(SECOND, "a", tables(SECOND), MACROS)
    flip(file)
    with pytest.raises(ReleaseError, match=f"{FIRST}-a/recsys.duckdb is damaged: .*recsys night {FIRST}"):
        releases.publish(FIRST, "a")
    releases.publish(SECOND, "a")
    with pytest.raises(ReleaseError, match="is damaged"):
        releases.rollback(to=f"{FIRST}-a")


def test_a_release_under_the_name_of_another_night_is_neither_published_nor_rolled_back_to(releases):
    file = releases.build(SECOND, "a", tables(SECOND), MACROS)
    shutil.copytree(file.parent, file.parent.with_name(f"{FIRST}-a"))
    said = (
        f"{FIRST}-a/recsys.duckdb is damaged: it was made for night {SECOND}, and lies under the name of night {FIRST}"
    )
    with pytest.raises(ReleaseError, match=said):
        releases.publish(FIRST, "a")
    releases.publish(SECOND, "a")
    with pytest.raises(ReleaseError, match=said):
        releases.rollback(to=f"{FIRST}-a")
    again = releases.build(FIRST, "a", tables(), MACROS)
    assert again.parent.name == f"{FIRST}-a", "it makes way for the release of that night"
    releases.verify(f"{FIRST}-a")


def test_a_release_behind_a_link_is_not_published(releases, tmp_path):
    file = releases.build(FIRST, "a", tables(), MACROS)
    file.parent.rename(tmp_path / "elsewhere")
    file.parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ReleaseError, match="its folder is a link"):
        releases.publish(FIRST, "a")


def test_an_existing_release_with_other_rows_is_not_taken_for_this_one(releases):
    releases.build(FIRST, "a", tables(), MACROS)
    releases.build(FIRST, "a", tables(n_users=6), MACROS)
    releases.publish(FIRST, "a")
    with releases.connect() as con:
        assert con.execute("select count(*) from serving.recommendations").fetchall() == [(12,)]


def broken_reader():
    yield from tables()["serving.similar_items"].to_batches()
    raise ValueError("the lake's file is gone")


SIMILAR = tables()["serving.similar_items"]
WRONG = {
    "macro of a missing column": ({}, MACROS.replace("s.similar_id", "s.nowhere"), "nowhere"),
    "macro that fails for ids that are text": ({}, MACROS.replace("u::varchar", "u::int"), "recommend fails"),
    "macro that fails for ids that are numbers": ({}, MACROS.replace("u::varchar", "u"), "recommend fails"),
    "macro without an answer": (
        {},
        MACROS.replace("s.rank <= k", "s.rank > k"),
        "similar has no answer.*'7'",
    ),
    "macro that does not parse": ({}, "create macro serving.recommend(", "could not write"),
    "time zone": (
        {"meta.x": pa.table({"at": pa.array([0], pa.timestamp("us", "UTC"))})},
        MACROS,
        "meta.x.at.*time zone",
    ),
    "schema named as the database": ({"recsys.x": SIMILAR}, MACROS, "'recsys.x' needs a name"),
    "table without a schema": ({"x": SIMILAR}, MACROS, "'x' needs a name"),
    "reader that fails midway": (
        {"serving.x": pa.RecordBatchReader.from_batches(SIMILAR.schema, broken_reader())},
        MACROS,
        "the lake's file is gone",
    ),
}


@pytest.mark.parametrize(("more", "macros", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_release_leaves_nothing_and_the_current_one_stays(releases, more, macros, message):
    release(releases, FIRST)
    with pytest.raises(ReleaseError, match=rf"(?s)2017-11-02-a was not built.*{message}"):
        releases.build(SECOND, "a", tables(SECOND) | more, macros)
    assert [kept.name for kept in releases.list()] == ["2017-11-01-a"]
    assert leftovers(releases) == []
    with pytest.raises(ReleaseError, match=r"no release 2017-11-02-a.*build it first"):
        releases.publish(SECOND, "a")
    assert published_night(releases) == FIRST


@contextmanager
def disk_that_ends_after(n_bytes):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("n_bytes", [0, 20_000, 300_000])
def test_a_full_disk_leaves_the_current_release(releases, n_bytes):
    release(releases, FIRST)
    noise = pa.table({"noise": [os.urandom(100) for _ in range(20_000)]})
    with disk_that_ends_after(n_bytes), pytest.raises(ReleaseError, match="2017-11-02-a was not built"):
        releases.build(SECOND, "a", tables(SECOND) | {"serving.noise": noise}, MACROS)
    assert leftovers(releases) == []
    assert published_night(releases) == FIRST
    release(releases, SECOND)
    assert published_night(releases) == SECOND


def test_a_full_disk_while_publishing_is_told_and_the_history_catches_up(releases):
    release(releases, FIRST)
    releases.build(SECOND, "a", tables(SECOND), MACROS)
    with disk_that_ends_after(0), pytest.raises(ReleaseError, match=r"could not be changed.*Mend the disk"):
        releases.publish(SECOND, "a")
    assert published_night(releases) == SECOND, "the link itself takes no space in a file"
    releases.publish(SECOND, "a")
    assert [entry.name for entry in releases.history()] == ["2017-11-01-a", "2017-11-02-a"]


def test_the_next_build_removes_what_a_killed_one_left(releases):
    releases.build(FIRST, "a", tables(), MACROS)
    stale = releases.folder / ".tmp-killed"
    (releases.folder / "2017-11-01-a").rename(stale)  # It is read-only, as if killed just before its rename.
    (releases.folder / ".tmp-history.jsonl").write_text("{")
    releases.build(SECOND, "a", tables(SECOND), MACROS)
    assert leftovers(releases) == []


def test_two_builds_at_once_wait_for_each_other(releases):
    started = Event()

    def slow():
        started.set()
        time.sleep(0.3)
        yield from SIMILAR.to_batches()

    reader = pa.RecordBatchReader.from_batches(SIMILAR.schema, slow())
    with ThreadPoolExecutor() as pool:
        one = pool.submit(releases.build, FIRST, "a", tables() | {"serving.x": reader}, MACROS)
        assert started.wait(10)
        other = pool.submit(Releases(releases.root).build, SECOND, "a", tables(SECOND), MACROS)
        assert one.result(10).exists()
        assert other.result(10).exists()


@pytest.mark.parametrize("release_id", ["", "a/b", "../a", " a", ".tmp"])
def test_an_id_that_is_no_folder_name_is_refused(releases, release_id):
    with pytest.raises(ReleaseError, match="choose another"):
        releases.build(FIRST, release_id, tables(), MACROS)
