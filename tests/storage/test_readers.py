"""Reading delivered files: every row comes back, as delivered, with its number; what cannot be read is told."""

import csv
import gzip
import io
import json
import re
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys_assets.profile import Delivery
from recsys_assets.storage.readers import UnreadableFile, stage


@pytest.fixture
def read(tmp_path):
    def read(name, content, delimiter=None):
        path = Path(tmp_path / name)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with duckdb.connect() as con:
            rejects = stage(con, path, Delivery(table="t", files="*", delimiter=delimiter))
            return con.sql("from staged order by landed_row").to_arrow_table().to_pylist(), rejects

    return read


ROWS = [{"a": "007", "b": "x", "landed_row": 1}, {"a": "8.50", "b": None, "landed_row": 2}]


@pytest.mark.parametrize(
    ("name", "content", "delimiter"),
    [
        ("a.csv", "a,b\n007,x\n8.50,\n", None),
        ("a.CSV", "a;b\n007;x\n8.50;\n", None),
        ("a.csv", "a|b\n007|x\n8.50|\n", None),
        ("a.tsv", "a\tb\n007\tx\n8.50\t\n", None),
        ("a.txt", "a::b\n007::x\n8.50::\n", "::"),
        ("a.csv", "\ufeffa,b\r\n007,x\r\n8.50,\r\n", None),
        ("a.csv", '"a","b"\n"007","x"\n"8.50",\n', None),
        ("a.csv.gz", gzip.compress(b"a,b\n007,x\n8.50,\n"), None),
        ("a.jsonl", '{"a": "007", "b": "x"}\n\n{"a": 8.50}\n', None),
        ("a.jsonl.gz", gzip.compress(b'{"a": "007", "b": "x"}\n{"a": 8.50, "b": null}\n'), None),
        ("a.ndjson", '{"b": "x", "a": "007"}\r\n{"a": 8.50}\r\n', None),
    ],
)
def test_texts_stay_as_delivered(read, name, content, delimiter):
    rows, rejects = read(name, content, delimiter)
    for row, expected in zip(rows, ROWS, strict=True):
        if "json" in name:  # a blank line has a number too, and JSON writes 8.50 as it likes
            assert (float(row["a"]), row["b"]) == (float(expected["a"]), expected["b"])
        else:
            assert row == expected
    assert rejects == []


def test_parquet_keeps_its_types(read, tmp_path):
    when = datetime(2020, 3, 1, 12)
    pq.write_table(pa.table({"a": [7], "t": [when], "s": [[1, 2]]}), tmp_path / "given.parquet")
    rows, rejects = read("a.parquet", (tmp_path / "given.parquet").read_bytes())
    assert (rows, rejects) == ([{"a": 7, "t": when, "s": [1, 2], "landed_row": 1}], [])


def test_quotes_are_read_and_a_line_with_bad_ones_changes_no_other(read):
    rows, rejects = read("a.csv", 'a,b\n1,"x, ""y"""\n2,"un"quoted"\n3,"two\nlines"\n#4,z\n')
    assert [(row["a"], row["b"], row["landed_row"]) for row in rows] == [
        ("1", 'x, "y"', 1),
        ("3", "two\nlines", 3),
        ("#4", "z", 4),
    ]
    assert [(row, line) for row, _, _, line in rejects] == [(2, '2,"un"quoted"')]


def test_lines_of_another_width_are_rejects_and_the_others_keep_their_number(read):
    rows, rejects = read("a.csv", "a,b\n1,x\n2\n3\n4,x,y\n5,x\n6\n7,x\n")
    assert [(row["a"], row["landed_row"]) for row in rows] == [("1", 1), ("5", 5), ("7", 7)]
    assert [(row, line) for row, _, _, line in rejects] == [(2, "2"), (3, "3"), (4, "4,x,y"), (6, "6")]
    assert all("Expected Number of Columns: 2" in reason for _, _, reason, _ in rejects)


def test_most_lines_may_be_bad_without_changing_how_the_others_are_read(read):
    rows, rejects = read("a.csv", "a,b\n" + "1\n" * 50 + "2,x\n" + "3;4;5\n" * 50)
    assert [(row["a"], row["b"], row["landed_row"]) for row in rows] == [("2", "x", 51)]
    assert len(rejects) == 100


def test_what_is_no_utf8_is_a_reject(read):
    rows, rejects = read("a.csv", b"a,b\n1,x\n\xff\xfe,x\n3,x\n")
    assert [(row["a"], row["landed_row"]) for row in rows] == [("1", 1), ("3", 3)]
    assert [(row, column) for row, column, _, _ in rejects] == [(2, "a")]


def test_json_lines_that_are_no_object_are_rejects(read):
    rows, rejects = read("a.jsonl", '{"a": 1}\n{bad\n[1]\n7\n\n{"a": 6}\n{"a": 7} {"a": 8}\n')
    assert [(row["a"], row["landed_row"]) for row in rows] == [("1", 1), ("6", 6)]
    assert rejects == [
        (n, "", "not a JSON object", line) for n, line in ((2, "{bad"), (3, "[1]"), (4, "7"), (7, '{"a": 7} {"a": 8}'))
    ]


def test_json_names_and_values_are_taken_as_they_are(read):
    given = {"$x": 1, "a.b": True, "p/q": "é", "t~u": {"k": [1]}, 'say "x"': None, "*": "all", "0": "zero"}
    rows, _ = read("a.jsonl", json.dumps(given) + "\n")
    (row,) = rows
    assert row == {
        "$x": "1", "a.b": "true", "p/q": "é", "t~u": '{"k":[1]}', 'say "x"': None, "*": "all", "0": "zero",
        "landed_row": 1,
    }  # fmt: skip


def test_columns_of_one_name_are_kept_apart(read):
    rows, _ = read("a.csv", "a,A,,b\n1,2,3,4\n")
    assert rows == [{"a": "1", "A_1": "2", "column2": "3", "b": "4", "landed_row": 1}]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xlsx", "x", "format .xlsx is not known; deliver CSV, CSV.gz, Parquet or JSON lines"),
        ("a", "x", "is not known"),
        ("a.csv", "", "holds no column names"),
        ("a.csv", "\n1,2\n", "holds no column names"),
        ("a.csv.gz", "a,b\n1,2\n", "cannot be read: Not a gzipped file"),
        ("a.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 9999, mtime=0)[:40], "Error"),
        ("a.parquet", "PAR1 and nothing", "No magic bytes"),
        ("a.parquet", "", "too small to be a Parquet file"),
        ("a.jsonl", "", "holds no JSON object"),
        ("a.jsonl", "[1]\nnull\n", "holds no JSON object"),
        ("a.jsonl", "{}\n", "holds no JSON object"),
    ],
)
def test_what_cannot_be_read_at_all_says_why(read, name, content, said):
    with pytest.raises(UnreadableFile, match=re.escape(said)):
        read(name, content)


GARBAGE = st.text(st.sampled_from("ab1,;\"\\{}[]:#%\t 'é"), min_size=1, max_size=12).filter(str.strip)
FAST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FAST
@given(lines=st.lists(st.just('{"a": 1}') | GARBAGE, max_size=12))
def test_no_json_line_is_lost(read, lines):
    rows, rejects = read("a.jsonl", "\n".join(['{"a": 0}', *lines]) + "\n")
    assert sorted([row["landed_row"] for row in rows] + [row for row, *_ in rejects]) == list(range(1, len(lines) + 2))


@FAST
@given(lines=st.lists(st.just("1,x") | GARBAGE.filter(lambda line: '"' not in line), max_size=12))
def test_no_csv_line_is_lost(read, lines):
    rows, rejects = read("a.csv", "\n".join(["a,b", "0,x", *lines]) + "\n")
    found = {row["landed_row"]: f"{row['a'] or ''},{row['b'] or ''}" for row in rows} | {
        row: line for row, _, _, line in rejects
    }
    assert len(rows) + len(rejects) == len(lines) + 1
    # One empty field too many at the end is let through.
    assert [found[number].strip(" ,\t") for number in sorted(found)] == [line.strip(" ,\t") for line in ["0,x", *lines]]


@FAST
@given(rows=st.lists(st.tuples(*[st.text(st.sampled_from('ab,;"\n é#'), min_size=1)] * 2), max_size=8))
def test_any_text_survives_csv(read, rows):
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("a", "b"), *rows])
    found, rejects = read("a.csv", out.getvalue())
    assert ([(row["a"], row["b"]) for row in found], rejects) == (rows, [])
