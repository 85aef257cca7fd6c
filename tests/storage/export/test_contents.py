"""Whatever it is exported to, others read what DuckDB reads from the release: the same rows, in readers' own types."""

import os
from collections import defaultdict
from pathlib import Path
from unittest.mock import patch

import psycopg
import pytest

from recsys_assets.storage.export import destinations
from recsys_assets.storage.export.exporting import export_release
from tests.helpers.committed import PROJECT
from tests.storage.export import odd, readers, servers
from tests.storage.export.readers import finite, released, types, unpacked

IS_FILE = ("parquet", "csv", "jsonl", "sqlite")
ASKED = odd.TABLES[:-1]
SUMMARY = {"release": "VARCHAR", "night": "DATE", "table_name": "VARCHAR", "n_rows": "BIGINT"}


def expected(file, table):
    """Rows of the release; what stands in the summary is said here again."""
    if table != "meta.export":
        return released(file, table)
    return [
        {"release": file.parent.name, "night": "2017-10-31", "table_name": name, "n_rows": len(released(file, name))}
        for name in ASKED
    ]


@pytest.fixture(params=[None, 1, 0], ids=["odd", "one row", "no row"])
def release(request, tmp_path):
    return odd.publish(tmp_path / "shop", rows=request.param)


@pytest.fixture(scope="module")
def postgres():
    with servers.postgres() as url:
        yield url


@pytest.fixture(scope="module")
def redis():
    with servers.redis() as url:
        yield url


@pytest.fixture(autouse=True)
def passwords(monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "secret")
    monkeypatch.setenv("REDISCLI_AUTH", "secret")


def export(release, to, **options):
    return export_release(release.parents[2], to, tables=ASKED, **options)


@pytest.mark.parametrize("kind", IS_FILE)
def test_files_hold_the_rows_of_the_release(release, tmp_path, kind):
    name, said = export(release, kind, into=str(tmp_path / "out" / "it's"))
    assert name == release.parent.name
    assert said.startswith(f"{tmp_path}/out/it's: 7 ")
    for table in odd.TABLES:
        kinds = types(release, table) if table != "meta.export" else SUMMARY
        given = (tmp_path / "out" / "it's", table.replace(".", "_"))
        rows = readers.csv(*given, kinds) if kind == "csv" else getattr(readers, kind)(*given)
        rows, wanted = unpacked(rows, kinds) if kind in {"csv", "sqlite"} else rows, expected(release, table)
        assert rows == (finite(wanted) if kind == "jsonl" else wanted), table


def test_types_are_those_that_readers_expect(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    release = odd.publish(tmp_path / "shop")
    export(release, "parquet")
    schema = pq.read_schema(release.parents[2] / "exports" / "parquet" / "meta_odd.parquet")
    assert schema.field("at").type == pa.timestamp("us", tz="UTC")
    assert schema.field("day").type == pa.date32()
    assert schema.field("names").type == pa.list_(schema.field("names").type.value_field)
    assert schema.field("small").type == pa.uint8()


def test_postgresql_holds_the_rows_of_the_release(release, postgres):
    assert "7 views" in export(release, postgres, into="it's")[1]
    for table in odd.TABLES:
        found = readers.postgresql(postgres, "it's", table.replace(".", "_"))
        assert found == expected(release, table), table
    with psycopg.connect(postgres) as con:
        kinds = con.execute(
            "select column_name, data_type from information_schema.columns "
            "where table_schema = 'it''s' and table_name = 'meta_odd'"
        ).fetchall()
    assert dict(kinds) == {
        "n": "bigint",
        "share": "double precision",
        "said": "text",
        "is_so": "boolean",
        "at": "timestamp with time zone",
        "day": "date",
        "names": "jsonb",
        "who": "jsonb",
        "small": "smallint",
    }


def test_redis_answers_what_serving_recommend_does(release, redis):
    export(release, redis, into="it's")

    def key(name):
        return readers.redis_key(redis, "it's", name)

    lists, similar, scopes = defaultdict(dict), defaultdict(list), defaultdict(list)
    shown = ("rank", "item_id", "title", "category", "score", "reason", "reason_text")
    for row in released(release, "serving.recommendations"):
        lists[row["task"]].setdefault(row["user_id"], []).append({name: row[name] for name in shown})
    for row in released(release, "serving.similar_items"):
        similar[row.pop("item_id")].append(row)
    for row in released(release, "serving.trending"):
        scopes[row["scope"]].append(row)
    for task in ("discovery", "next"):
        assert key(f"serving_recommendations:{task}") == lists[task]
    assert key("serving_similar_items") == similar
    assert key("serving_trending") == scopes
    assert key("serving_items") == {row["item_id"]: row for row in released(release, "serving.items")}
    assert key("serving_users") == {row["user_id"]: row for row in released(release, "serving.users")}
    for table in ("meta.odd", "meta.export"):
        assert (key(table.replace(".", "_")) or []) == finite(expected(release, table))


@pytest.mark.slow
def test_s3_holds_the_rows_of_the_release(release, s3):
    export(release, f"{s3}/some/prefix")
    for table in odd.TABLES:
        assert readers.s3(f"{servers.BUCKET}/some/prefix", table) == expected(release, table), table


@pytest.fixture
def s3():
    with patch.dict(os.environ), servers.s3(os.environ) as url:
        yield url


def test_a_destination_is_one_file():
    names = [file.stem for file in Path(PROJECT, "recsys_assets", "storage", "export").glob("*.py")]
    assert {*names} >= {each.names[0] for each in destinations().values()} == {*IS_FILE, "postgresql", "redis", "s3"}
