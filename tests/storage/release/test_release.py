"""Building, publishing, rolling back and pruning releases."""

import os
import resource
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from threading import Event

import duckdb
import pyarrow as pa
import pytest

from recsys_assets.storage.release.releases import ReleaseError, Releases

MACROS = """
create macro serving.recommend(u, k := 10, t := 'next') as table
    select r.item_id, r.rank from serving.recommendations as r
    where r.user_id = u::varchar and r.task = t and r.rank <= k order by r.rank;
create macro serving.similar(item, k := 10) as table
    select s.similar_id from serving.similar_items as s where s.item_id = item::varchar and s.rank <= k;
"""
FIRST, SECOND, THIRD = date(2017, 11, 1), date(2017, 11, 2), date(2017, 11, 3)


def tables(night=FIRST, n_users=5):
    users = [f"u{index}" for index in reversed(range(n_users)) for _ in range(2)]
    lists = {"night": [night] * len(users), "user_id": users, "task": ["next"] * len(users)}
    return {
        "meta.build": pa.table({"night": [night], "built_at": [datetime(2017, 11, 2, 2)]}),
        "serving.recommendations": pa.table(lists | {"item_id": ["7", "8"] * n_users, "rank": [1, 2] * n_users}),
        "serving.similar_items": pa.table({"item_id": ["7"], "similar_id": ["8"], "rank": [1]}),
    }


@pytest.fixture
def releases(tmp_path):
    return Releases(tmp_path / "shop")


def release(releases, night, release_id="a"):
    releases.build(night, release_id, tables(night), MACROS)
    return releases.publish(night, release_id)


def published_night(releases):
    with duckdb.connect(str(releases.link), read_only=True) as con:
        ((night,),) = con.execute("select night from meta.build").fetchall()
        assert con.execute("select distinct night from serving.recommendations").fetchall() == [(night,)]
    return night


def leftovers(releases):
    return [path.name for path in (*releases.root.iterdir(), *releases.folder.iterdir()) if "tmp" in path.name]


# Building


def test_a_release_is_one_read_only_file_that_older_clients_open(releases):
    file = releases.build(FIRST, "a", tables(), MACROS)
    assert file == releases.folder / "2017-11-01-a" / "recsys.duckdb"
    assert list(file.parent.iterdir()) == [file]
    assert stat.S_IMODE(file.stat().st_mode) == 0o444
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o555
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


def test_a_damaged_release_is_built_anew_unless_it_is_current(releases):
    file = releases.build(FIRST, "a", tables(), MACROS)
    damage(file, file.read_bytes()[:5000])
    releases.build(FIRST, "a", tables(), MACROS)
    releases.publish(FIRST, "a")
    assert published_night(releases) == FIRST
    damage(file, b"")
    with pytest.raises(ReleaseError, match=r"2017-11-01-a is current and fails its check.*Roll back"):
        releases.build(FIRST, "a", tables(), MACROS)


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
    assert [found.name for found in releases.list()] == ["2017-11-01-a"]
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
    (releases.folder / "2017-11-01-a").rename(stale)  # read-only, as killed just before its rename
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


# Publishing


def test_publishing_moves_the_link_forward(releases):
    before = datetime.now(UTC)
    assert release(releases, FIRST).changed
    assert release(releases, SECOND).changed
    assert published_night(releases) == SECOND
    first, second = releases.list()
    assert (first.night, first.id, first.is_current) == (FIRST, "a", False)
    assert (second.night, second.id, second.is_current) == (SECOND, "a", True)
    assert second.bytes == releases.link.stat().st_size
    assert before <= first.published_at <= second.published_at <= datetime.now(UTC)
    assert releases.current() == second


def test_publishing_again_changes_nothing(releases):
    release(releases, FIRST)
    link = releases.link.lstat().st_ino
    again = releases.publish(FIRST, "a")
    assert (again.published, again.changed) == (True, False)
    assert releases.link.lstat().st_ino == link
    assert len(releases.history()) == 1


def test_a_backfilled_night_never_moves_the_link_backwards(releases):
    release(releases, SECOND)
    result = release(releases, FIRST)
    assert (result.published, result.changed) == (False, False)
    assert "2017-11-02-a, of a later night, is current" in result.reason
    assert published_night(releases) == SECOND
    assert releases.list()[0].published_at is None


def test_a_night_built_anew_replaces_its_own_release(releases):
    release(releases, FIRST, "a")
    assert release(releases, FIRST, "b").changed
    assert releases.current().name == "2017-11-01-b"
    assert releases.rollback().name == "2017-11-01-a"


def test_the_link_survives_a_move_of_the_whole_folder(releases, tmp_path):
    release(releases, FIRST)
    moved = Releases(releases.root.rename(tmp_path / "elsewhere"))
    assert published_night(moved) == FIRST


def test_a_file_in_the_place_of_the_link_is_not_overwritten(releases):
    releases.build(FIRST, "a", tables(), MACROS)
    releases.link.write_text("someone's own")
    with pytest.raises(ReleaseError, match="move it away"):
        releases.publish(FIRST, "a")
    assert releases.link.read_text() == "someone's own"


# Rolling back


def test_rollback_goes_back_step_by_step_and_the_next_night_forward(releases):
    for night in (FIRST, SECOND, THIRD):
        release(releases, night)
    assert releases.rollback().name == "2017-11-02-a"
    assert published_night(releases) == SECOND
    releases.rollback()
    assert published_night(releases) == FIRST
    with pytest.raises(ReleaseError, match="nothing to roll back to"):
        releases.rollback()
    assert release(releases, date(2017, 11, 4)).changed
    assert published_night(releases) == date(2017, 11, 4)
    assert releases.rollback().name == "2017-11-01-a", "what readers saw before, not the release rolled back from"
    actions = [entry.action for entry in releases.history()]
    assert actions == ["publish"] * 3 + ["rollback"] * 2 + ["publish", "rollback"]


def test_rollback_to_a_named_release(releases):
    for night in (FIRST, SECOND, THIRD):
        release(releases, night)
    assert releases.rollback("2017-11-01-a").changed
    assert not releases.rollback("2017-11-01-a").changed
    assert published_night(releases) == FIRST
    for wrong in ("2017-11-09-a", "../shop/releases/2017-11-02-a"):
        with pytest.raises(ReleaseError, match="There is no release"):
            releases.rollback(wrong)


def test_rollback_passes_over_a_release_that_was_deleted(releases):
    for night in (FIRST, SECOND, THIRD):
        release(releases, night)
    (releases.folder / "2017-11-02-a").rename(releases.folder / "gone")
    assert releases.rollback().name == "2017-11-01-a"


def test_rollback_with_nothing_published(releases):
    with pytest.raises(ReleaseError, match="nothing to roll back to"):
        releases.rollback()


# History


def test_a_torn_last_line_is_left_out(releases):
    release(releases, FIRST)
    release(releases, SECOND)
    text = releases.history_file.read_text()
    for end in range(len(text) - 1, text.index("\n"), -7):
        releases.history_file.write_text(text[:end])
        assert [entry.name for entry in releases.history()] == ["2017-11-01-a", "2017-11-02-a"]
    release(releases, THIRD)
    assert len(releases.history_file.read_text().splitlines()) == 3


def test_a_publication_cut_short_after_the_swap_is_written_down_later(releases):
    release(releases, FIRST)
    release(releases, SECOND)
    (first, second) = releases.history()
    lines = releases.history_file.read_text().splitlines(keepends=True)
    releases.history_file.write_text(lines[0])
    assert releases.history()[0] == first
    recovered = releases.history()[1]
    assert (recovered.name, recovered.action) == (second.name, "publish")
    assert abs(recovered.at - second.at) < timedelta(seconds=5)
    releases.publish(SECOND, "a")
    assert len(releases.history_file.read_text().splitlines()) == 2


def test_a_damaged_line_is_named(releases):
    release(releases, FIRST)
    releases.history_file.write_text("{}\n" + releases.history_file.read_text())
    with pytest.raises(ReleaseError, match=r"Line 1 of .*history\.jsonl"):
        releases.history()


# Pruning


def test_prune_spares_the_current_release_and_the_one_before(releases):
    for night in (FIRST, SECOND, THIRD):
        release(releases, night)
    releases.rollback()
    assert releases.prune(keep=0, older_than=timedelta(0)) == ("2017-11-03-a",)
    assert releases.rollback().name == "2017-11-01-a"
    assert leftovers(releases) == []


def test_prune_spares_the_latest_nights_and_the_young(releases):
    for night in (FIRST, SECOND, THIRD, date(2017, 11, 4), date(2017, 11, 5)):
        release(releases, night)
    assert releases.prune(keep=0, older_than=timedelta(hours=1)) == ()
    two_hours_ago = time.time() - 7200
    os.utime(releases.folder / "2017-11-01-a" / "recsys.duckdb", (two_hours_ago, two_hours_ago))
    os.utime(releases.folder / "2017-11-03-a" / "recsys.duckdb", (two_hours_ago, two_hours_ago))
    assert releases.prune(keep=3, older_than=timedelta(hours=1)) == ("2017-11-01-a",)
    assert [found.night.day for found in releases.list()] == [2, 3, 4, 5]
    with pytest.raises(ReleaseError, match="-1 releases"):
        releases.prune(keep=-1, older_than=timedelta(0))


# Reading


def test_connect_stays_on_its_release_and_the_next_sees_the_new_one(releases):
    release(releases, FIRST)
    with releases.connect() as old:
        release(releases, SECOND)
        with releases.connect() as new:
            for con, night in ((old, FIRST), (new, SECOND)):
                assert con.execute("select night from meta.build").fetchall() == [(night,)]
        with pytest.raises(duckdb.Error, match="read-only"):
            old.execute("create table meta.x (i int)")
        items = old.execute("from serving.recommend('u3', k := 1)").fetchall()
    assert items == [("7", 1)]


def test_connect_with_nothing_published_says_what_to_do(releases):
    with pytest.raises(ReleaseError, match=r"Nothing is published in .*shop yet: build a night first"):
        releases.connect()
    assert releases.list() == ()


def test_connect_to_a_release_that_was_deleted_says_what_to_do(releases):
    release(releases, FIRST)
    (releases.folder / "2017-11-01-a").rename(releases.folder / "gone")
    with pytest.raises(ReleaseError, match=r"2017-11-01-a cannot be opened.*Roll back"):
        releases.connect()
