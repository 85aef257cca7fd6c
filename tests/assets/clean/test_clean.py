"""Clean tables: keys, equal rows, versions, and that a night's tables come out the same however they are built."""

import os
from itertools import permutations

import pytest

from recsys_assets.assets.clean_log import TABLES
from tests.helpers.shop import Row, Shop, day, household, line, night, product


def test_keys_are_numbered_by_night_then_id_from_the_last_key_on(shop):
    shop.land("transactions-1.csv", [line("u9", "p2", day(20)), line("u10", "p1", day(20))], day(20, 13))
    shop.land("transactions-2.csv", [line("u1", "p0", day(21)), line("u9", "p3", day(21))], day(21, 13))
    shop.land("transactions-3.csv", [line("u0", "p1", day(22))], day(22, 13))
    shop.build(22)
    assert shop.ids("user", 22) == {0: "u10", 1: "u9", 2: "u1", 3: "u0"}
    assert shop.ids("item", 22) == {0: "p1", 1: "p2", 2: "p0", 3: "p3"}
    assert shop.clean("item_keys", 22) == []


def test_a_file_system_without_hard_links_gives_the_same(shop, tmp_path, monkeypatch):
    def build(where):
        where.land("products.csv", [product("p1"), product("p2")], day(1))
        where.land("transactions.csv", [line("u1", "p2", day(20)), line("u2", "p1", day(20))], day(20, 13))
        where.build(21)
        return where.fingerprints()

    def refuse(*_):
        raise PermissionError("no hard links here")

    with_links = build(shop)
    monkeypatch.setattr(os, "link", refuse)
    assert build(Shop(tmp_path / "other", monkeypatch)) == with_links


def test_of_rows_delivered_twice_the_earliest_visible_stays(shop):
    same = line("u", "p1", day(20))
    shop.land("transactions-1.csv", [same, line("u", "p1", day(20), basket=8)], day(20, 13))
    shop.land("transactions-2.csv", [line("v", "p2", day(20)), same], day(20, 14))
    shop.land("transactions-3.csv", [same, line("w", "p2", day(21))], day(21, 13))
    shop.build(21)
    assert shop.clean("events", 20, "basket_id") != []
    assert [row[:2] for row in shop.events(20)] == [("u", "p1"), ("u", "p1"), ("v", "p2")]
    assert sorted(shop.clean("events", 20, "user_key, basket_id")) == [(0, "7"), (0, "8"), (1, "7")]
    assert [row[:2] for row in shop.events(21)] == [("w", "p2")]


@pytest.mark.parametrize("change", [{"quantity": 2}, {"sales_value": "2.51"}, {"store_id": 32}, {"basket_id": 9}])
def test_rows_that_differ_in_one_value_are_not_equal(shop, change):
    shop.land("transactions-1.csv", [line("u", "p1", day(20))], day(20, 13))
    shop.land("transactions-2.csv", [line("u", "p1", day(20)) | change], day(20, 14))
    shop.build(20)
    assert len(shop.events(20)) == 2


def test_a_row_without_a_time_becomes_visible_with_its_keys_first_event(shop):
    shop.land("demographics.csv", [household("u"), household("never")], day(1))
    shop.land("transactions-1.csv", [line("v", "p1", day(20))], day(20, 13))
    shop.land("transactions-2.csv", [line("u", "p2", day(22))], day(22, 13))
    shop.build(22)
    items = [[title for (title,) in shop.clean("item_versions", n, "item_key")] for n in (20, 21, 22)]
    assert items == [[0], [], [1]]
    users = [shop.clean("user_versions", n, "user_key, age") for n in (20, 21, 22)]
    assert users == [[], [], [(1, "35-44")]]


def test_a_later_version_is_visible_from_its_own_arrival_only(shop):
    shop.land("transactions.csv", [line("u", "p1", day(20)), line("u", "p2", day(20))], day(20, 13))
    shop.build(20)
    shop.land("products-2.csv", [product("p1", brand="Private")], day(22))
    shop.build(23)
    assert [brands(shop, n) for n in (20, 21, 22, 23)] == [
        {"p1": "National", "p2": "National"},
        {"p1": "National", "p2": "National"},
        {"p1": "Private", "p2": "National"},
        {"p1": "Private", "p2": "National"},
    ]


def brands(shop: Shop, number: int) -> dict[str, str]:
    """Brand of each item as `clean.items` shows it to a night."""
    from recsys_assets.selects.files import TableName

    with shop.lake.as_of(night(number), [TableName("clean", "items")]) as snapshot:
        rows = snapshot.table("select item_id, brand from clean.items").to_pylist()
    return {row["item_id"]: row["brand"] for row in rows}


def log(shop: Shop) -> None:
    """Three nights of purchases, one of them quiet, one with a late row."""
    shop.land("demographics.csv", [household("u")], day(1))
    shop.land("transactions-1.csv", [line("u", "p1", day(20)), line("v", "p1", day(20))], day(20, 13))
    shop.land("transactions-2.csv", [line("u", "p2", day(22)), line("w", "p1", day(20))], day(22, 13))


def test_nights_that_were_skipped_get_partitions_of_their_own(shop, tmp_path, monkeypatch):
    log(shop)
    shop.build(22)
    nights = [night(n) for n in (20, 21, 22)]
    assert {table: shop.lake.nights(f"clean.{table}") for table in TABLES} == dict.fromkeys(TABLES, nights)
    assert [len(shop.events(n)) for n in (20, 21, 22)] == [2, 0, 2]
    nightly = Shop(tmp_path / "nightly", monkeypatch)
    nightly.land("products.csv", [product("p1"), product("p2")], day(1))
    log(nightly)
    for number in (20, 21, 22):
        nightly.build(number)
    assert nightly.fingerprints() == shop.fingerprints()


def test_building_a_night_again_writes_nothing_new(shop):
    log(shop)
    shop.build(22)
    before = shop.fingerprints()
    files = sorted(shop.lake.root.rglob("*.parquet"))
    shop.build(22)
    shop.build(20)
    assert shop.fingerprints() == before
    assert sorted(shop.lake.root.rglob("*.parquet")) == files


def test_a_sealed_nights_lost_partition_is_written_again_the_same(shop):
    log(shop)
    shop.build(22)
    before = shop.fingerprints()
    for table, number in (("events", 20), ("user_keys", 20), ("item_versions", 22)):
        partition = shop.lake.partition(f"clean.{table}", night(number))
        assert partition is not None
        partition.path.unlink()
        assert shop.fingerprints() != before
        shop.build(22)
        assert shop.fingerprints() == before


def test_the_order_in_which_files_land_does_not_matter(tmp_path, monkeypatch):
    files = {
        "transactions-1.csv": [line("u", "p1", day(20)), line("v", "p2", day(20))],
        "transactions-2.csv": [line("u", "p1", day(20)), line("a", "p0", day(21))],
        "transactions-3.parquet": [line("u", "p2", day(20)), line("b", "p1", day(21))],
    }
    fingerprints = []
    for number, order in enumerate(list(permutations(files))[::2]):
        shop = Shop(tmp_path / str(number), monkeypatch)
        shop.land("products.csv", [product("p1"), product("p2")], day(1))
        for name in order:
            shop.land(name, files[name], day(21, 13), kind="history")
        shop.build(21)
        fingerprints.append(shop.fingerprints())
    assert len(fingerprints) == 3
    assert fingerprints[1:] == fingerprints[:-1]


LINES = [
    line("900", "p1", day(20), 2, 3.25),
    line("901", "p2", day(20, 23, 59), 1, 0.5),
    line("901", "p1", day(21), None, 7.0),
    line("900", "p1", day(20), 2, 3.25),  # The second of two equal pieces.
    line("900", 'p,"3"', day(21), 1, 1.0),
]
DELIVERED = {
    "products": [product("p1"), product("p2", brand="Été, 'Soup'"), product('p,"3"')],
    "demographics": [household("900"), household("901", age="19-24")],
    "transactions": LINES,
}
CONTENTS = {
    "user_keys": "*",
    "item_keys": "*",
    "events": "* exclude (event_id)",  # The id is made of the file's bytes, as landed_id is.
    "user_versions": "* exclude (landed_id)",
    "item_versions": "* exclude (landed_id)",
}


def delivered(shop: Shop, kind: str, numeric: bool = False) -> dict[str, list[tuple]]:
    """Clean tables of a shop that delivers everything in one format."""
    for name, rows in DELIVERED.items():
        given: list[Row] = [{k: int(v) if numeric and k == "household_id" else v for k, v in r.items()} for r in rows]
        landed = shop.land(f"{name}.{kind}", given, day(21, 20))
        assert (landed.status, landed.rows_landed) == ("landed", len(rows)), landed.message
    shop.build(21)
    return {table: sorted(shop.clean(table, 21, columns), key=str) for table, columns in CONTENTS.items()}


@pytest.fixture(scope="module")
def from_csv(tmp_path_factory) -> dict[str, list[tuple]]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        return delivered(Shop(tmp_path_factory.mktemp("csv"), monkeypatch, first_night=night(21)), "csv")


def test_what_csv_gives(from_csv):
    assert from_csv["user_keys"] == [(0, "900"), (1, "901")]
    assert from_csv["item_keys"] == [(0, 'p,"3"'), (1, "p1"), (2, "p2")]
    assert len(from_csv["events"]) == 5
    assert any("Été, 'Soup'" in row for row in from_csv["item_versions"])


@pytest.mark.parametrize(
    ("kind", "numeric"),
    [("csv.gz", False), ("tsv", False), ("jsonl", False), ("parquet", False), ("jsonl", True), ("parquet", True)],
)
def test_every_format_and_numeric_ids_give_the_same_clean_tables(tmp_path, monkeypatch, from_csv, kind, numeric):
    assert delivered(Shop(tmp_path, monkeypatch, first_night=night(21)), kind, numeric) == from_csv
