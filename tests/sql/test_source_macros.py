"""What a source's SELECTs may call on times, numbers and ids."""

import re
from collections.abc import Iterator
from datetime import datetime

import duckdb
import pyarrow as pa
import pytest

from recsys_assets.selects.files import SQL_FOLDER
from recsys_assets.storage.release.file import write_file

TEN = datetime(2017, 10, 31, 10)


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.execute((SQL_FOLDER / "landing" / "macros.sql").read_text())
    return connection


@pytest.mark.parametrize(
    ("delivered", "instant"),
    [
        ("2017-10-31T10:00:00Z", TEN),
        ("2017-10-31T12:00:00+02:00", TEN),
        ("2017-10-31 12:00:00+0200", TEN),
        ("2017-10-31T05:00:00.000-05", TEN),
        ("2017-10-31 11:00:00 +0100", TEN),
        ("2017-10-31 11:00:00 +01:00 ", TEN),
        ("2017-10-31 05:00:00.5 -0500", TEN.replace(microsecond=500_000)),
        ("2017-10-31 11:00:00 +01", TEN),
        ("2017-10-31 11:00 +0100", TEN),
        ("2017-10-31T11:00+01:00", TEN),
        ("2017-10-31 10:00:00 Z", TEN),
        ("2017-10-31 10:00Z", TEN),
        ("2017-10-31 10:00:00 UTC", TEN),
        ("2017-10-31 10:00 GMT", TEN),
        ("2017-10-31 11:00:00 GMT+1", TEN),
        ("2017-10-31 05:00:00 UTC-05:00", TEN),
        ("2017-10-31 11:00:00 Europe/Berlin", TEN),
        ("2017-10-31 07:00 America/Argentina/Buenos_Aires", TEN),
        ("2017-10-31 11:00:00 CET", None),
        ("2017-10-31 10:00:00 Europe/Nowhere", None),
        ("2017-10-31 10:00:00 +99", None),
        ("2017-10-31 10:00:00 PM", None),
        ("2017-10-31T10:00:00", None),
        ("2017-10-31", None),
        ("tomorrow", None),
        (None, None),
    ],
)
def test_only_a_time_with_an_offset_is_an_instant(con, delivered, instant):
    assert con.execute("select instant_with_offset($1)", [delivered]).fetchall() == [(instant,)]


@pytest.mark.parametrize(
    ("delivered", "time"),
    [
        ("2017-10-31 10:00:00", TEN),
        (" 2017-10-31T10:00 ", TEN),
        ("2017/10/31 10:00:00.000000000", TEN),
        ("2017-10-31", datetime(2017, 10, 31)),
        (TEN, TEN),
        (TEN.date(), datetime(2017, 10, 31)),
        *[
            (f"2017-10-31 10:00:00{tail}", None)
            for tail in ("Z", " Z", "+01", " +0100", " +1", " UTC", " CET", " CEST", " GMT+1", " PM", " ?")
        ],
        ("2017-10-31 10:00 +0100", None),
        ("2017-02-30 10:00", None),
        ("infinity", None),
        (None, None),
    ],
)
def test_a_time_without_offset_has_nothing_behind_its_clock(con, delivered, time):
    assert con.execute("select time_without_offset($1)", [delivered]).fetchall() == [(time,)]


@pytest.mark.parametrize(("delivered", "instant"), [("964982703", datetime(2000, 7, 30, 18, 45, 3)), ("x", None)])
def test_unix_seconds(con, delivered, instant):
    assert con.execute("select instant_of_seconds($1)", [delivered]).fetchall() == [(instant,)]


NUMBERS = {
    ".": {
        1.0: ["1", " 1 ", "+1", "1.", "1.0", "1e0", "1.-", "１", "١", "1\u00a0"],
        0.5: [".5", "0.5", "50%", "50 %", "%50", "٫5", "５０％"],
        -2.0: [
            "-2",
            "−2",
            "–2",
            "2-",
            "2 -",
            "(2)",
            "( 2 )",
            "- 2",
            "$-2",
            "-$2",
            "($2)",
            "$(2)",
            "2 €-",
            "-2 USD",
            "(2.00)",
            "▲2",
            "△ 2",
        ],
        1234.5: [
            "1234.5",
            "1,234.5",
            "1 234.5",
            "1\u00a0234.5",
            "1\u202f234.5",
            "1\u2009234.5",
            "1'234.50",
            "1’234.5",
            "$1,234.50",
            "US$ 1,234.50",
            "R$1,234.50",
            "USD 1,234.50",
            "CHF 1'234.50",
            "1,234.50 EUR",
            "Rs. 1,234.50",
            "\u200f1,234.5\u00a0₪\u200f",
            "1.2345E+3",
        ],
        1234567.0: ["1234567", "1,234,567", "12,34,567", "₹12,34,567", "1 234 567", "1'234'567"],
        1234.0: ["\\1,234", "￥1,234", "１，２３４", "1,234円", "1,234/-", "Rs. 1,234.00/-", "1234/="],
        100000.0: ["1,00,000", "100,000", "1e5"],
        None: [
            "",
            " ",
            *("two", "0x10", "1_000", "inf", "nan", "-", "()", "EUR", "$", "3 pcs", "ABC 5", "1 23", "1,23", "1,2345"),
            *(
                "0,125",
                "1.234.567",
                "1,234,56",
                "--5",
                "(-5)",
                "(5",
                "5)",
                "+-5",
                "$5%",
                "5%5",
                "1e400",
                "1.2.3",
                "12:30",
            ),
            *("2025-01-01", "1-2", "5 6"),
        ],
    },
    ",": {
        9.57: ["9,57", "9,57 €", "€ 9,57", "EUR 9,57", "9,57\u00a0€", "9,57 Euro", "kr. 9,57", "9,57 zł", "9，57"],
        1234.5: ["1234,5", "1.234,50", "1 234,50", "1'234,50", "1.234,5 Kč", "1,2345E+03"],
        1234.0: ["1.234", "1 234", "1234", "1.234,-", "1.234,--", "1.234,–"],
        -0.069: ["-,069", "(,069)", "0,069-", "-6,9%"],
        None: ["9.57", "1,234.50", "0.125", "1.5", "1,5,5"],
    },
}


@pytest.mark.parametrize(
    ("sign", "delivered", "number"),
    [(sign, text, number) for sign, read in NUMBERS.items() for number, texts in read.items() for text in texts],
)
def test_numbers_are_read_by_one_grammar_or_not_at_all(con, sign, delivered, number):
    read, unread = con.execute(
        "select read_number($1::varchar, $2), unread_number($1::varchar, $2)", [delivered, sign]
    ).fetchall()[0]
    assert read == pytest.approx(number) if number is not None else read is None
    assert (unread is not None) == (number is None and delivered.strip() != "")
    assert unread is None or unread.endswith(f": '{delivered}'")


def test_a_long_value_that_is_no_number_is_cut_in_the_reason(con):
    assert con.execute("select unread_number(repeat('x', 1000), '.')").fetchall() == [
        ("cannot be read as a number: '" + "x" * 40 + "'",)
    ]


IDS = {
    "17012": [
        "17012",
        "17012.0",
        "17012.000",
        " 17012 ",
        "\ufeff17012",
        "17\u200b012",
        "17012\u00a0",
        "170\u00ad12",
        "１７０１２",
        "１７０１２．０",
    ],
    "A-17": ["A-17", "Ａ－１７", "A－１７"],
    "007": ["007", "007.0"],
    "-1": ["-1", "-1.0"],
    "1.10": ["1.10"],
    "1.": ["1."],
    "V1.0": ["V1.0"],
    "5.90123E+12": ["5.90123E+12"],
    "é": ["é", "e\u0301", "e\u200b\u0301"],
    "Ann Lee": ["Ann Lee", "Ann\u00a0Lee", "Ann\tLee", "\u202aAnn Lee\u202c", "Ann L\u200dee"],
    "ann lee": ["ann lee"],
    "می\u200cخواهم": ["می\u200cخواهم"],
    "👩\u200d👧": ["👩\u200d👧"],
    None: ["", " ", "\u00a0", "\ufeff", "\u200b\u00ad", None],
}


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A release of empty tables with its macros, as it is written, and those of landing beside them."""
    columns = (
        "task",
        "user_id",
        "rank",
        "item_id",
        "title",
        "category",
        "score",
        "reason",
        "reason_text",
        "confidence",
        "scope",
    )
    nothing = pa.table({name: pa.array([], pa.string()) for name in (*columns, "share", "similar_item_id")})
    names = ("users", "recommendations", "trending", "similar_items", "items", "history")
    tables = dict.fromkeys(("meta.tasks", *(f"serving.{name}" for name in names)), nothing)
    for table in ("bundles", "movements", "user_profiles"):
        text = (SQL_FOLDER / "release" / "comments.sql").read_text()
        found = re.findall(rf'comment on column serving\.{table}\."(\w+)"', text)
        kinds = {"items": pa.list_(pa.string()), "rank": pa.int32()}
        tables[f"serving.{table}"] = pa.table({name: pa.array([], kinds.get(name, pa.float64())) for name in found})
    tables["serving.bundles"] = tables["serving.bundles"].set_column(0, "item_id", pa.array([], pa.string()))
    file = tmp_path_factory.mktemp("release") / "recsys.duckdb"
    write_file(file, tables, (SQL_FOLDER / "release" / "macros.sql").read_text())
    with duckdb.connect(str(file)) as con:
        con.execute((SQL_FOLDER / "landing" / "macros.sql").read_text())
        yield con


@pytest.mark.parametrize(("canonical", "delivered"), [(one, text) for one, texts in IDS.items() for text in texts])
def test_an_id_has_one_form_in_landing_and_in_the_release(both, canonical, delivered):
    forms = both.execute(
        "select canonical_id($1::varchar), canonical_id(canonical_id($1::varchar)), serving.canonical_id($1::varchar), "
        "visible_text($1::varchar) is not distinct from serving.visible_text($1::varchar)",
        [delivered],
    ).fetchall()
    assert forms == [(canonical, canonical, canonical, True)]


def test_every_character_is_seen_in_a_release_as_landing_sees_it(both):
    """Between letters of Latin, between others, and by itself."""
    query = """
        with characters as (
            select chr(range::integer) as c
            from range(0, 65536)
            where range not between 55296 and 57343 -- Halves of characters, which are none.
        ),

        texts as (
            select unnest([c, 'a' || c || '1', 'é' || c || 'é', c || 'é ' || c]) as id
            from characters
        )

        select count(*), list(id) filter (
            visible_text(id) is distinct from serving.visible_text(id)
            or canonical_id(id) is distinct from serving.canonical_id(id)
        )
        from texts"""
    assert both.execute(query).fetchall() == [(4 * (65536 - 2048), None)]


@pytest.mark.parametrize(
    ("value", "canonical", "number"),
    [
        ("1000::decimal(38, 10)", "1000", 1000),
        ("17012::double", "17012", 17012),
        ("1.5::double", "1.5", 1.5),
        ("5", "5", 5),
        ("true", "true", None),
        ("[1, 2]", "[1, 2]", None),
        ("{'a': 1}", "{'a': 1}", None),
        ("date '2025-01-01'", "2025-01-01", None),
        ("'\\x00'::blob", "\\x00", None),
        ("null", None, None),
    ],
)
def test_values_of_any_type_are_ids_and_perhaps_numbers(con, value, canonical, number):
    asked = f"select canonical_id({value}), read_number({value}, ','), unread_number({value}, ',') is not null"
    assert con.execute(asked).fetchall() == [(canonical, number, number is None and value != "null")]


def test_zeros_of_versions_stay_where_the_source_says_so(con):
    assert con.execute("select visible_text('1.0'), visible_text(' 1.0\u200b')").fetchall() == [("1.0", "1.0")]
