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
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from recsys_assets.profile import Delivery
from recsys_assets.selects.canonical import SourceError
from recsys_assets.storage.landing.database import Landing
from recsys_assets.storage.landing.formats import formats
from recsys_assets.storage.landing.opening import opened
from recsys_assets.storage.landing.readers import UnreadableFile, stage
from recsys_assets.storage.landing.text_files import LONGEST_LINE
from tests.helpers.examples import examples
from tests.storage.lakes import make_profile


@pytest.fixture
def read(tmp_path):
    def read(name, content, delimiter=None, **settings):
        path = Path(tmp_path / name)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with duckdb.connect() as con, opened(path) as file:
            rejects = stage(con, file, Delivery(table="t", files="*", delimiter=delimiter, **settings))
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
        ("a.csv", "a,b\r007,x\r8.50,\r", None),
        ("a.csv", "a,b\r\n007,x\n\r8.50,", None),
        ("a.csv", '"a", "b"\n"007" ,"x"\n"8.50", ""\n', None),
        ("a.csv", "\ufeffa,b\n007,x\n8.50,\n".encode("utf-16-be"), None),
        ("a.csv", "a,b\n007,x\n8.50,\n".encode("utf-16"), None),
        ("a.csv", "a,b\n007,x\n8.50,\n".encode("utf-32"), None),
        ("a.csv.gz", gzip.compress(b"a,b\n007,x\n8.50,\n", mtime=0), None),
        ("a.csv", gzip.compress(b"a,b\n007,x\n8.50,\n", mtime=0), None),
        ("a.csv.gz", "a,b\n007,x\n8.50,\n", None),
        ("a.jsonl", '{"a": "007", "b": "x"}\n\n{"a": 8.50}\n', None),
        ("a.jsonl.gz", gzip.compress(b'{"a": "007", "b": "x"}\n{"a": 8.50, "b": null}\n', mtime=0), None),
        ("a.ndjson", '{"b": "x", "a": "007"}\r\n{"a": 8.50}\r\n', None),
    ],
)
def test_texts_stay_as_delivered(read, name, content, delimiter):
    rows, rejects = read(name, content, delimiter)
    for row, expected in zip(rows, ROWS, strict=True):
        if "json" in name:  # A blank line has a number too, and JSON writes 8.50 as it likes.
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
    assert [reason.partition(",")[0] for _, _, reason, _ in rejects] == [
        "1 field(s)",
        "1 field(s)",
        "3 fields",
        "1 field(s)",
    ]


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
        ("a.csv", "", "is empty"),
        ("a.csv", "\n1,2\n", "holds no column names"),
        ("a.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 9999, mtime=0)[:40], "gzip stream is damaged or cut short"),
        ("a.parquet", "PAR1 and nothing", "No magic bytes"),
        ("a.parquet", "", "is empty"),
        ("a.jsonl", "", "is empty"),
        ("a.jsonl", "[1]\nnull\n", "holds no JSON object"),
        ("a.jsonl", "{}\n", "holds no JSON object"),
    ],
)
def test_what_cannot_be_read_at_all_says_why(read, name, content, said):
    with pytest.raises(UnreadableFile, match=re.escape(said)):
        read(name, content)


@pytest.mark.parametrize("settings", [{}, {"format": "jsonl"}])
def test_settings_tell_what_a_name_does_not(read, settings):
    if not settings:
        with pytest.raises(UnreadableFile, match=r"format \.data is not known.* or set format for its delivery"):
            read("u.data", "1\t2\n")
    else:
        assert read("u.data", '{"a": "1"}\n', **settings) == ([{"a": "1", "landed_row": 1}], [])


def test_a_text_file_without_a_line_of_names_takes_those_of_its_delivery(read):
    """The layouts of MovieLens ml-100k (u.data, u.item)."""
    rows, rejects = read("u.data", "196\t242\t3\n186\t302\n22\t377\t1\n", format="csv", columns=["u", "i", "rating"])
    assert rows == [
        {"u": "196", "i": "242", "rating": "3", "landed_row": 1},
        {"u": "22", "i": "377", "rating": "1", "landed_row": 3},
    ]
    assert [(row, line) for row, _, _, line in rejects] == [(2, "186\t302")]
    film = '1|Les Misérables "1995" (1995)|http://x\n'.encode("latin-1")
    rows, rejects = read("u.item", film, format="csv", columns=["id", "Title", "title url"], encoding="latin-1")
    assert rows == [{"id": "1", "Title": 'Les Misérables "1995" (1995)', "title url": "http://x", "landed_row": 1}]
    assert rejects == []


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le", "shift_jis", "utf-8-sig"])
def test_encodings_are_undone(read, encoding):
    content = "a,b\n" + "7,Käse\n" * 3
    if encoding == "shift_jis":
        content = content.replace("Käse", "チーズ")
    for pack in (bytes, gzip.compress):
        rows, rejects = read("a.csv", pack(content.encode(encoding)), encoding=encoding)
        assert [row["b"] for row in rows] == [content.splitlines()[1][2:]] * 3
        assert rejects == []


def test_bytes_an_encoding_does_not_have_are_rejects(read):
    rows, ((row, column, reason, line),) = read("a.csv", b"a,b\n1,\x80\n2,\x81\n3,x\n", encoding="cp1252")
    assert [(kept["b"], kept["landed_row"]) for kept in rows] == [("€", 1), ("x", 3)]
    assert (row, column, line) == (2, "b", "2,\\x81")
    assert "not valid CP1252" in reason


@pytest.mark.parametrize(
    ("content", "bad"),
    [
        # The rows before and after a quote that is never closed are all there, wherever the next quote is.
        ('1,x\n2,"open\n3,x\n4,x\n', [2]),
        ('1,x\n2,"open\n3,"x"\n4,x\n', [2]),
        ('1,x\n"2",open"\n3,""\n4,"x"\n', []),
        ('1,x\n2,"open\n3,""\n4,"x"\n', [2]),
        ('1,x\n2,"open\n"3","x"\n4,x', [2]),
        ('"1","x"\n"2","open\n"3","x"\n"4","open\n', [2, 4]),
        ('1,x\n2,"a"b\n3,x\n4,"a""b"\n', [2]),
        ('1,x\n2,"a""\n3,x\n4,x\n', [2]),
        ('1,"a\nb"\n2,"c\n\n\rd"\n3\n4,x\n', [3]),
        ('1,"a\n2,b",c\n3,x\n', [1, 2]),
        ('1,a"b"\n2,a"\n3,\n4,x,\n', [4]),
        ("1,a\n2,b,\n3,c,,\n4,x\n", [2, 3]),
        ("1,a\n\n\n2,b\n \n4,c\n\n", [3]),
        ("1,a\n2,\0\n3,c\n", [2]),
        ("1,a\r\n2,b\n3\r4,d\r\n", [3]),
    ],
)
def test_a_line_that_cannot_be_split_takes_no_other_with_it(read, content, bad):
    rows, rejects = read("a.csv", "a,b\n" + content)
    assert [row for row, *_ in rejects] == bad
    n_rows = max(int(row["a"]) for row in rows) if not bad else max(*bad, *(row["landed_row"] for row in rows))
    assert [row["landed_row"] for row in rows] == [n for n in range(1, n_rows + 1) if n not in bad]
    assert all(reason for _, _, reason, _ in rejects)
    assert all(row["a"].isdigit() for row in rows)


def test_columns_of_any_name_are_kept(read):
    names = ["rowid", "c0", "row", 'say "x"', "split", "a b", "ü", "order"]
    content = io.StringIO()
    csv.writer(content).writerows([names, list("12345678"), ["x"]])
    rows, ((row, *_),) = read("a.csv", content.getvalue())
    assert rows == [dict(zip(names, "12345678", strict=True)) | {"landed_row": 1}]
    assert row == 2


def test_a_name_made_up_for_a_column_is_never_one_that_was_delivered(read):
    rows, _ = read("a.csv", "x,x_1,x,column4,,X\n1,2,3,4,5,6\n")
    assert [name.lower() for name in rows[0]] == ["x", "x_1", "x_2", "column4", "column4_4", "x_5", "landed_row"]


def test_json_fields_that_differ_in_case_are_one_column(read):
    rows, rejects = read("a.jsonl", '{"Id": 1}\n{"id": 2}\n{"ID": 3, "id": 4}\n{"id": 5, "id": 6}\n')
    assert rows == [{"Id": "1", "landed_row": 1}, {"Id": "2", "landed_row": 2}]
    assert [(row, reason) for row, _, reason, _ in rejects] == [
        (n, "a field comes twice in the object") for n in (3, 4)
    ]


def test_json_lines_that_are_no_text_are_rejects(read):
    rows, rejects = read("a.jsonl", b'{"a": "x"}\n{"a": "\xe9"}\r\n{"a": "\0"}\n{"a": "y"}')
    assert [(row["a"], row["landed_row"]) for row in rows] == [("x", 1), ("y", 4)]
    assert [(row, line) for row, _, _, line in rejects] == [(2, '{"a": "\\xe9"}'), (3, '{"a": "\\x00"}')]


@pytest.mark.parametrize(
    ("name", "header", "line"),
    [
        ("a.csv", "a,b\n", "{},{}\n"),
        ("a.csv", "a,b\n", '{},"{}"\n'),
        ("a.jsonl", "", '{{"a": "{}", "b": "{}"}}\n'),
    ],
)
@pytest.mark.parametrize("longest", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_a_line_of_10_mb_is_read_and_one_beyond_the_limit_is_a_reject(read, name, header, line, longest):
    sizes = {1: 10_000_000, 2: LONGEST_LINE + 1, 3: 1, 4: longest * LONGEST_LINE, 5: 2}
    rows, rejects = read(name, header + "".join(line.format(row, "x" * size) for row, size in sizes.items()))
    assert [(int(row["a"]), len(row["b"])) for row in rows] == [(row, sizes[row]) for row in (1, 3, 5)]
    assert [(row, reason) for row, _, reason, _ in rejects] == [(2, "longer than 16 MB"), (4, "longer than 16 MB")]
    assert all(len(shown) < 2_000 for *_, shown in rejects)


GARBAGE = st.text(st.sampled_from("ab1,;\"\\{}[]:#%\t 'é"), min_size=1, max_size=12).filter(str.strip)
FAST = settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FAST
@given(lines=st.lists(st.just('{"a": 1}') | GARBAGE, max_size=12))
def test_no_json_line_is_lost(read, lines):
    rows, rejects = read("a.jsonl", "\n".join(['{"a": 0}', *lines]) + "\n")
    assert sorted([row["landed_row"] for row in rows] + [row for row, *_ in rejects]) == list(range(1, len(lines) + 2))


@FAST
@given(lines=st.lists(st.just("1,x") | GARBAGE.filter(lambda line: '"' not in line), max_size=12))
def test_no_csv_line_is_lost(read, lines):
    rows, rejects = read("a.csv", "\n".join(["a,b", "0,x", *lines]) + "\n")
    line_of_row = {row["landed_row"]: f"{row['a'] or ''},{row['b'] or ''}" for row in rows} | {
        row: line for row, _, _, line in rejects
    }
    assert len(rows) + len(rejects) == len(lines) + 1
    assert [line_of_row[number] for number in sorted(line_of_row)] == ["0,x", *lines]


@FAST
@given(rows=st.lists(st.tuples(*[st.text(st.sampled_from('ab,;"\n é#'), min_size=1)] * 2), max_size=8))
def test_any_text_survives_csv(read, rows):
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("a", "b"), *rows])
    rows_back, rejects = read("a.csv", out.getvalue())
    assert ([(row["a"], row["b"]) for row in rows_back], rejects) == (rows, [])


RAGGED = st.text(st.sampled_from('a,"\n\r "'), max_size=24)


@FAST
@given(content=RAGGED)
@example(content='a,"')
@example(content='  ",')
def test_what_duckdb_reads_by_itself_is_what_the_careful_way_reads(read, content):
    lines = f"a,b\n0,x\n{content}"
    with_two_kinds_of_line_ends = lines.replace("\n", "\r\n", 1)  # Such a file is always read the careful way.
    assert read("a.csv", with_two_kinds_of_line_ends) == read("a.csv", lines)


@FAST
@given(
    rows=st.lists(st.lists(st.text(st.sampled_from('ab,;"\n\r é'), min_size=1), min_size=2, max_size=2), max_size=8),
    ends=st.sampled_from(["\n", "\r\n", "\r"]),
    bad=st.booleans(),
)
def test_what_python_writes_is_what_comes_back(read, rows, ends, bad):
    out = io.StringIO()
    # Python 3.11 quotes only those line ends that it writes itself.
    quoting = csv.QUOTE_ALL if {"\n", "\r"} & set("".join(map("".join, rows))) else csv.QUOTE_MINIMAL
    csv.writer(out, quoting=quoting, lineterminator=ends).writerows([("a", "b"), *rows])
    bad = bad and bool(rows)
    rows_back, rejects = read("a.csv", out.getvalue() + ("too,many,fields" if bad else ""))
    assert [[row["a"], row["b"]] for row in rows_back] == rows
    assert [row for row, *_ in rejects] == [len(rows) + 1] * bad


def test_a_format_that_there_is_none_of_is_refused_by_name(monkeypatch, tmp_path):
    monkeypatch.setenv("RECSYS_DATA", str(tmp_path))
    known = ", ".join(formats())
    said = f"Profile shop: format 'xlsx' of raw table sales is unknown. Known are {known}."
    with pytest.raises(SourceError, match=f"^{re.escape(said)}$"):
        Landing(make_profile(deliveries=[Delivery(table="sales", files="*", format="xlsx")]))
