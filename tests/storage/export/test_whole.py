"""Whoever reads an export sees the one before or the new one, whatever becomes of the process that writes it."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from functools import partial
from unittest.mock import patch

import psycopg
import pytest

from recsys_assets.storage.export import exporting, postgresql
from recsys_assets.storage.export.base import ExportError
from tests.helpers.committed import PROJECT
from tests.serving import small
from tests.storage.export import odd, readers, servers

FILES = {"parquet": "parquet", "csv": "csv", "jsonl": "jsonl", "sqlite": "recsys.sqlite"}
KILLED = """
import os, signal, sys
from pathlib import Path
from recsys_assets.storage import atomic
from recsys_assets.storage.export.exporting import export_release

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def progress(table, done, rows):
    if table == sys.argv[3] and done == rows:
        kill()

if sys.argv[3] == "the end":
    atomic.swap_symlink = atomic.rename = kill
export_release(Path(sys.argv[1]), sys.argv[2], progress=progress)
"""
FIRST, SECOND = "2017-10-31-a", "2017-10-31-b"


class Shop:
    """A deployment whose second release waits to be exported."""

    def __init__(self, root):
        self.root = root
        odd.publish(root, "a", " of the first")

    def export(self, to, **options):
        return exporting.export_release(self.root, to, **options)

    def publish(self):
        odd.publish(self.root, "b", " of the second")

    def killed(self, to, when):
        """Export in a process that is killed."""
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(self.root), to, when],
            cwd=PROJECT,
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "secret")
    monkeypatch.setenv("REDISCLI_AUTH", "secret")
    return Shop(tmp_path / "shop")


@pytest.fixture(scope="module")
def postgres():
    with servers.postgres() as url:
        yield url


@pytest.fixture(scope="module")
def redis():
    with servers.redis() as url:
        yield url


@pytest.fixture
def s3():
    with patch.dict(os.environ), servers.s3(os.environ) as url:
        yield url


def seen(read):
    """The one release that all tables are of; ``read`` gives a table's rows by its flat name."""
    (release,) = {row["release"] for row in read("meta_export")}
    marker = {FIRST: " of the first", SECOND: " of the second"}[release]
    lists = read("serving_recommendations")
    assert len(lists) == 24
    assert all(row["reason_text"].endswith(marker) for row in lists)
    return release


def read_file(shop, kind):
    place = shop.root / "exports" / FILES[kind]
    if kind == "csv":
        kinds = {"meta_export": {"release": "VARCHAR", "night": "DATE", "table_name": "VARCHAR", "n_rows": "BIGINT"}}
        kinds["serving_recommendations"] = readers.types(shop.root / "recsys.duckdb", "serving.recommendations")
        return lambda table: readers.csv(place, table, kinds[table])
    return partial(getattr(readers, kind), place)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["serving.recommendations", "meta.export", "the end"])
@pytest.mark.parametrize("kind", FILES)
def test_a_killed_export_leaves_the_files_before(shop, kind, when):
    shop.export(kind)
    shop.publish()
    shop.killed(kind, when)
    assert seen(read_file(shop, kind)) == FIRST
    shop.export(kind)
    assert seen(read_file(shop, kind)) == SECOND
    kept = [entry.name for entry in (shop.root / "exports").iterdir() if not entry.name.endswith(".lock")]
    assert len(kept) == (1 if kind == "sqlite" else 3), "the link, what it shows, and what it showed before"
    shop.export(kind)
    assert len([*(shop.root / "exports").iterdir()]) == len(kept) + 1


def test_who_has_a_folder_or_a_file_open_reads_on(shop):
    shop.export("parquet")
    shop.export("sqlite")
    link = shop.root / "exports" / "parquet"
    folder = link.resolve()
    with (shop.root / "exports" / "recsys.sqlite").open("rb") as file:
        before = file.read(100)
        shop.publish()
        shop.export("parquet")
        shop.export("sqlite")
        file.seek(0)
        assert file.read(100) == before
    assert seen(partial(readers.parquet, folder)) == FIRST
    assert seen(partial(readers.parquet, link)) == SECOND
    shop.export("parquet", night=small.NIGHT)
    assert not folder.exists()


def test_the_same_release_gives_the_same_bytes(shop):
    def contents():
        folder = shop.root / "exports"
        files = [*(folder / "parquet").iterdir(), *(folder / "csv").iterdir(), folder / "recsys.sqlite"]
        return {file.name: file.read_bytes() for file in files}

    for kind in ("parquet", "csv", "sqlite"):
        shop.export(kind)
    first = contents()
    for kind in ("parquet", "csv", "sqlite"):
        shop.export(kind)
    assert contents() == first


@pytest.mark.slow
@pytest.mark.parametrize("when", ["serving.recommendations", "meta.export"])
def test_a_killed_export_leaves_postgresql_as_it_was(shop, postgres, when):
    read = partial(readers.postgresql, postgres, "shop")
    shop.export(postgres)
    shop.publish()
    shop.killed(postgres, when)
    assert seen(read) == FIRST
    shop.export(postgres)
    assert seen(read) == SECOND
    with psycopg.connect(postgres) as con:
        ((n_tables,),) = con.execute("select count(*) from pg_tables where schemaname = 'shop'").fetchall()
    assert n_tables == 6


@pytest.mark.slow
@pytest.mark.parametrize("ends", ["killed", "raises"])
def test_a_broken_export_leaves_redis_as_it_was(shop, redis, ends):
    def read(table):
        found = readers.redis_key(redis, "shop", table if table == "meta_export" else f"{table}:next")
        if table == "meta_export":
            return found
        others = readers.redis_key(redis, "shop", f"{table}:discovery")
        return [row for lists in (found, others) for rows in lists.values() for row in rows]

    with readers.redis_client(redis) as client:
        client.flushall()
        shop.export(redis)
        shop.publish()
        n_keys = client.dbsize()
        if ends == "killed":
            shop.killed(redis, "meta.export")
            left = client.keys("shop:2017-10-31-b:*")
            assert left
            assert all(0 < client.ttl(key) <= 86_400 for key in left)
        else:
            with pytest.raises(KeyError):
                shop.export(redis, progress=fail_at("serving.users"))
            assert client.dbsize() == n_keys
        assert seen(read) == FIRST
        old = client.get("shop")
        shop.export(redis)
        assert seen(read) == SECOND
        assert all(0 < client.ttl(key) <= 600 for key in client.keys(f"{old}:*"))
        assert all(client.ttl(key) == -1 for key in client.keys(f"{client.get('shop')}:*"))


def fail_at(asked):
    def progress(table, done, rows):
        if table == asked and done == rows:
            raise KeyError(table)

    return progress


@pytest.mark.slow
def test_a_broken_export_leaves_the_bucket_as_it_was(shop, s3, monkeypatch):
    from pyarrow.fs import FileSelector

    from recsys_assets.storage.export import s3 as destination

    root = f"{servers.BUCKET}/a"

    def read(table):
        return readers.s3(root, table.replace("_", ".", 1))

    def folders():
        return {entry.base_name[:12] for entry in readers.s3_store().get_file_info(FileSelector(f"{root}/releases"))}

    shop.export(f"{s3}/a")
    shop.publish()
    with pytest.raises(KeyError):
        shop.export(f"{s3}/a", progress=fail_at("serving.recommendations"))
    assert seen(read) == FIRST
    shop.killed(f"{s3}/a", "meta.export")
    assert seen(read) == FIRST
    shop.export(f"{s3}/a")
    assert seen(read) == SECOND
    assert folders() == {FIRST, SECOND}
    monkeypatch.setattr(destination, "UNFINISHED", timedelta(0))  # As though a day had passed.
    shop.export(f"{s3}/a")
    assert seen(read) == SECOND
    assert folders() == {SECOND}


@pytest.mark.slow
def test_grants_views_of_others_and_transactions_that_began_before_outlast_an_export(shop, postgres):
    shop.export(postgres, into="kept")
    with psycopg.connect(postgres, autocommit=True) as owner, psycopg.connect(postgres) as reader:
        owner.execute("create role analyst login password 'secret'")
        owner.execute("grant usage on schema kept to analyst")
        owner.execute("grant select on kept.serving_recommendations, kept.meta_export to analyst")
        owner.execute("create view public.mine as select release from kept.meta_export")
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("select 1")  # Its snapshot is taken now.
        shop.publish()
        shop.export(postgres, into="kept")
        assert {*reader.execute("select * from public.mine").fetchall()} == {(SECOND,)}
        assert {*owner.execute("select * from public.mine").fetchall()} == {(SECOND,)}
        reader.rollback()
        as_analyst = postgres.replace("shop@", "analyst@")
        assert seen(partial(readers.postgresql, as_analyst, "kept")) == SECOND
        # A summary that has to go, as this release has other tables, takes nobody's view with it.
        owner.execute("drop view public.mine")
        owner.execute("create view public.mine as select user_id from kept.serving_users")
        with pytest.raises(ExportError, match=r"others depend on it.*The export before stays"):
            shop.export(postgres, into="kept", tables=["serving.items"])
        assert seen(partial(readers.postgresql, postgres, "kept")) == SECOND


@pytest.mark.slow
def test_readers_of_views_are_waited_for_but_not_for_ever(shop, postgres, monkeypatch):
    shop.export(postgres, into="locked")
    shop.publish()
    monkeypatch.setattr(postgresql, "LOCK_SECONDS", 1)
    with psycopg.connect(postgres) as reader:
        reader.execute("select * from locked.serving_items")
        monkeypatch.setattr(postgresql, "ATTEMPTS", 1)
        with pytest.raises(ExportError, match=r"End it.*The export before stays"):
            shop.export(postgres, into="locked")
        assert seen(partial(readers.postgresql, postgres, "locked")) == FIRST
        monkeypatch.setattr(postgresql, "ATTEMPTS", 20)
        timer = threading.Timer(2.5, reader.rollback)
        timer.start()
        shop.export(postgres, into="locked")
        timer.join()
    assert seen(partial(readers.postgresql, postgres, "locked")) == SECOND


@pytest.mark.slow
def test_a_table_that_is_being_read_waits_for_the_next_export(shop, postgres):
    shop.export(postgres, into="busy")
    with psycopg.connect(postgres, autocommit=True) as con, psycopg.connect(postgres) as reader:
        ((table,),) = con.execute(
            "select tablename from pg_tables where schemaname = 'busy' and tablename like 'serving_items_%'"
        ).fetchall()
        reader.execute(f"select * from busy.{table}")  # The table, not the view.
        shop.export(postgres, into="busy")

        def tables():
            ((n_tables,),) = con.execute("select count(*) from pg_tables where schemaname = 'busy'").fetchall()
            return n_tables

        assert tables() == 7
        reader.rollback()
        shop.export(postgres, into="busy")
        assert tables() == 6


@pytest.mark.slow
def test_a_view_whose_columns_changed_is_made_anew(shop, postgres):
    shop.export(postgres, into="changed")
    with psycopg.connect(postgres) as con:
        con.execute("drop view changed.serving_items")
        con.execute("create view changed.serving_items as select 1 as other")
        con.execute("comment on view changed.serving_items is 'recsys export'")
    shop.export(postgres, into="changed")
    assert len(readers.postgresql(postgres, "changed", "serving_items")) == len(small.ITEMS)
