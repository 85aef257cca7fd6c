"""Cancellations: matched to the latest earlier purchases with quantity left, in whatever order the lines arrive."""

import random
from collections import defaultdict
from datetime import datetime, timedelta

import pytest

from recsys_assets.profile import Delivery
from tests.storage.shop import Row, Shop, day

INVOICES = Delivery(table="lines", files="lines*")


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Shop:
    """A shop that delivers the invoices of Online Retail."""
    return Shop(tmp_path, monkeypatch, source="online_retail", deliveries=[INVOICES])


def bought(user: str, item: str, at: datetime, quantity: int, invoice: str = "536365") -> Row:
    """An invoice line; of a cancellation when the quantity is negative."""
    return {
        "InvoiceNo": invoice if quantity > 0 else "C" + invoice,
        "StockCode": item,
        "Description": f"THING {item}",
        "Quantity": quantity,
        "InvoiceDate": at,
        "UnitPrice": "1.5",
        "CustomerID": f"{user}.0",
        "Country": "United Kingdom",
    }


def left(shop: Shop, number: int) -> dict[tuple[str, str, datetime], float]:
    """Value that is left of each purchase, as a night sees it."""
    return {(user, item, at): value for user, item, at, value in shop.counted(number)}


def counts(shop: Shop, number: int) -> tuple[int, ...]:
    """Cancellations as (all, wholly matched, partly, not at all), and the quantity that found nothing."""
    columns = "n_cancellations, n_matched, n_partly, n_unmatched, unmatched_quantity"
    return shop.clean("cancellation_counts", number, columns)[0]


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


def test_an_equal_cancellation_is_a_duplicate(shop):
    cancelled = bought("1", "10001", day(20), -1)
    shop.land("lines-1.csv", [bought("1", "10001", day(19), 5), cancelled, cancelled], day(20, 13))
    shop.land("lines-2.csv", [cancelled, bought("1", "10001", day(20, 13), -1, "999")], day(21, 13))
    shop.build(21)
    assert counts(shop, 21) == (2, 2, 0, 0, 0.0)
    assert left(shop, 21) == {("1", "10001", day(19)): 4.5}


@pytest.mark.parametrize("seed", range(4))
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
