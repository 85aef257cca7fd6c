"""What a source's SELECTs may call on times."""

from datetime import datetime

import duckdb
import pytest

from recsys_assets.selects.files import SQL_FOLDER

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
