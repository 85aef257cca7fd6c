"""What a source's SELECTs may call on times."""

from datetime import datetime

import duckdb
import pytest

from recsys_assets.storage.sql import SQL_FOLDER

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
        ("2017-10-31T10:00:00", None),
        ("2017-10-31", None),
        ("tomorrow", None),
        (None, None),
    ],
)
def test_only_a_time_with_an_offset_is_an_instant(con, delivered, instant):
    assert con.execute("select instant_with_offset($1)", [delivered]).fetchall() == [(instant,)]


@pytest.mark.parametrize(("delivered", "instant"), [("964982703", datetime(2000, 7, 30, 18, 45, 3)), ("x", None)])
def test_unix_seconds(con, delivered, instant):
    assert con.execute("select instant_of_seconds($1)", [delivered]).fetchall() == [(instant,)]
