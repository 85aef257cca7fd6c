"""What checks of raw tables say of deliveries: files set aside, and what is not as usual. They warn and never block."""

from datetime import timedelta

import pytest

from recsys_assets.checks.declared import load_checks
from recsys_assets.checks.running import check_tables
from recsys_assets.nights import utc_now
from recsys_assets.profile import Delivery
from tests.helpers.shop import Shop

NOW = utc_now()


@pytest.fixture
def shop(tmp_path, monkeypatch):
    return open_shop(tmp_path, monkeypatch)


def open_shop(folder, monkeypatch, **settings):
    deliveries = [Delivery(table="events", files=f"events-{branch}*") for branch in ("north", "south")]
    return Shop(folder, monkeypatch, **({"source": "events_table", "deliveries": deliveries} | settings))


def deliver(shop, name, days_ago, rows=10, rejected=0, kind="arrival"):
    """Land a file with so many rows, some of them without a user."""
    at = NOW - timedelta(days=days_ago)
    lines = [
        f"{'' if n < rejected else f'u{n}'},i,{at - timedelta(hours=1):%Y-%m-%d %H:%M:%S},view,," for n in range(rows)
    ]
    path = shop.write(f"{name}-{at:%Y-%m-%d}.csv", "\n".join(["user,item,time,event,quantity,value", *lines]) + "\n")
    delivery = next(d for d in shop.profile.deliveries if path.name.startswith(d.files[:-1]))
    return shop.landing.land(path, delivery, kind, lake=shop.lake, arrived_at=at if kind == "arrival" else None)


def said(shop, name):
    """What a check of the raw table finds: failing rows, and how many it looked at."""
    checks = [check for check in load_checks(shop.profile) if (check.table, check.name) == ("raw.events", name)]
    ((check, outcome),) = check_tables(shop.lake, checks, None)
    assert outcome.verdict == ("warn" if outcome.failures else "pass"), check.name
    return outcome.first_failing, outcome.rows


def daily(shop, name, last, days=7, **options):
    for n in range(days):
        deliver(shop, name, last + n, **options)


def test_a_file_set_aside_is_told_until_one_of_its_name_lands(shop):
    garbage = shop.write("events-north-1.csv", b"\x00\x01garbage\n\xff\xfe")
    landed = shop.landing.land(garbage, shop.profile.deliveries[0], "arrival", lake=shop.lake)
    assert landed.status == "quarantined"
    ((row,), _) = said(shop, "nothing_quarantined")
    assert row["name"] == "events-north-1.csv"
    assert row["message"]
    shop.write("events-north-1.csv", "user,item,time,event,quantity,value\nu,i,2025-01-01 10:00:00,view,,\n")
    shop.landing.land(garbage, shop.profile.deliveries[0], "arrival", lake=shop.lake)
    assert said(shop, "nothing_quarantined")[0] == []


def test_few_deliveries_and_history_are_not_judged(tmp_path, monkeypatch):
    shop = open_shop(tmp_path, monkeypatch)
    daily(shop, "events-north", last=100, days=7, kind="history")
    daily(shop, "events-north", last=50, days=2)
    deliver(shop, "events-north", 49, rows=200)
    for name in ("usual_volume", "delivered_on_time"):
        assert said(shop, name) == ([], 0), name
    assert said(shop, "usual_reject_share")[0] == []
    deliver(shop, "events-south", 49, rejected=6)
    assert [row["n_rejected"] for row in said(shop, "usual_reject_share")[0]] == [6], "more than half, in any case"


def test_each_delivery_is_held_to_what_is_usual_for_it(shop):
    daily(shop, "events-north", last=0.1, rows=10, days=7)
    daily(shop, "events-south", last=4, rows=100, days=6)
    for name in ("usual_volume", "usual_reject_share"):
        assert said(shop, name)[0] == [], name
    ((row,), n_deliveries) = said(shop, "delivered_on_time")
    assert (row["delivery"], row["usual_days"], n_deliveries) == ("events-south*", 1.0, 2)
    assert row["days_ago"] == pytest.approx(4, abs=0.1)
    deliver(shop, "events-south", 0.05, rows=12, rejected=3)
    ((volume,), _) = said(shop, "usual_volume")
    assert (volume["n_rows"], volume["usual_least"]) == (12, 100)
    ((rejects,), _) = said(shop, "usual_reject_share")
    assert (rejects["delivery"], rejects["usual_share"]) == ("events-south*", 0)
    assert said(shop, "delivered_on_time")[0] == []


def test_weekends_without_files_and_one_outage_are_no_alarm(shop):
    monday = next(n for n in range(3, 10) if (NOW - timedelta(days=n)).weekday() == 0)
    for n in range(26):  # Nothing came on weekends, and nothing for a week once.
        at = NOW - timedelta(days=monday + n)
        if at.weekday() < 5 and not 7 <= n < 14:
            deliver(shop, "events-north", monday + n)
    rows, n_looked_at = said(shop, "delivered_on_time")
    assert n_looked_at == 1
    assert bool(rows) == (monday > 4.5), "weekends last three days, and half as much again is no alarm"


def test_a_profile_with_a_last_night_is_not_late(tmp_path, monkeypatch):
    shop = open_shop(tmp_path, monkeypatch, last_night=(NOW - timedelta(days=5)).date())
    daily(shop, "events-north", last=6)
    assert said(shop, "delivered_on_time") == ([], 0)
    assert said(shop, "usual_volume")[1] == 1
