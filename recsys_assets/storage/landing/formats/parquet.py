"""Parquet, its types as delivered as far as everything after it can work with them; `TYPES` says what each becomes.

What belongs here: the types, and how large a file may become that is packed as tightly as Parquet packs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recsys_assets.selects.quoting import quoted
from recsys_assets.storage.landing.formats.base import Format, Reject
from recsys_assets.storage.landing.text_files import UnreadableFile, check_unpacked
from recsys_assets.storage.queries import column_types, first_value

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from recsys_assets.profile import Delivery


@dataclass(frozen=True)
class Type:
    """What becomes of the types of a column that DuckDB reads alike."""

    delivered: str
    """The types by the names that Arrow gives them."""
    pattern: str
    """Regular expression of the whole name that DuckDB gives them."""
    becomes: str
    """DuckDB type in the raw table, and what people should know of it."""
    sql: str = "{c}"
    """Expression over the column ``{c}``."""


TYPES = (
    Type("bool", "BOOLEAN", "BOOLEAN"),
    Type("int8 to int64, uint8 to uint64", "U?(TINYINT|SMALLINT|INTEGER|BIGINT)", "the same, TINYINT to UBIGINT"),
    Type("halffloat, float", "FLOAT", "FLOAT"),
    Type("double", "DOUBLE", "DOUBLE"),
    Type("decimal of up to 38 digits", r"DECIMAL\(.*\)", "DECIMAL"),
    Type("string, large_string, string_view, also as a dictionary", "VARCHAR", "VARCHAR"),
    Type("json", "JSON", "VARCHAR", "{c}::varchar"),
    Type("uuid", "UUID", "UUID"),
    Type(
        "binary, large_binary, binary_view, fixed_size_binary",
        "BLOB",
        r"VARCHAR: the text where it is UTF-8, else other bytes as `\xE9`",
        "coalesce(try(decode({c})), {c}::varchar)",
    ),
    Type("date32, date64", "DATE", "DATE"),
    Type("time32, time64[us]", "TIME", "TIME"),
    Type("time64[ns]", "TIME_NS", "TIME, cut to microseconds", "left({c}::varchar, 15)::time"),
    Type("timestamp[s], [ms], [us], int96", "TIMESTAMP", "TIMESTAMP: without a zone, so local until your SELECT says"),
    Type(
        "timestamp[ns]",
        "TIMESTAMP_NS",
        "TIMESTAMP, cut to microseconds",
        "try(make_timestamp(epoch_ns({c}) // 1000))",
    ),
    Type("timestamp[s], [ms], [us] with a zone", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE: instants"),
    Type(
        "timestamp[ns] with a zone",
        "TIMESTAMPTZ_NS",
        "TIMESTAMP WITH TIME ZONE, cut to microseconds",
        "try(make_timestamptz(epoch_ns({c}) // 1000))",
    ),
    Type("null", '"NULL"', "VARCHAR, null", "{c}::varchar"),
    Type("list, struct, map", r"(STRUCT|MAP)\(.*\)|.*\[[0-9]*\]", "LIST, STRUCT, MAP: for your SELECT to take apart"),
    Type("any other, such as interval and variant", ".*", "VARCHAR: the text that DuckDB makes of it", "{c}::varchar"),
)
"""What each type becomes: the first that fits. A duration is stored as a whole number, and no file says of what."""
MAX_DIGITS = 38
"""Digits of the longest decimal that DuckDB reads without loss."""


def _stage(con: duckdb.DuckDBPyConnection, path: Path, delivery: Delivery, folder: Path) -> list[Reject]:
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise UnreadableFile("is empty; deliver it again")
    if start != b"PAR1":
        raise UnreadableFile(
            f"is no Parquet: it begins with {start!r}. Name it after what it is (.csv, .jsonl), or set format for its "
            "delivery"
        )
    file_name = str(path)
    too_long = "select name from parquet_schema($1) where type is not null and precision > $2"
    if name := first_value(con, too_long, [file_name, MAX_DIGITS]):
        raise UnreadableFile(f"column {name} has decimals of more than {MAX_DIGITS} digits; deliver it as text")
    kinds = column_types(con, "select * from read_parquet($1)", [file_name])
    check_unpacked(_unpacked_bytes(con, file_name, kinds), path, delivery)
    columns = ", ".join(
        f"{_becomes(kind).sql.format(c=quoted(name))} as {quoted(name)}" for name, kind in kinds.items()
    )
    con.execute(
        f"create temp table staged as select {columns}, file_row_number + 1 as landed_row "
        "from read_parquet($1, file_row_number = true)",
        [file_name],
    )
    return []


def _becomes(kind: str) -> Type:
    return next(each for each in TYPES if re.fullmatch(each.pattern, kind, re.DOTALL))


def _unpacked_bytes(con: duckdb.DuckDBPyConnection, file_name: str, kinds: dict[str, str]) -> int:
    """Bytes that a file's rows need at least: runs and dictionaries may stand for any number of them."""
    ((n_values, n_bytes),) = con.execute(
        "select coalesce(max(n_values), 0), coalesce(sum(n_bytes), 0) from (select path_in_schema, "
        "sum(num_values) as n_values, sum(total_uncompressed_size) as n_bytes from parquet_metadata($1) group by all)",
        [file_name],
    ).fetchall()
    length = {"VARCHAR": "strlen", "BLOB": "octet_length"}
    texts = [f"coalesce(sum({length[kind]}({quoted(name)})), 0)" for name, kind in kinds.items() if kind in length]
    lengths = " + ".join(texts) or "0"
    n_text = first_value(con, f"select {lengths} from read_parquet($1)", [file_name])
    return int(max(8 * n_values, n_bytes, n_text))


FORMAT = Format("parquet", ("parquet",), _stage)
