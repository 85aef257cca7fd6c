"""What cannot be exported is a sentence that says what to do, and no password is ever in it."""

import os
import sys
from datetime import date
from unittest.mock import patch

import pytest
from typer.testing import CliRunner

from recsys_assets.storage.export import base
from recsys_assets.storage.export.base import ExportError, address, has_password
from recsys_assets.storage.export.exporting import export_release
from recsys_assets.storage.release.file import ReleaseError
from recsys_assets.visible import blotted
from recsys_jobs.cli import app
from tests.helpers import sample
from tests.storage.export import odd, servers


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A deployment with the release of odd rows."""
    deployment = sample.new(tmp_path_factory.mktemp("export") / "deployment")
    odd.publish(deployment.folder)
    return deployment


def recsys(shop, *words):
    with shop.active():
        return CliRunner().invoke(app, ["export", *map(str, words)])


def said(done):
    return " ".join(done.stderr.replace("│", " ").split())


def test_the_command_says_where_the_tables_are(shop, tmp_path):
    done = recsys(shop, "--to", "jsonl", "--into", tmp_path / "out", "--table", "meta.odd", "--table", "serving.items")
    assert done.exit_code == 0, done.output
    assert done.output == f"Release 2017-10-31-a is exported. {tmp_path}/out: 3 files, 0.0 MB.\n"
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "meta_export.jsonl",
        "meta_odd.jsonl",
        "serving_items.jsonl",
    ]
    done = recsys(shop, "--to", "sqlite", "--night", "2017-10-31")
    assert f"{shop.folder}/exports/recsys.sqlite: 6 tables" in done.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--to", "xml"], "Nothing can be exported to 'xml'. Choose one of csv, jsonl, parquet, postgres://…"),
        (["--to", "redis"], "Nothing can be exported to 'redis'"),
        (["--to", "csv://here"], "Nothing can be exported to 'csv://here'"),
        (["--to", ""], "Nothing can be exported to ''"),
        ([], "Missing option '--to'"),
        (["--to", "csv", "--table", "serving.x"], "has no table 'serving.x'. It has meta.build, meta.grades"),
        (["--to", "csv", "--table", "'; drop"], "has no table"),
        (
            ["--to", "csv", "--night", "2017-10-30"],
            "No release of night 2017-10-30 is kept. There are those of 2017-10-31.",
        ),
        (["--to", "csv", "--into", ""], "is empty"),
        (["--to", "csv", "--into", "{folder}"], "was not made by an export"),
        (["--to", "sqlite", "--into", "{folder}"], "is no regular file"),
        (["--to", "csv", "--into", "/proc/nowhere/x"], "/proc/nowhere"),
        (["--to", "s3://"], "names no bucket"),
        (["--to", "s3://bucket", "--into", "x"], "leave --into out"),
        (["--to", "postgresql://u@127.0.0.1:{port}/d"], "PostgreSQL at 127.0.0.1:{port} cannot be used"),
        (["--to", "redis://127.0.0.1:{port}"], "Redis at 127.0.0.1:{port} cannot be reached"),
        (["--to", "redis://127.0.0.1:{port}/x?db=y"], "Redis at 127.0.0.1:{port}"),
        (["--to", "postgresql://u:hush@127.0.0.1/d"], "a password that is typed is seen by whoever lists processes"),
        (["--to", "redis://:hush@127.0.0.1"], "set PGPASSWORD or REDISCLI_AUTH"),
        (["--to", "postgresql://127.0.0.1/d?password=hush"], "RECSYS_EXPORT_TO"),
        (["--to", "redis://u:hu/sh@127.0.0.1"], "no port. In a user and a password the characters"),
    ],
)
def test_what_is_wrong_is_said(shop, tmp_path, words, sentence):
    names = {"folder": tmp_path, "port": servers.free_port()}
    done = recsys(shop, *(word.format(**names) for word in words))
    assert done.exit_code in (1, 2), done.output
    assert sentence.format(**names) in said(done)
    assert "hu" not in said(done).replace("hub", "")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("to", ["postgresql://shop:hush@127.0.0.1:{port}/d", "redis://:hush@127.0.0.1:{port}"])
def test_a_password_may_be_in_the_environment_and_is_not_shown(shop, to):
    with shop.active():
        os.environ["RECSYS_EXPORT_TO"] = to.format(port=servers.free_port())
        done = CliRunner().invoke(app, ["export"])
    assert done.exit_code == 1
    assert "127.0.0.1" in said(done)
    assert "hush" not in done.output


def test_not_even_the_log_of_a_fault_has_the_password(shop, monkeypatch):
    monkeypatch.setattr("recsys_assets.storage.export.exporting.destination", lambda to: Broken)
    with shop.active():
        os.environ["RECSYS_EXPORT_TO"] = "postgresql://shop:hush@127.0.0.1/d"
        done = CliRunner().invoke(app, ["export"])
    assert done.exit_code == 70
    log = max((shop.data / "logs").iterdir())
    assert "cannot reach postgresql://shop:***@127.0.0.1/d" in log.read_text()
    assert "hush" not in log.read_text() + done.output


class Broken:
    @staticmethod
    def write(export, place):
        raise RuntimeError(f"cannot reach {place.to}")


@pytest.mark.parametrize(
    ("to", "module", "command"),
    [("postgresql://h/d", "psycopg", "pip install 'psycopg[binary]"), ("redis://h", "redis", "pip install 'redis")],
)
def test_a_client_that_is_missing_is_named_with_the_command(shop, monkeypatch, to, module, command):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ExportError) as error:
        export_release(shop.folder, to)
    assert command in str(error.value)


def test_nothing_published_and_a_damaged_release_are_refused(tmp_path):
    with pytest.raises(ExportError, match="Nothing is published"):
        export_release(tmp_path / "shop", "csv")
    file = odd.publish(tmp_path / "shop")
    file.chmod(0o600)
    with file.open("r+b") as damaged:
        damaged.seek(40_000)
        damaged.write(b"damage")
    with pytest.raises(ReleaseError, match="is damaged"):
        export_release(tmp_path / "shop", "csv")
    assert not (tmp_path / "shop" / "exports").exists()


def test_an_older_night_is_exported_as_it_was(tmp_path):
    odd.publish(tmp_path / "shop", "old", " of before", night=date(2017, 10, 30))
    odd.publish(tmp_path / "shop", "new")
    assert export_release(tmp_path / "shop", "csv")[0] == "2017-10-31-new"
    assert export_release(tmp_path / "shop", "csv", night=date(2017, 10, 30))[0] == "2017-10-30-old"


def test_what_somebody_writes_into_is_not_replaced(shop):
    export_release(shop.folder, "sqlite")
    file = shop.folder / "exports" / "recsys.sqlite"
    journal = file.with_name("recsys.sqlite-wal")
    journal.touch()
    before = file.read_bytes()
    with pytest.raises(ExportError, match="Somebody writes into"):
        export_release(shop.folder, "sqlite", tables=["serving.items"])
    journal.unlink()
    assert file.read_bytes() == before
    assert not [*file.parent.glob(".tmp*")]


@pytest.mark.parametrize("to", ["postgresql", "redis", "s3"])
def test_a_server_that_does_not_let_us_in_says_so(shop, to):
    started = servers.s3(os.environ) if to == "s3" else {"postgresql": servers.postgres, "redis": servers.redis}[to]()
    passwords = {"PGPASSWORD": "hush", "REDISCLI_AUTH": "hush"}
    with patch.dict(os.environ, passwords), started as url, pytest.raises(ExportError) as error:
        export_release(shop.folder, url.replace("bucket", "nobodys"))
    sentence = {"postgresql": "PGPASSWORD", "redis": "REDISCLI_AUTH", "s3": "Make the bucket"}[to]
    assert sentence in str(error.value)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "shown", "carries"),
    [
        ("postgresql://u:p@h:1/d", "h:1", True),
        ("postgresql://u:p%40@h/d", "h", True),
        ("postgresql://h/d?sslpassword=p", "h", True),
        ("postgresql:///d", "this machine", False),
        ("redis://:p@h", "h", True),
        ("redis://u@h:6379/0", "h:6379", False),
        ("s3://bucket/a@b:c", "bucket", False),
    ],
)
def test_passwords_of_urls_are_seen_and_blotted(url, shown, carries):
    assert address(url) == shown
    assert has_password(url) is carries
    assert (blotted(url) != url) is carries
    assert "p@" not in blotted(f"it said: {url}, then {url}") or not carries
    assert str(base.ExportError(url)) == blotted(url)
