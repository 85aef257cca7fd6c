"""What others read of an export, through clients that are not ours, in one form that can be compared."""

import json
import math
import os
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow.parquet as pq
import redis
from psycopg.rows import dict_row
from pyarrow.fs import S3FileSystem

Rows = list[dict[str, Any]]


def normal(value: Any) -> Any:
    """A value as JSON could hold it: instants and days as text, no NaN."""
    match value:
        case datetime():
            at = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
            return f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"
        case date():
            return value.isoformat()
        case float() if math.isnan(value):
            return None
        case dict():
            return {name: normal(each) for name, each in value.items()}
        case list():
            return [normal(each) for each in value]
    return value


def finite(rows: Rows) -> Rows:
    """What JSON can hold of rows: no infinity."""
    return [{n: None if isinstance(v, float) and math.isinf(v) else v for n, v in row.items()} for row in rows]


def dicts(result: Any) -> Rows:
    names = [column[0] for column in result.description]
    return [dict(zip(names, map(normal, row), strict=True)) for row in result.fetchall()]


def released(file: Path, table: str) -> Rows:
    """What DuckDB reads from the release, in its order."""
    with duckdb.connect(str(file), read_only=True) as con:
        return dicts(con.execute(f"from {table}"))


def types(file: Path, table: str) -> dict[str, str]:
    """DuckDB's types of a table's columns."""
    with duckdb.connect(str(file), read_only=True) as con:
        return {name: kind for name, kind, *_ in con.execute(f"describe {table}").fetchall()}


def is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith("STRUCT")


def unpacked(rows: Rows, kinds: dict[str, str]) -> Rows:
    """Rows whose lists were JSON."""
    return [{n: json.loads(v) if is_nested(kinds[n]) and v is not None else v for n, v in row.items()} for row in rows]


def parquet(folder: Path, table: str) -> Rows:
    return [normal(row) for row in pq.read_table(folder / f"{table}.parquet").to_pylist()]


def csv(folder: Path, table: str, kinds: dict[str, str]) -> Rows:
    """Numbers as numbers, all else as it is written."""
    columns = {n: "VARCHAR" if is_nested(kind) or kind in {"DATE", "TIMESTAMP"} else kind for n, kind in kinds.items()}
    with duckdb.connect() as con:
        file, options = str(folder / f"{table}.csv"), "header = true, auto_detect = false, allow_quoted_nulls = false"
        quotes = """quote = '"', escape = '"'"""
        return dicts(
            con.execute(f"from read_csv($1, columns = $2, {options}, {quotes}, new_line = '\\n')", [file, columns])
        )


def jsonl(folder: Path, table: str) -> Rows:
    def refused(text: str) -> None:
        raise AssertionError(f"{text} is not JSON")

    lines = (folder / f"{table}.jsonl").read_text().splitlines()
    return [json.loads(line, parse_constant=refused) for line in lines]


def sqlite(file: Path, table: str) -> Rows:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as con:
        return dicts(con.execute(f"select * from {table} order by rowid"))


def postgresql(url: str, schema: str, table: str) -> Rows:
    with psycopg.connect(url, row_factory=dict_row) as con:
        return [normal(row) for row in con.execute(f'select * from "{schema}".{table}')]


def redis_client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, password=os.environ["REDISCLI_AUTH"], decode_responses=True)


def redis_key(url: str, prefix: str, name: str) -> Any:
    """A hash as its fields, a list as its rows."""
    with redis_client(url) as client:
        key = f"{client.get(prefix)}:{name}"
        if client.type(key) == "list":
            return [json.loads(row) for row in client.lrange(key, 0, -1)]
        return {field: json.loads(value) for field, value in client.hgetall(key).items()}


def s3_store() -> S3FileSystem:
    return S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"])


def s3(root: str, table: str) -> Rows:
    """Rows of a table as the manifest at ``bucket/prefix`` names it."""
    store = s3_store()
    with store.open_input_stream(f"{root}/manifest.json") as file:
        path = json.loads(file.read())["tables"][table]["path"]
    with store.open_input_file(f"{root}/{path}") as file:
        return [normal(row) for row in pq.read_table(file).to_pylist()]
