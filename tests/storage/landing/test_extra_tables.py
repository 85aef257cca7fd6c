"""Extra tables of a source: promotions, which are many, known from the first day of their week, and soon of no use."""

from datetime import datetime

import duckdb
import pytest

from recsys_assets.profile import Delivery
from recsys_assets.selects.canonical import SourceError, canonical
from recsys_assets.selects.files import SqlError, load_select, table_files
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing
from recsys_assets.storage.landing.mapping import mapped
from recsys_jobs.audit.relanding import Kept, reland
from recsys_jobs.audit.scratch import copy_landing
from tests.helpers.shop import DELIVERIES, Shop, day, line, night, product

NAMES = ("product_id", "store_id", "display_location", "mailer_location", "week")
WEEKS = (35, 36, "?", 43, 44)
"""Weeks of October 2017 begin on the 2nd (41), 9th, 16th (43) and 23rd."""


def promotion(item, week, store=31):
    return dict(zip(NAMES, (item, store, "5", "A", week), strict=True))


@pytest.fixture
def promoting(tmp_path, monkeypatch):
    """A shop whose promotions of some weeks landed as history, one of them with no week."""
    shop = Shop(tmp_path, monkeypatch, deliveries=[*DELIVERIES, Delivery(table="promotions", files="promotions*")])
    shop.land("products.csv", [product("p1"), product("p2")], day(1))
    shop.land("transactions.csv", [line("u1", "p1", day(19))], kind="history")
    shop.land("promotions.csv", [promotion(f"p{n}", week) for n, week in enumerate(WEEKS)], kind="history")
    return shop


def weeks_of(shop, number):
    return shop.clean("promotions", number, "item_id, known_from, known_at")


def test_a_promotion_is_visible_from_the_first_day_of_its_week(promoting):
    promoting.build(24)
    began = datetime(2017, 10, 16, 5)
    assert weeks_of(promoting, 20)[1] == ("p3", began, began)
    assert [weeks_of(promoting, n) for n in (21, 22, 24)] == [[]] * 3
    assert weeks_of(promoting, 23) == [("p4", datetime(2017, 10, 23, 5), datetime(2017, 10, 23, 5))]


def test_a_mailer_printed_a_week_ahead_is_known_a_week_earlier(tmp_path, monkeypatch):
    deliveries = [*DELIVERIES, Delivery(table="promotions", files="promotions*")]
    shop = Shop(tmp_path, monkeypatch, deliveries=deliveries, known_earlier={"promotions": 7})
    shop.land("products.csv", [product("p1"), product("p2")], day(1))
    shop.land("transactions.csv", [line("u1", "p1", day(19))], kind="history")
    shop.land("promotions.csv", [promotion(f"p{n}", week) for n, week in enumerate(WEEKS)], kind="history")
    shop.build(24)
    printed = datetime(2017, 10, 16, 5)
    assert ("p4", printed, printed) in weeks_of(shop, 20)
    assert weeks_of(shop, 23) == []


def test_what_happened_is_never_known_before_it_did(tmp_path, monkeypatch):
    with pytest.raises(SourceError, match=r"known_earlier names events, .*: promotions\."):
        Shop(tmp_path, monkeypatch, deliveries=DELIVERIES, known_earlier={"events": 1})


def test_rows_without_a_time_of_their_own_are_never_known_earlier(tmp_path, monkeypatch):
    monkeypatch.setattr("recsys_assets.selects.source.PROJECT", tmp_path)
    file = tmp_path / "promotions.sql"
    file.write_text("select landed_id, product_id from raw.promotions")
    with duckdb.connect() as con:
        con.execute("create schema raw")
        con.execute("create table raw.promotions (landed_id uuid, product_id varchar)")
        mapped(con, canonical("promotions"), load_select(file, keyed=False), {})
        with pytest.raises(SourceError, match=r"promotions\.sql: gives no known_from"):
            mapped(con, canonical("promotions"), load_select(file, keyed=False), {"promotions": 7})


def test_what_no_night_uses_any_more_stays_in_landing(promoting):
    promoting.build(20)
    assert [item for item, *_ in weeks_of(promoting, 20)] == ["p1", "p3"]
    assert promoting.query("select product_id from landing.raw.promotions order by landed_row") == [
        ("p0",),
        ("p1",),
        ("p3",),
        ("p4",),
    ]
    with pytest.raises(duckdb.BinderException, match="used_until"):
        promoting.clean("promotions", 20, "used_until")


def test_a_promotion_that_arrives_late_is_known_from_then(promoting):
    promoting.build(20)
    promoting.land("promotions_late.csv", [promotion("p1", 42), promotion("p2", 50)], day(21, 10))
    promoting.build(21)
    assert weeks_of(promoting, 21) == [("p1", datetime(2017, 10, 9, 5), day(21, 10))]
    assert [(file, row, column) for file, row, column, *_ in promoting.rejects()] == [
        ("promotions.csv", 3, "week"),
        ("promotions_late.csv", 2, "known_from"),
    ]


def test_each_row_gets_its_own_night_and_verdict(promoting):
    promoting.land("promotions_more.csv", [promotion(f"p{n}", WEEKS[n % 5], n) for n in range(5000)], kind="history")
    rows = promoting.query(
        "select product_id, week, landed_row, landed_night from landing.raw.promotions where landed_file = 4 order by 3"
    )
    assert [(item, week) for item, week, *_ in rows] == [
        (f"p{n}", str(WEEKS[n % 5])) for n in range(5000) if n % 5 != 2
    ]
    assert {(week, seen.day) for _, week, _, seen in rows} == {("35", 20), ("36", 20), ("43", 20), ("44", 23)}
    assert all(row == int(item[1:]) + 1 for item, _, row, _ in rows)


@pytest.mark.parametrize(("poison", "left"), [(None, ["p4"]), ("deleted", []), ("altered", None)])
def test_of_extra_tables_only_the_nights_that_are_built_need_land_again(promoting, tmp_path, poison, left):
    promoting.build(22)
    copy_landing(promoting.profile, tmp_path / "origin.duckdb")
    scratch = promoting.profile.inside(tmp_path / "again")
    landing = Landing(scratch)
    reland(tmp_path / "origin.duckdb", landing, Lake(scratch), night(22), poison, Kept(extras_since=night(22)))
    with landing.open() as con:
        rows = con.execute("select product_id, landed_night from landing.raw.promotions").fetchall()
        assert con.execute("select count(*) from landing.raw.transactions").fetchall() >= [(1,)]
    assert all(seen > night(22) for _, seen in rows)
    assert left is None or [item for item, _ in rows] == left


def test_tables_of_a_source_are_there_for_this_source_only():
    own = table_files("features", "complete_journey").keys() - table_files("features", "online_retail").keys()
    assert own == {"item_manufacturer", "item_promotion", "item_store_promotion", "user_manufacturer"}


def test_a_source_may_not_take_the_name_of_a_table_of_all(tmp_path, monkeypatch):

    for folder in ("features", "sources/shop/features"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "user.sql").write_text("select user_key from clean.users order by user_key")
    from recsys_assets.selects import files

    monkeypatch.setattr(files, "SQL_FOLDER", tmp_path)
    with pytest.raises(SqlError, match=r"features\.user is there for every source"):
        table_files("features", "shop")
