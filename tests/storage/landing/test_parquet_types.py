"""What becomes of each type that a Parquet file may have: one table, tested whole, and shown to people."""

import re
import uuid
from datetime import UTC, date, datetime, time
from decimal import Decimal

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys_assets.profile import PROJECT, Delivery
from recsys_assets.storage.connections import connect
from recsys_assets.storage.landing.formats.parquet import TYPES
from recsys_assets.storage.landing.opening import opened
from recsys_assets.storage.landing.readers import UnreadableFile, stage
from tests.helpers.shop import Shop, day, product

NS = 1_740_000_000_123_456_789
MICROSECOND = datetime(2025, 2, 19, 21, 20, 0, 123456)
INSTANT = MICROSECOND.replace(tzinfo=UTC)
WHOLE = {
    "int8": 7,
    "int16": -7,
    "int32": 7,
    "int64": -(2**63),
    "uint8": 255,
    "uint16": 7,
    "uint32": 7,
    "uint64": 2**64 - 1,
}
DUCKDB = {"8": "TINYINT", "16": "SMALLINT", "32": "INTEGER", "64": "BIGINT"}
COLUMNS = {
    "bool": (pa.array([True]), "BOOLEAN", True),
    **{
        name: (pa.array([n], name), name.startswith("u") * "U" + DUCKDB[name.lstrip("uint")], n)
        for name, n in WHOLE.items()
    },
    "halffloat": (pa.array([np.float16(1.5)], pa.float16()), "FLOAT", 1.5),
    "float": (pa.array([1.25], pa.float32()), "FLOAT", 1.25),
    "double": (pa.array([0.1]), "DOUBLE", 0.1),
    "decimal32": (pa.array([Decimal("1.50")], pa.decimal32(5, 2)), "DECIMAL(5,2)", Decimal("1.50")),
    "decimal64": (pa.array([Decimal("1.50")], pa.decimal64(18, 2)), "DECIMAL(18,2)", Decimal("1.50")),
    "decimal128": (pa.array([Decimal(10**27)], pa.decimal128(38, 10)), "DECIMAL(38,10)", Decimal(10**27)),
    "decimal256 of 38 digits": (pa.array([Decimal(7)], pa.decimal256(38, 0)), "DECIMAL(38,0)", Decimal(7)),
    "string": (pa.array(["é"]), "VARCHAR", "é"),
    "large_string": (pa.array(["é"], pa.large_string()), "VARCHAR", "é"),
    "string_view": (pa.array(["é"], pa.string_view()), "VARCHAR", "é"),
    "dictionary": (pa.array(["x"]).dictionary_encode(), "VARCHAR", "x"),
    "dictionary of numbers": (pa.array([5]).dictionary_encode(), "BIGINT", 5),
    "json": (pa.array(['{"a": 1}'], pa.json_()), "VARCHAR", '{"a": 1}'),
    "uuid": (pa.array([uuid.UUID(int=5).bytes], pa.uuid()), "UUID", uuid.UUID(int=5)),
    "binary": (pa.array(["Bröt".encode()], pa.binary()), "VARCHAR", "Bröt"),
    "binary, no text": (pa.array([b"a\xe9"], pa.binary()), "VARCHAR", "a\\xE9"),
    "large_binary": (pa.array([b"x"], pa.large_binary()), "VARCHAR", "x"),
    "binary_view": (pa.array([b"x"], pa.binary_view()), "VARCHAR", "x"),
    "fixed_size_binary": (pa.array([b"ab"], pa.binary(2)), "VARCHAR", "ab"),
    "date32": (pa.array([date(2025, 2, 19)]), "DATE", date(2025, 2, 19)),
    "date64": (pa.array([date(2025, 2, 19)], pa.date64()), "DATE", date(2025, 2, 19)),
    "time32[s]": (pa.array([time(9, 30)], pa.time32("s")), "TIME", time(9, 30)),
    "time32[ms]": (pa.array([1], pa.time32("ms")), "TIME", time(0, 0, 0, 1000)),
    "time64[us]": (pa.array([1], pa.time64("us")), "TIME", time(0, 0, 0, 1)),
    "time64[ns]": (pa.array([1_999], pa.time64("ns")), "TIME", time(0, 0, 0, 1)),
    "timestamp[s]": (pa.array([NS // 10**9], pa.timestamp("s")), "TIMESTAMP", MICROSECOND.replace(microsecond=0)),
    "timestamp[ms]": (
        pa.array([NS // 10**6], pa.timestamp("ms")),
        "TIMESTAMP",
        MICROSECOND.replace(microsecond=123000),
    ),
    "timestamp[us]": (pa.array([NS // 10**3], pa.timestamp("us")), "TIMESTAMP", MICROSECOND),
    "timestamp[ns]": (pa.array([NS], pa.timestamp("ns")), "TIMESTAMP", MICROSECOND),
    "int96": (pa.array([NS], pa.timestamp("ns")), "TIMESTAMP", MICROSECOND),
    "timestamp[s, UTC]": (
        pa.array([NS // 10**9], pa.timestamp("s", "UTC")),
        "TIMESTAMP WITH TIME ZONE",
        INSTANT.replace(microsecond=0),
    ),
    "timestamp[us, Berlin]": (
        pa.array([NS // 10**3], pa.timestamp("us", "Europe/Berlin")),
        "TIMESTAMP WITH TIME ZONE",
        INSTANT,
    ),
    "timestamp[ns, UTC]": (pa.array([NS], pa.timestamp("ns", "UTC")), "TIMESTAMP WITH TIME ZONE", INSTANT),
    "timestamp[ns, Berlin]": (pa.array([NS], pa.timestamp("ns", "Europe/Berlin")), "TIMESTAMP WITH TIME ZONE", INSTANT),
    "duration": (pa.array([5], pa.duration("ms")), "BIGINT", 5),
    "null": (pa.nulls(1), "VARCHAR", None),
    "list": (pa.array([[1, 2]]), "BIGINT[]", [1, 2]),
    "large_list": (pa.array([[1, 2]], pa.large_list(pa.int64())), "BIGINT[]", [1, 2]),
    "fixed_size_list": (pa.array([[1, 2]], pa.list_(pa.int64(), 2)), "BIGINT[]", [1, 2]),
    "struct": (pa.array([{"a": 1, "b": "x"}]), "STRUCT(a BIGINT, b VARCHAR)", {"a": 1, "b": "x"}),
    "list of struct": (pa.array([[{"a": 1}]]), "STRUCT(a BIGINT)[]", [{"a": 1}]),
    "map": (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())), "MAP(VARCHAR, BIGINT)", {"k": 1}),
}


def staged(path, **settings):
    """Rows, and the columns' types, of a file of one row."""
    with connect() as con, opened(path) as file:
        rejects = stage(con, file, Delivery(table="t", files="*", **settings))
        ((value, kind, row),) = con.execute("select c, typeof(c), landed_row from staged").fetchall()
    assert (rejects, row) == ([], 1)
    return value, kind


@pytest.mark.parametrize(("name", "column"), COLUMNS.items(), ids=COLUMNS)
def test_each_type_becomes_what_the_table_says(tmp_path, name, column):
    array, kind, value = column
    path = tmp_path / "c.parquet"
    pq.write_table(pa.table({"c": array}), path, use_deprecated_int96_timestamps=name == "int96")
    assert staged(path) == (value, kind)


@pytest.mark.parametrize("expression", ["interval 1 day", "{'a': 1}::variant", "1::hugeint", "'a'::enum ('a')"])
def test_types_of_duckdb_alone_become_something_that_lands(tmp_path, expression):
    path = tmp_path / "c.parquet"
    duckdb.execute(f"copy (select {expression} as c) to '{path}' (format parquet)")
    value, kind = staged(path)
    assert str(value) in {"1 day", "{'a': 1}", "1.0", "a"}
    assert kind in {"VARCHAR", "DOUBLE"}


def test_a_decimal_with_more_digits_than_can_be_kept_is_refused(tmp_path):
    path = tmp_path / "c.parquet"
    pq.write_table(pa.table({"c": pa.array([Decimal(1)], pa.decimal256(39, 0))}), path)
    with pytest.raises(UnreadableFile, match="column c has decimals of more than 38 digits; deliver it as text"):
        staged(path)


def test_every_type_lands_and_comes_back_out_of_landing(tmp_path, monkeypatch):
    """All of them as columns of one product: stored, and handed on as attributes."""
    shop = Shop(tmp_path, monkeypatch)
    plain = {name: array for name, (array, _, _) in COLUMNS.items() if name != "int96"}
    path = shop.inbox / "products.parquet"
    pq.write_table(pa.table({name: pa.array([value]) for name, value in product("p1").items()} | plain), path)
    delivery = shop.profile.deliveries[0]
    landed = shop.landing.land(path, delivery, "arrival", lake=shop.lake, arrived_at=day(1))
    assert (landed.status, landed.rows_landed) == ("landed", 1)
    for name in plain:
        ((kind,),) = shop.query(f'select typeof("{name}") from landing.raw.products')
        assert kind == COLUMNS[name][1]


def test_the_table_of_types_is_what_people_are_shown():
    page = (PROJECT / "docs" / "bring-your-own-data.md").read_text()
    rows = re.findall(r"^\| (.*?) \| (.*?) \|$", page.partition("### Types of Parquet")[2].partition("\n## ")[0], re.M)
    assert rows[1:] == [(each.delivered, each.becomes) for each in TYPES]


def test_every_line_of_the_table_is_tested(tmp_path):
    path = tmp_path / "all.parquet"
    pq.write_table(pa.table({name: array for name, (array, _, _) in COLUMNS.items()}), path)
    kinds = [row[1] for row in duckdb.sql(f"describe from '{path}'").fetchall()]
    tested = {next(each for each in TYPES if re.fullmatch(each.pattern, kind)) for kind in kinds}
    assert tested == set(TYPES[:-1]), "the last one has a test of its own"
