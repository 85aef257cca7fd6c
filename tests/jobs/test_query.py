"""`recsys query`: a table to read, and all rows as csv, json or parquet."""

import json

import duckdb
import pytest
from typer.testing import CliRunner

from recsys_assets.storage.release.releases import Releases
from recsys_jobs.cli import app
from tests.helpers import sample
from tests.helpers.sample import NIGHTS
from tests.storage.release import few_rows

ROWS = "select range as n, 'a,\"é\x1b' as text, null as nothing, {'k': [1]} as nested from range(30)"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A deployment with a release of a few rows."""
    deployment = sample.new(tmp_path_factory.mktemp("query") / "deployment")
    few_rows.release(Releases(deployment.folder), NIGHTS[0])
    return deployment


def query(shop, *words):
    with shop.active():
        return CliRunner().invoke(app, ["query", *map(str, words)])


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_all_rows_are_written_to_a_file_and_to_a_pipe(shop, tmp_path, ending):
    out = tmp_path / f"it's.{ending}"
    out.write_text("an older file")
    done = query(shop, ROWS, "--out", out)
    assert done.exit_code == 0, done.output
    assert "30 rows" in done.output
    with duckdb.connect() as con:
        rows = con.execute(f"select count(*), sum(n), any_value(text) from '{str(out).replace(chr(39), chr(39) * 2)}'")
        assert rows.fetchall() == [(30, 435, 'a,"é\x1b')]
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    piped = query(shop, ROWS, "--format", ending)
    assert piped.exit_code == 0
    if ending != "parquet":  # It has the instant of writing in it.
        assert piped.stdout_bytes == out.read_bytes()
    assert query(shop, ROWS, "--format", ending, "--rows", 3, "--out", tmp_path / "three").exit_code == 0


def test_json_is_one_list(shop):
    first, *others = json.loads(query(shop, ROWS, "--format", "json").stdout)
    assert first == {"n": 0, "text": 'a,"é\x1b', "nothing": None, "nested": {"k": [1]}}
    assert len(others) == 29
    assert json.loads(query(shop, "select 1 as n where false", "--format", "json").stdout) == []


def test_where_nobody_reads_along_a_table_has_all_rows(shop):
    output = query(shop, "select range as n from range(30)").output
    assert all(f"│ {n} " in output for n in range(30))
    assert "more with --rows" not in output
    assert "The first 2 rows; see more with --rows, or write all with --out" in query(shop, ROWS, "--rows", 2).output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--out", "{folder}/x.txt"), "does not end with .csv, .json or .parquet; say which with --format"),
        (("--out", "{folder}/x.csv", "--format", "table"), "a file is csv, json or parquet"),
        (("--out", "{folder}"), "say which with --format"),
        (("--out", "{folder}", "--format", "csv"), "is no regular file"),
        (("--out", "/dev/null", "--format", "csv"), "/dev/null is no regular file"),
        (("--out", "{folder}/nowhere/x.csv"), "nowhere"),
        (("--out", ""), "is empty"),
        (("--format", "xml"), "xml"),
    ],
)
def test_what_cannot_be_written_is_a_sentence(shop, tmp_path, words, sentence):
    done = query(shop, "select 1 as n", *(word.replace("{folder}", str(tmp_path)) for word in words))
    assert done.exit_code in (1, 2), done.output
    assert sentence in " ".join(done.stderr.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


def test_a_query_that_fails_half_way_leaves_what_was_there(shop, tmp_path):
    out = tmp_path / "x.csv"
    out.write_text("as it was")
    done = query(shop, "select error('no') from range(10)", "--out", out)
    assert done.exit_code == 1
    assert "Mend the SQL" in done.stderr
    assert out.read_text() == "as it was"
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]
    assert "There is no SQL to run" in query(shop, " ").stderr
