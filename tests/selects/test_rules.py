"""SQL files: what is refused, what is allowed, and sums that are equal on any number of threads."""

import random
import re
import struct
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from recsys_assets.selects.files import SQL_FOLDER, SqlError, TableName, load_select
from recsys_assets.storage.lake.session import MACROS


@pytest.fixture
def load(tmp_path):
    def load(text, **options):
        path = tmp_path / "table.sql"
        path.write_text(text)
        return load_select(path, **options)

    return load


REFUSED = {
    "now": ("select now() as a from s.t order by a", "clock or on chance"),
    "today": ("select today() as a from s.t order by a", "clock"),
    "current_date": ("select current_date as a from s.t order by a", "clock"),
    "current_time": ("select current_time as a from s.t order by a", "clock"),
    "current_timestamp": ("select current_timestamp as a from s.t order by a", "clock"),
    "get_current_timestamp": ("select get_current_timestamp() as a from s.t order by a", "clock"),
    "localtimestamp": ("select localtimestamp as a from s.t order by a", "clock"),
    "current_localtime": ("select current_localtime() as a from s.t order by a", "clock"),
    "clock in a condition": ("select a from s.t where a < now() order by a", "clock"),
    "age of today": ("select age(a) as b from s.t order by b", "clock"),
    "random": ("select random() as a from s.t order by a", "chance"),
    "uuid": ("select uuid() as a from s.t order by a", "chance"),
    "gen_random_uuid": ("select gen_random_uuid() as a from s.t order by a", "chance"),
    "uuidv7": ("select uuidv7() as a from s.t order by a", "chance"),
    "nextval": ("select nextval('q') as a from s.t order by a", "chance"),
    "any_value": ("select k, any_value(a) as a from s.t group by k order by k", "any_value"),
    "arbitrary": ("select k, arbitrary(a) as a from s.t group by k order by k", "which row it takes is chance"),
    "first": ("select k, first(a) as a from s.t group by k order by k", "first"),
    "last": ("select k, last(a) as a from s.t group by k order by k", "last"),
    "mode": ("select k, mode(a) as a from s.t group by k order by k", "mode"),
    "arg_max": ("select k, arg_max(a, b) as a from s.t group by k order by k", "arg_max"),
    "arg_max_null": ("select k, arg_max_null(a, b) as a from s.t group by k order by k", "arg_max_null"),
    "approx_top_k": ("select k, approx_top_k(a, 3) as a from s.t group by k order by k", "approx_top_k"),
    "max_by": ("select k, max_by(a, b) as a from s.t group by k order by k", "which row it takes is chance"),
    "min_by": ("select k, min_by(a, b) as a from s.t group by k order by k", "which row it takes is chance"),
    "sum": ("select k, sum(a) as a from s.t group by k order by k", "sum"),
    "sum over a window": ("select k, sum(a) over (order by k) as a from s.t order by k", "sum"),
    "sum of distinct": ("select k, sum(distinct a) as a from s.t group by k order by k", "sum"),
    "avg": ("select k, avg(a) as a from s.t group by k order by k", "avg"),
    "mean": ("select k, mean(a) as a from s.t group by k order by k", "sums of floats"),
    "fsum": ("select k, fsum(a) as a from s.t group by k order by k", "fsum"),
    "stddev": ("select k, stddev(a) as a from s.t group by k order by k", "stddev"),
    "var_samp": ("select k, var_samp(a) as a from s.t group by k order by k", "sums of floats"),
    "var_pop": ("select k, var_pop(a) as a from s.t group by k order by k", "sums of floats"),
    "kurtosis_pop": ("select k, kurtosis_pop(a) as a from s.t group by k order by k", "kurtosis_pop"),
    "sem": ("select k, sem(a) as a from s.t group by k order by k", "sem"),
    "regr_r2": ("select k, regr_r2(a, b) as a from s.t group by k order by k", "regr_r2"),
    "corr": ("select k, corr(a, b) as a from s.t group by k order by k", "corr"),
    "product": ("select k, product(a) as a from s.t group by k order by k", "product"),
    "sum of a cast to double": ("select k, sum(a::double) as a from s.t group by k order by k", "sum"),
    "list": ("select k, list(a) as a from s.t group by k order by k", "without order by"),
    "array_agg": ("select k, array_agg(a) as a from s.t group by k order by k", "without order by"),
    "string_agg": ("select k, string_agg(a, ',') as a from s.t group by k order by k", "without order by"),
    "row_number": ("select k, row_number() over (partition by k) as a from s.t order by k", "unordered window"),
    "row_number of all": ("select k, row_number() over () as a from s.t order by k", "unordered window"),
    "an instant alone": (
        "select k, row_number() over (partition by k order by event_ts desc) as a from s.t order by k",
        "an instant alone",
    ),
    "two instants": (
        "select k, lag(a) over (order by event_ts, known_at) as a from s.t order by k",
        "an instant alone",
    ),
    "the latest by an instant": ("select k from (from s.t order by event_ts desc limit 1) order by k", "instant alone"),
    "labels beside features of the night": (
        "select a.k from grades.relevant as a inner join features.user as b on b.k = a.k order by a.k",
        "Read graded.features.user",
    ),
    "labels beside candidates of the night": (
        "select a.k from grades.relevant as a inner join candidates.lists as b on b.k = a.k order by a.k",
        "Read graded.candidates.lists",
    ),
    "ties by a key": (
        "select k, row_number() over (order by score desc, item_key) as a from s.t order by k",
        "orders by item_key",
    ),
    "the first by a key": ("select k from (from s.t order by user_key limit 3) order by k", "orders by user_key"),
    "a key as a number": ("select k, item_key / 2 as a from s.t order by k", "computes with item_key"),
    "a key as a feature": ("select k, t.user_key::double as a from s.t as t order by k", "computes with user_key"),
    "the newest key": ("select k, max(item_key) as a from s.t group by k order by k", "computes with item_key"),
    "rank": ("select k, rank() over (partition by k) as a from s.t order by k", "unordered window"),
    "lag": ("select k, lag(a) over (partition by k) as a from s.t order by k", "unordered window"),
    "first_value": ("select k, first_value(a) over (partition by k) as a from s.t order by k", "unordered"),
    "first over a window": ("select k, first(a) over (partition by k) as a from s.t order by k", "unordered window"),
    "limit": ("select k from (select k from s.t limit 3) order by k", "limit without order by"),
    "fetch": ("select k from (select k from s.t fetch first 3 rows only) order by k", "limit without order by"),
    "offset": ("select k from (select k from s.t offset 3) order by k", "limit without order by"),
    "distinct on": ("select k from (select distinct on (k) k, a from s.t) order by k", "distinct on"),
    "using sample": ("select k from s.t using sample 3", "samples rows"),
    "tablesample": ("select k from s.t tablesample 10% order by k", "samples rows"),
    "pivot": ("pivot s.t on k using max(a)", "exactly one SELECT"),
    "pivot in from": ("select * from (pivot s.t on k using max(a)) order by k", "PIVOT"),
    "approx_quantile": ("select k, approx_quantile(a, 0.5) as a from s.t group by k order by k", "approx_quantile"),
    "reservoir_quantile": ("select k, reservoir_quantile(a, 0.5) as a from s.t group by k order by k", "reservoir"),
    "setting": ("select current_setting('threads') as a from s.t order by a", "current_setting"),
    "read_parquet": ("select a from read_parquet('x.parquet') order by a", "only tables of the snapshot"),
    "read_csv": ("select a from read_csv('x.csv') order by a", "only tables of the snapshot"),
    "read_text": ("select a from s.t, read_text('x') order by a", "only tables of the snapshot"),
    "glob": ("select file from glob('*') order by file", "only tables of the snapshot"),
    "query": ("select a from query('from s.t') order by a", "only tables of the snapshot"),
    "duckdb_views": ("select sql from duckdb_views() order by sql", "only tables of the snapshot"),
    "file as a table": ("select a from 'x.parquet' order by a", "without a schema"),
    "table without schema": ("select a from t order by a", "'t' without a schema"),
    "with's name elsewhere": ("select a from (with t as (from s.t) from t) join t using (a) order by a", "schema"),
    "no table": ("select 1 as a order by a", "names no table"),
    "no order by": ("select a from s.t", "must end with `order by`"),
    "two statements": ("select a from s.t order by a; select b from s.t order by b", "exactly one SELECT"),
    "no statement": ("-- nothing", "exactly one SELECT"),
    "create": ("create table s.u as select a from s.t order by a", "exactly one SELECT"),
    "copy": ("copy s.t to 'x.parquet'", "exactly one SELECT"),
    "attach": ("attach 'x.duckdb' as x", "exactly one SELECT"),
    "no SQL": ("select from where", "not valid SQL"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED)
def test_refused(load, text, said):
    with pytest.raises(SqlError, match=rf"table\.sql: .*{re.escape(said)}"):
        load(text)


ALLOWED = {
    "count": "select k, count(*) as n, count(distinct a) as d from s.t group by k order by k",
    "min, max, median": "select k, min(a) as a, max(a) as b, median(a) as c from s.t group by k order by k",
    "quantile": "select k, quantile_cont(a, 0.9) as a from s.t group by k order by k",
    "exact sums": "select k, exact_sum(a) as a, exact_avg(b) as b from s.t group by k order by k",
    "sum of integers": "select k, sum(a::integer) as a from s.t group by k order by k",
    "sum of decimals": "select k, sum(a::decimal(38, 12)) as a from s.t group by k order by k",
    "ordered list": "select k, list(a order by a) as a from s.t group by k order by k",
    "ordered string_agg": "select k, string_agg(a, ',' order by a) as a from s.t group by k order by k",
    "ordered row_number": "select k, row_number() over (partition by k order by a, b) as r from s.t order by k",
    "ranks of an instant alone": "select k, rank() over (order by event_ts) as r from s.t order by k",
    "an instant and an id": "select k, row_number() over (order by event_ts, event_id) as r from s.t order by k",
    "labels beside features of the graded night": (
        "select a.k from grades.relevant as a inner join graded.features.user as b on b.k = a.k order by a.k"
    ),
    "keys as names": (
        "select coalesce(user_key, 0) as user_key, count(distinct item_key) as n from s.t where item_key in (1, 2) "
        "group by user_key order by user_key"
    ),
    "ordered lag": "select k, lag(a) over (order by k) as a from s.t order by k",
    "last of an ordered window": "select k, last_value(a) over (order by k) as a from s.t order by k",
    "limit in order": "select k from s.t order by k limit 3",
    "distinct on in order": "select k from (select distinct on (k) k, a from s.t order by k, a) order by k",
    "with": "with u as (select k from s.t), v as (from u) select k from v order by k",
    "with inside with": "with u as (with w as (from s.t) from w) select k from u order by k",
    "with in a subquery": "with u as (from s.t) select k from s.t where k in (select k from u) order by k",
    "union": "select k from s.t union all select k from s.u order by k",
    "unnest": "select unnest(l) as a from s.t order by a",
    "this": "select a from s.t cross join this.night order by a",
    "a difference of dates": "select age(a, b) as c from s.t order by c",
}


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED)
def test_allowed(load, text):
    assert load(text).key


def test_what_a_file_says_about_itself(load):
    select = load(
        "-- People read this.\n-- And this.\n\n-- Not this.\nwith u as (select k from Past.S.T)\n"
        "select u.k, x.a as b from u inner join s.x on x.k = u.k cross join this.night order by u.k, b"
    )
    assert select.description == "People read this.\nAnd this."
    assert select.reads == (TableName("s", "t", "past"), TableName("s", "x"))
    assert select.driver == TableName("s", "t", "past")
    assert select.columns == ("k", "b")
    assert select.key == ("k", "b")


def test_views_need_no_key(load):
    assert load("select a from s.t", keyed=False).key == ()


NO_SELECTS = {
    *("release/macros.sql", "release/further_macros.sql", "release/comments.sql"),
    *("serving/pair.sql", "serving/bundles.sql"),
}
"""Definitions, and questions of the server that ask a macro."""
SELECTS = sorted(
    path.relative_to(SQL_FOLDER).as_posix()
    for path in SQL_FOLDER.rglob("*.sql")
    if path.relative_to(SQL_FOLDER).parts[0] != "landing" and path.relative_to(SQL_FOLDER).as_posix() not in NO_SELECTS
)


@pytest.mark.parametrize("name", SELECTS)
def test_every_file_of_the_project_is_good_and_says_what_it_is(name):
    keyed = not name.startswith(
        ("sources/", "clean/views/", "training/", "release/", "metrics/shared/", "grades/shared/")
    )
    assert load_select(SQL_FOLDER / name, keyed=keyed).description


@pytest.fixture(scope="module")
def floats():
    chance = random.Random(3)
    values = [chance.uniform(-1, 1) * 10 ** chance.randint(-3, 6) for _ in range(300_000)]
    return values, chance


def sums(values, threads):
    """(plain sum, exact_sum, exact_avg) of shuffled rows, as bytes."""
    with duckdb.connect() as con:
        for macro in MACROS:
            con.execute(macro)
        con.execute(f"set threads = {threads}")
        con.register("given", pa.table({"x": values}))
        con.execute("create table rows as from given")
        (row,) = con.execute("select sum(x), exact_sum(x), exact_avg(x) from rows").fetchall()
        (empty,) = con.execute("select exact_sum(x), exact_avg(x) from rows where false").fetchall()
        assert empty == (None, None)
        return [struct.pack("d", value) for value in row]


def test_exact_sums_are_the_same_bytes_on_any_number_of_threads_in_any_order(floats):
    values, chance = floats
    plain, exact, mean = set(), set(), set()
    for threads in (1, 2, 8):
        chance.shuffle(values)
        for distinct, value in zip((plain, exact, mean), sums(values, threads), strict=True):
            distinct.add(value)
    assert len(plain) > 1, "these floats would not tell an exact sum from a plain one"
    assert len(exact) == len(mean) == 1
    total = sum(Decimal(value).quantize(Decimal("1e-12")) for value in values)
    assert struct.unpack("d", exact.pop())[0] == pytest.approx(float(total), rel=1e-14)
