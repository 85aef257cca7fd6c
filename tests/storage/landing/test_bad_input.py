"""Malformed files, one by one: what lands, what is rejected, and what people are told to do about it."""

import gzip
import json
import re
import struct
from dataclasses import dataclass, field

import pytest

from recsys_assets.storage.landing.mapping import has_raw
from tests.helpers.shop import COLUMNS, Shop, day, encode, line, product

HEADER = ",".join(COLUMNS["transactions"].split())
GOOD = [line("u1", "p1", day(20)), line("u2", "p2", day(20)), line("u3", "p1", day(20))]
ROWS = encode("x.csv", GOOD).decode().splitlines()[1:]
U1, U2, U3 = ROWS
USERS = ["u1", "u2", "u3"]
TIME = "2017-10-20 12:00:00"
PARQUET = encode("x.parquet", GOOD)
JSON = [json.dumps(row, default=str) for row in GOOD]


@dataclass(frozen=True)
class Case:
    """A file and what must become of it: who landed, and (row, pattern of column and reason) of each reject."""

    content: bytes
    users: list[str] = field(default_factory=lambda: USERS)
    rejects: dict[int, str] = field(default_factory=dict)
    said: str = ""
    """Pattern of the message of a file that is quarantined; empty: it lands."""
    name: str = "transactions.csv"


def text(*lines, header=HEADER, end="\n", encoding="utf-8"):
    return "".join(f"{each}{end}" for each in (header, *lines) if each is not None).encode(encoding)


def row(user="u2", item="p2", at=TIME, quantity=1, value="2.5"):
    return f"{user},31,7,{item},{quantity},{value},{at}"


def between(bad, reason, **settings):
    """A file whose second row is bad; the first and the third land."""
    content = text(U1, bad, U3) if isinstance(bad, str) else text(U1) + bad + b"\n" + text(U3, header=None)
    return Case(content, ["u1", "u3"], {2: reason}, **settings)


def taken(user, delivered=None):
    """A file whose second row is unusual but good."""
    return Case(text(U1, row(delivered or user), U3), ["u1", user, "u3"])


FILES = {
    # These are cut short, empty or damaged.
    "truncated CSV": Case(text(U1, U2)[:-25], ["u1"], {2: r": 5 field\(s\).* cut short"}),
    "truncated gzip": Case(
        gzip.compress(text(*ROWS))[:-30], said="gzip stream is damaged or cut short: deliver it again"
    ),
    "damaged gzip": Case(
        gzip.compress(text(*ROWS))[:-8] + struct.pack("<LL", 1, 1), said="gzip stream is damaged or cut short"
    ),
    "zero bytes": Case(b"", said="is empty; deliver it again"),
    "zero-byte gzip file": Case(b"", said="is empty; deliver it again", name="transactions.csv.gz"),
    "gzip of nothing": Case(gzip.compress(b""), said="is empty; deliver it again", name="transactions.csv.gz"),
    "zero-byte Parquet": Case(b"", said="is empty; deliver it again", name="transactions.parquet"),
    "zero-byte JSON lines": Case(b"", said="is empty; deliver it again", name="transactions.jsonl"),
    "header only": Case(text(), []),
    "header only, no line end": Case(text()[:-1], []),
    "blank lines only": Case(b"\n\n\n", said="first line holds no column names; add them, or set columns"),
    "truncated Parquet": Case(PARQUET[:-40], said="No magic bytes found at end of file", name="transactions.parquet"),
    "corrupt Parquet": Case(
        PARQUET[:4] + b"\xff" * (len(PARQUET) // 2) + PARQUET[4 + len(PARQUET) // 2 :],
        said=r".{20}",
        name="transactions.parquet",
    ),
    # These are not what their names say.
    "Parquet named .csv": Case(PARQUET, said=r'is Parquet; name it \.parquet, or set format = "parquet"'),
    "CSV named .parquet": Case(text(*ROWS), said=r"is no Parquet: it begins with .*hous", name="transactions.parquet"),
    "gzip without .gz": Case(gzip.compress(text(*ROWS))),
    ".gz without gzip": Case(text(*ROWS), name="transactions.csv.gz"),
    "zip named .csv": Case(b"PK\x03\x04" + b"x" * 80, said="is a zip archive; unpack it"),
    "zstd named .csv": Case(b"\x28\xb5\x2f\xfd" + b"x" * 80, said="packed with zstd; unpack it"),
    "PDF named .csv": Case(b"%PDF-1.7\n" + b"x" * 80, said="is a PDF; deliver CSV"),
    "unknown format": Case(text(U1), said=r"format \.xlsx is not known", name="transactions.xlsx"),
    "web page named .csv": Case(b"<!DOCTYPE html>\n<p>Not found</p>\n", said=r"does not fit .*events\.sql.*product_id"),
    "bytes of anything": Case(bytes(range(256)) * 9, said="first line is no text"),
    # These have odd delimiters, encodings and line ends.
    "semicolons": Case(text(*ROWS).replace(b",", b";")),
    "tabs": Case(text(*ROWS).replace(b",", b"\t")),
    "a delimiter nobody guesses": Case(text(*ROWS).replace(b",", b"^"), said=r"does not fit .*events\.sql.*product_id"),
    "header and rows of different delimiters": Case(
        text(*(each.replace(",", ";") for each in ROWS)), said=r"none of its 3 row\(s\).*1 field\(s\).*7 columns"
    ),
    "Latin-1 in UTF-8": between(
        row("Käte").encode("latin-1"), r"household_id: not valid UTF-8; .*set encoding = .*latin-1"
    ),
    "Latin-1 in the header": Case(
        text(*ROWS, header=HEADER.replace("store", "lädchen"), encoding="latin-1"),
        said="first line is no text: not valid UTF-8.*latin-1",
    ),
    "UTF-16 with BOM": Case(text(*ROWS, encoding="utf-16")),
    "UTF-16 without BOM": Case(text(*ROWS, encoding="utf-16-le"), said="first line is no text: .*NUL"),
    "UTF-16 cut short": Case(text(*ROWS, encoding="utf-16")[:-1], said="is not utf-16 throughout: deliver it again"),
    "UTF-8 BOM": Case(text(*ROWS, encoding="utf-8-sig")),
    "UTF-8 BOM and quotes": Case(b'\xef\xbb\xbf"household_id"' + text(*ROWS)[len("household_id") :]),
    "CR LF": Case(text(*ROWS, end="\r\n")),
    "CR alone": Case(text(*ROWS, end="\r")),
    "mixed line ends": Case(f"{HEADER}\r\n{U1}\n{U2}\r{U3}\r\n".encode()),
    "trailing blank lines": Case(text(*ROWS, "", "", "")),
    "blank lines between": Case(text(U1, "", U2, "\r", U3)),
    "no line end at the end": Case(text(*ROWS)[:-1]),
    "NUL bytes": between(row("u\0"), "household_id: holds a NUL byte"),
    "NUL bytes at the end": Case(text(*ROWS) + b"\0" * 512, rejects={4: ": holds a NUL byte"}),
    # These have odd columns.
    "duplicate header": Case(text(*(each + ",x" for each in ROWS), header=HEADER + ",household_id")),
    "header missing": Case(
        text(*ROWS, header=None),
        said=r"does not fit .*events\.sql.*product_id.*Its columns are u1, 31, .*set columns = ",
    ),
    "empty header names": Case(text(*(each + ",x,y" for each in ROWS), header=HEADER + ",,")),
    "renamed column": Case(
        text(*ROWS, header=HEADER.replace("product_id", "sku")), said=r"does not fit .*events\.sql.*product_id"
    ),
    "header in capitals": Case(text(*ROWS, header=HEADER.upper())),
    "header in quotes and blanks": Case(text(*ROWS, header=", ".join(f'"{name}"' for name in HEADER.split(",")))),
    "reordered columns": Case(
        b"\n".join(b",".join(each.split(b",")[::-1]) for each in text(*ROWS).splitlines()) + b"\n"
    ),
    "extra columns": Case(text(*(each + ",x" for each in ROWS), header=HEADER + ",coupon")),
    "200 columns": Case(
        text(*(each + ",x" * 193 for each in ROWS), header=HEADER + "".join(f",c{n}" for n in range(193)))
    ),
    "a column called landed_id": Case(
        text(*(each + ",x" for each in ROWS), header=HEADER + ",landed_id"), said="landed_id .*is reserved; rename it"
    ),
    "a column called Landed_Row": Case(
        text(*(each + ",x" for each in ROWS), header=HEADER + ",Landed_Row"), said="Landed_Row .*is reserved; rename it"
    ),
    "columns called rowid and c0": Case(text(*(each + ",x,y" for each in ROWS), header=HEADER + ",rowid,c0")),
    "a column called rowid beside a reject": Case(
        text(U1 + ",x", row("") + ",7", header=HEADER + ",rowid"), ["u1"], {2: "user_id: no user"}
    ),
    # These have odd lines.
    "too few fields": between("u2,31,7", r": 3 field\(s\), but the file has 7 columns; the line is cut short"),
    "too many fields": between(row() + ",x", r": 8 fields, but the file has 7 column\(s\); put values that hold a ','"),
    "one delimiter too many": between(row() + ",", ": 8 fields"),
    "every line has one delimiter too many": Case(
        text(*(each + "," for each in ROWS)), said=r"none of its 3.*8 fields"
    ),
    "decimal commas": between(row(value="2,5"), ": 8 fields.* in quotes"),
    "quote that never closes": between(row('"u2'), ": a quote that opens a value is never closed"),
    "quote that never closes, quotes later": Case(
        text(row('"u2'), row('"u1"'), row('"u3"')), ["u1", "u3"], {1: ": text after the quote that closes"}
    ),
    "text after a closing quote": between(row('"u"2'), ": text after the quote that closes a value; double the quotes"),
    "quotes inside a field": taken('u "2"', 'u "2"'),
    "doubled quotes": taken('u"2', '"u""2"'),
    "line breaks in quotes": taken("u\n2", '"u\n2"'),
    "10 MB on one line": between(row(at="x" * 10_000_000), "event_ts: cannot be read as timestamp: 'x{40}'"),
    "20 MB on one line": between(row("x" * 20_000_000), "household_id: longer than 16 MB|: longer than 16 MB"),
    # These have odd values.
    "ISO time": Case(text(U1, row(at="2017-10-20T12:00:00"), U3)),
    "date only": Case(text(U1, row(at="2017-10-20"), U3)),
    "American date": between(row(at="10/20/2017 12:00"), "event_ts: cannot be read as timestamp"),
    "German date": between(row(at="20.10.2017"), "event_ts: cannot be read as timestamp"),
    "milliseconds since 1970": between(row(at="1508500800000"), "event_ts: "),
    "year 0": between(row(at="0000-01-01"), "event_ts: before 1990|event_ts: cannot be read"),
    "year 9999": between(row(at="9999-12-31 23:59:59"), "event_ts: after its own arrival"),
    "future date": between(row(at="2017-11-20"), "event_ts: after its own arrival"),
    "day that does not exist": between(row(at="2017-02-30"), "event_ts: cannot be read as timestamp"),
    "infinite time": between(row(at="infinity"), "event_ts: after its own arrival"),
    "negative number": between(row(quantity=-1), "quantity: quantity is not above zero"),
    "large number": Case(text(U1, row(value="9" * 15), U3)),
    "huge number": between(row(value="9" * 30), "value: too large: 1e15 or more"),
    "1e400": between(row(value="1e400"), "value: "),
    "NaN": between(row(value="NaN"), "value: not a finite number"),
    "-inf": between(row(value="-inf"), "value: not a finite number"),
    "text for a number": between(row(quantity="many"), "quantity: cannot be read as double: 'many'"),
    "empty text": Case(text(U1, row(value=""), U3)),
    "no user": between(row(""), "user_id: no user"),
    "blank user": between(row("  "), "user_id: no user"),
    "id with spaces": taken("u 2", "  u 2 "),
    "id with quotes": taken("u'2"),
    "id with emoji": taken("🛒👩‍👩‍👧"),
    "id from right to left": taken("\u202eמשתמש"),
    "id called NULL": taken("NULL"),
    "id like SQL": taken("x'); drop table landing.ledger.files; --"),
    "id like a path": taken("../../etc/passwd"),
    "id like a formula": taken("=1+1"),
    # These are JSON, or have odd names.
    "JSON with broken lines": Case(
        "\n".join([JSON[0], '{"household_id": "u2"', "[1]", JSON[2], ""]).encode(),
        ["u1", "u3"],
        {2: ": not a JSON object", 3: ": not a JSON object"},
        name="transactions.jsonl",
    ),
    "JSON with nested values": Case(
        "\n".join([JSON[0][:-1] + ', "where": {"till": [1, 2]}}', *JSON[1:]]).encode(), name="transactions.jsonl"
    ),
    "JSON with differing fields": Case(
        "\n".join([JSON[0], '{"n": 1}', *JSON[1:]]).encode(), rejects={2: "user_id: no user"}, name="transactions.jsonl"
    ),
    "JSON array": Case(f"[{','.join(JSON)}]".encode(), said="deliver one object a line", name="transactions.json"),
    "a name with spaces, quotes and emoji": Case(
        text(U2, U3), ["u2", "u3"], name="transactions 'of' \"today\" ; 🛒.csv"
    ),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        opened = Shop(tmp_path_factory.mktemp("shop"), patch)
        opened.land("products.csv", [product("p1"), product("p2")], day(1))
        yield opened


@pytest.mark.parametrize("title", FILES)
def test_a_malformed_file(shop, title):
    case = FILES[title]
    landed = shop.land(case.name, case.content, day(22))
    with shop.landing.open() as con:
        entry = con.sql("from landing.ledger.files order by file_id desc limit 1").to_arrow_table().to_pylist()[0]
        of_file = f"landed_file = {entry['file_id']}"
        rows = (
            con.execute(f"select landed_row, household_id from landing.raw.transactions where {of_file}").fetchall()
            if has_raw(con, "transactions")
            else []
        )
        rejects = con.execute(
            "select row_number, column_name, reason, delivered from landing.ledger.rejects where file_id = "
            f"{entry['file_id']} order by row_number"
        ).fetchall()
    assert entry["name"] == case.name, "the ledger knows the file"
    if case.said:
        assert landed.status == entry["status"] == "quarantined"
        assert re.search(case.said, entry["message"], re.DOTALL), entry["message"]
        assert landed.message == entry["message"]
        assert len(entry["message"]) < 600
        assert (entry["rows_read"], rows, rejects) == (0, [], [])
    else:
        assert landed.status == "landed"
        assert landed.rows_read == landed.rows_landed + landed.rows_rejected == len(case.users) + len(case.rejects)
        assert [user.strip() for _, user in sorted(rows)] == case.users
        assert [number for number, *_ in rejects] == list(case.rejects)
        assert sorted([number for number, _ in rows] + list(case.rejects)) == list(range(1, landed.rows_read + 1))
        for (_, column, reason, delivered), pattern in zip(rejects, case.rejects.values(), strict=True):
            assert re.match(pattern, f"{column}: {reason}")
            assert delivered


def test_after_all_of_them_a_good_file_lands(shop):
    """Files that land stand between the malformed ones, too."""
    following = shop.land("transactions-next.csv", text(row("next")), day(22))
    assert (following.status, following.rows_landed) == ("landed", 1)


def test_no_two_cases_are_one():
    assert len({(case.content, case.name) for case in FILES.values()}) == len(FILES) > 80
