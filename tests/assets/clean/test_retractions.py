"""Cancellations: matched to the latest earlier purchases with quantity left, in whatever order the lines arrive."""

import random
from collections import defaultdict
from datetime import datetime, timedelta

import pytest

from recsys_assets.profile import Delivery
from recsys_assets.selects.files import SQL_FOLDER, load_select
from tests.assets.clean.invoices import bought, counts, left, open_shop
from tests.helpers.shop import Row, Shop, day, night


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Shop:
    """A shop that delivers the invoices of Online Retail."""
    return open_shop(tmp_path, monkeypatch)


def test_a_cancellation_takes_the_latest_earlier_purchase_with_quantity_left(shop):
    lines = [
        bought("1", "10001", day(18), 5),
        bought("1", "10001", day(19), 3),
        bought("1", "10001", day(21), 9),
        bought("2", "10001", day(19), 7),
        bought("1", "10002", day(19), 7),
    ]
    shop.land("lines-1.csv", lines, day(21, 13), kind="history")
    shop.land("lines-2.csv", [bought("1", "10001", day(20), -4)], day(22, 13), kind="history")
    shop.build(21)
    mine = {at.day: value for (user, item, at), value in left(shop, 21).items() if (user, item) == ("1", "10001")}
    assert mine == {18: 6.0, 21: 13.5}, "3 of the 19th and 1 of the 18th were taken back"
    assert counts(shop, 21) == (1, 1, 0, 0, 0.0)
    assert len(left(shop, 21)) == 4


def test_what_finds_nothing_is_counted_and_takes_nothing_later(shop):
    cancelled = [("1", "10001", -4), ("9", "10001", -1), ("1", "10002", -5)]
    lines = [bought(user, item, day(20), quantity) for user, item, quantity in cancelled]
    shop.land("lines-1.csv", [bought("1", "10002", day(19), 3), *lines], day(20, 13))
    shop.land("lines-2.csv", [bought("1", "10001", day(21), 4), bought("9", "10001", day(21), 1)], day(21, 13))
    shop.build(21)
    assert counts(shop, 20) == counts(shop, 21) == (3, 0, 1, 2, 7.0)
    assert sorted(value for _, value in left(shop, 21).items()) == [1.5, 6.0], "bought after the cancellation"
    assert shop.ids("user", 20) == {0: "1"}, "who only cancels is no user yet"


def test_a_purchase_that_arrives_after_its_cancellation_is_found_and_the_stand_in_given_back(shop):
    shop.land("lines-1.csv", [bought("1", "10001", day(18), 2), bought("1", "10001", day(20), -2)], day(20, 13))
    shop.land("lines-late.csv", [bought("1", "10001", day(19), 2)], day(22, 13))
    shop.build(22)
    assert left(shop, 20) == {}
    assert left(shop, 21) == {}, "the late line is not known yet"
    assert left(shop, 22) == {("1", "10001", day(18)): 3.0}
    assert sorted(shop.clean("retractions", 22, "quantity, reason")) == [(-2.0, "cancelled"), (2.0, "cancelled")]


def test_a_replaced_file_takes_its_cancellations_along(shop):
    shop.land("lines-1.csv", [bought("1", "10001", day(19), 2)], day(20, 12))
    shop.land("lines-2.csv", [bought("1", "10001", day(20), -2), bought("1", "10002", day(20), 1)], day(20, 13))
    shop.build(20)
    shop.land("lines-2.csv", [bought("1", "10002", day(20), 1)], day(22, 13))
    shop.build(22)
    assert set(left(shop, 21)) == {("1", "10002", day(20))}
    assert set(left(shop, 22)) == {("1", "10001", day(19)), ("1", "10002", day(20))}
    assert counts(shop, 21) == (1, 1, 0, 0, 0.0)
    assert counts(shop, 22) == (0, 0, 0, 0, 0.0)


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 20))])
def test_every_night_equals_a_pile_worked_through_in_order_of_time(shop, seed):
    chance = random.Random(seed)
    lines: list[tuple[int, Row]] = []
    for number in range(150):
        at = day(10) + timedelta(minutes=chance.randrange(60 * 24 * 14), seconds=number)
        quantity = chance.choice([1, 2, 3, 5, -1, -2, -4])
        arrives = max(20, at.day + chance.choice([0, 0, 0, 1, 3]))
        user, item = chance.choice("12"), chance.choice(["10001", "10002"])
        lines.append((arrives, bought(user, item, at, quantity, str(number))))
    for number in range(20, 27):
        mine = [line for arrives, line in lines if arrives == number]
        if mine:
            shop.land(f"lines-{number}.csv", mine, day(number, 23, 59))
    shop.build(26)
    for number in (20, 22, 26):
        known = [line for arrives, line in lines if arrives <= number]
        assert left(shop, number) == pytest.approx(piled(known))
    assert counts(shop, 26)[2] + counts(shop, 26)[3] > 0


def piled(lines: list[Row]) -> dict[tuple[str, str, datetime], float]:
    """Value left of each purchase, by a pile per user and item."""
    piles: dict[tuple[str, str], list[list]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: line["InvoiceDate"]):
        pile, quantity = piles[line["CustomerID"][:-2], line["StockCode"]], line["Quantity"]
        if quantity > 0:
            pile.append([line["InvoiceDate"], quantity])
        while quantity < 0 and pile:
            taken = min(-quantity, pile[-1][1])
            pile[-1][1] -= taken
            quantity += taken
            if not pile[-1][1]:
                pile.pop()
    return {(*pair, at): quantity * 1.5 for pair, pile in piles.items() for at, quantity in pile}


@pytest.mark.parametrize("quantity", [0.1 + 0.2, 0.699999988079071, 1 / 3])
def test_what_is_taken_back_wholly_leaves_no_crumb(shop, quantity):
    lines = [bought("1", "10001", day(19), quantity), bought("1", "10001", day(20), -quantity)]
    shop.land("lines.csv", [*lines, bought("1", "10002", day(19), 1)], day(20, 13))
    shop.build(20)
    assert list(left(shop, 20)) == [("1", "10002", day(19))]
    assert counts(shop, 20)[:2] == (1, 1)


def test_numbers_too_large_to_be_summed_exactly_are_rejected(shop):
    lines = [bought("1", "10001", day(19), 10**15), bought("1", "10001", day(19), 10**14)]
    shop.land("lines.csv", [*lines, bought("1", "10001", day(20), -(10**30))], day(20, 13))
    assert [reject[1:4] for reject in shop.rejects()] == [
        (1, "quantity", "too large: 1e15 or more"),
        (3, "quantity", "too large: 1e15 or more"),
    ]
    shop.build(20)


def test_which_of_two_equal_purchases_is_taken_back_does_not_hang_on_their_files(tmp_path, monkeypatch):
    cheap, dear = (bought("1", "10001", day(19), 2, invoice) for invoice in ("100", "101"))
    kept = set()
    for filler in range(6):
        shop = open_shop(tmp_path / str(filler), monkeypatch)
        other = bought("9", f"1000{filler}", day(19), 1)
        shop.land("lines-1.csv", [cheap | {"UnitPrice": "1"}, other], day(20, 12))
        shop.land("lines-2.csv", [dear | {"UnitPrice": "5"}, other], day(20, 13))
        shop.land("lines-3.csv", [bought("1", "10001", day(20), -2)], day(20, 14))
        shop.build(20)
        kept.add(left(shop, 20)["1", "10001", day(19)])
    assert kept == {2.0}


def test_only_purchases_are_taken_back(tmp_path, monkeypatch):
    events = Delivery(table="events", files="events*")
    shop = Shop(tmp_path, monkeypatch, source="events_table", deliveries=[events], event_weights={"view": 0.2})
    header = "user,item,time,event,quantity,value\n"
    rows = ["1,a,2017-10-20 09:00,purchase,1,2", "1,a,2017-10-20 11:00,view,1,", "1,b,2017-10-20 11:00,,1,"]
    shop.land("events.csv", header + "\n".join(rows) + "\n", day(20, 13))
    assert [reject[2:4] for reject in shop.rejects()] == [("event_type", "no event type")]
    shop.build(20)
    select = (SQL_FOLDER / "clean" / "retractions.sql").read_text()
    reads = [name for name in load_select(SQL_FOLDER / "clean" / "retractions.sql").reads if name.schema != "landed"]
    with shop.lake.as_of(night(20), reads) as snapshot:
        con = snapshot.cursor()
        con.execute("create schema if not exists landed")
        con.execute("create table landed.superseded (event_id uuid, known_at timestamp)")
        con.execute(
            "create temp table returned as select md5('1')::uuid as cancellation_id, '1' as user_id, "
            "'a' as item_id, timestamp '2017-10-20 12:00' as event_ts, null::timestamp as known_at, "
            "1.0 as quantity, null as basket_id"
        )
        rows = con.execute(select.replace("clean.cancellations", "returned")).fetchall()
        purchase = con.execute("select event_id from clean.events where event_type = 'purchase'").fetchall()
    assert [row[0] for row in rows] == [purchase[0][0]]


def test_what_was_cancelled_only_after_the_graded_night_was_had_by_it(tmp_path, monkeypatch):
    shop = open_shop(tmp_path, monkeypatch, horizon=2, tasks=["discovery"])
    bought_on_20 = [
        bought("1", "10001", day(20), 1),
        bought("1", "10002", day(20), 1),
        bought("1", "10002", day(20), -1),
    ]
    shop.land("lines-1.csv", bought_on_20, day(20, 13))
    shop.land("lines-2.csv", [bought("1", "10001", day(21), -1)], day(21, 13))
    shop.land("lines-3.csv", [bought("1", item, day(22), 1) for item in ("10001", "10002")], day(22, 13))
    shop.build(22)
    select = load_select(SQL_FOLDER / "grades" / "relevant.sql")
    with shop.lake.as_of(night(22), select.reads) as snapshot:
        rows = snapshot.table(f"select item_id from ({select.text}) join clean.items using (item_key)").to_pylist()
    assert rows == [{"item_id": "10002"}], "the list of night 20 had to leave out 10001, which was taken back later"
