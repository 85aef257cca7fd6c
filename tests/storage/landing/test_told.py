"""What a landing says: when its rows count, and that a ledger of an earlier version opens."""

import shutil

import duckdb

from recsys_assets.storage.landing.database import Landing
from recsys_assets.storage.landing.told import told
from tests.helpers.shop import day, line, night, stocked


def said(shop, landed, now):
    return told(landed, shop.profile, now).splitlines()[-1].strip()


def test_an_arrival_says_its_night_when_that_is_built_and_what_is_late(tmp_path, monkeypatch):
    shop = stocked(tmp_path, monkeypatch)
    on_time = shop.land("transactions-1.csv", [line("u", "p1", day(21, 9))], day(21, 12))
    assert said(shop, on_time, day(21, 12)) == "visible in night 2017-10-21, built at 2017-10-22 02:00 UTC"
    shop.build(21)
    rows = [line("u", "p2", day(number, 9)) for number in (20, 21, 22)]
    late = shop.land("transactions-2.csv", rows, day(22, 12))
    assert said(shop, late, day(22, 12)) == (
        "visible in night 2017-10-22, built at 2017-10-23 02:00 UTC; 2 of earlier days, 2017-10-20 at first"
    )
    assert "closed already: the next build takes them in" in said(shop, late, day(24))
    after_midnight = [line("u", "p1", day(23, 23)), line("u", "p1", day(24, 0, 10))]
    both = shop.land("transactions-3.csv", after_midnight, day(24, 1))
    assert said(shop, both, day(24, 1)) == (
        "visible in nights 2017-10-23 to 2017-10-24, built at 2017-10-24 02:00 UTC to 2017-10-25 02:00 UTC"
    )
    assert said(shop, both, day(24, 3)).endswith("the last of them built at 2017-10-25 02:00 UTC")


def test_history_says_its_nights_and_what_comes_after_the_last_night_that_none_sees_it(tmp_path, monkeypatch):
    shop = stocked(tmp_path, monkeypatch, last_night=night(25))
    rows = [line("u", "p1", day(number)) for number in (3, 22, 24)]
    history = shop.land("transactions-1.csv", rows, kind="history")
    assert said(shop, history, day(30)).startswith("visible in nights 2017-10-20 to 2017-10-24, closed already")
    arrival = shop.land("transactions-2.csv", [line("u", "p2", day(24))], day(28))
    assert said(shop, arrival, day(28)) == "visible in no night: 2017-10-25 is the last one"
    rejected = shop.land("transactions-3.csv", [line("", "p2", day(24))], day(28))
    assert (rejected.visible, said(shop, rejected, day(28))) == (None, told(rejected, shop.profile, day(28)))


def test_a_ledger_of_an_earlier_version_opens_and_its_files_may_hold_any_number_of_equal_rows(tmp_path, monkeypatch):
    shop = stocked(tmp_path, monkeypatch)
    same = line("u", "p1", day(20))
    shop.land("transactions-1.csv", [same, same], day(20, 13))
    old = tmp_path / "old.duckdb"
    shutil.copy(shop.landing.path, old)
    with duckdb.connect(old) as con:
        for column in ("rows_repeated", "most_equal", "rows_adding_nothing"):
            con.execute(f"alter table ledger.files drop column {column}")
    shutil.copy(old, shop.landing.path)
    again = shop.land("transactions-2.csv", [same, same, same], day(20, 14))
    assert (again.rows_repeated, again.rows_adding_nothing) == (2, 2)
    ledger = [(row["name"], row["most_equal"]) for row in Landing(shop.profile).files().to_pylist()]
    assert ledger[1:] == [("transactions-1.csv", None), ("transactions-2.csv", 3)]
    shop.build(20)
    assert len(shop.counted(20)) == 3
