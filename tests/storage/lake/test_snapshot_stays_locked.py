"""A snapshot is locked from before its first query until after its last, whatever happens in between."""

import duckdb
import pytest

from tests.storage.lakes import TUESDAY, WEDNESDAY, named, write

CLOSED = "Permission Error: Cannot access|configuration has been locked"
ROUTES = ["from read_parquet('{later}')", "from '{superseded}'", "set enable_external_access = true", "reset threads"]


@pytest.fixture
def routes(lake):
    """Queries that lead out of Tuesday: to the next day, to a file it replaced, to the settings."""
    superseded, _ = (write(lake, "features.user", TUESDAY, [{"k": k}]).path for k in (1, 2))
    later = write(lake, "features.user", WEDNESDAY, [{"k": 3}]).path
    return [route.format(later=later, superseded=superseded) for route in ROUTES]


def assert_locked(con, routes):
    for route in routes:
        with pytest.raises(duckdb.Error, match=CLOSED):
            con.execute(route)


def test_the_reads_would_succeed_outside(routes):
    with duckdb.connect() as con:
        assert [con.execute(route).fetchall() for route in routes[:2]] == [[(3, WEDNESDAY)], [(1, TUESDAY)]]


@pytest.mark.parametrize(
    "wrong", ["select 'x'::integer", "from nowhere", "select error('stop')", "begin; select error('stop')"]
)
def test_after_a_query_that_fails(lake, routes, wrong):
    with lake.as_of(TUESDAY, named("features.user"), "features.made") as snapshot:
        con = snapshot.cursor()
        with pytest.raises(duckdb.Error):
            con.execute(wrong)
        if wrong.startswith("begin"):
            con.execute("rollback")
        assert_locked(con, routes)
        assert con.execute("from features.user").fetchall() == [(2,)]


def test_after_a_write(lake, routes):
    with lake.as_of(TUESDAY, named("features.user"), "features.made") as snapshot:
        snapshot.write("select k from features.user order by k", ("k",))
        assert_locked(snapshot.cursor(), routes)


def test_after_an_error_closed_it_no_cursor_is_left_open(lake, routes):
    kept = []

    def fail():
        with lake.as_of(TUESDAY, named("features.user")) as snapshot:
            kept.extend([snapshot.row, snapshot.cursor().execute])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    for run in kept:
        with pytest.raises(duckdb.ConnectionException, match="closed"):
            run("from features.user")
