"""A shop that delivers the invoices of Online Retail, and what its nights see of them."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from recsys_assets.profile import Delivery
from recsys_assets.selects.files import TableName
from tests.helpers.shop import Row, Shop, night

INVOICES = Delivery(table="lines", files="lines*")


def open_shop(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Shop:
    """A shop with nothing in it."""
    return Shop(folder, monkeypatch, source="online_retail", deliveries=[INVOICES], **settings)


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


def seen(shop: Shop, number: int) -> dict[str, tuple[str, float]]:
    """Description and price of each item as a night sees them."""
    with shop.lake.as_of(night(number), [TableName("clean", "items")]) as snapshot:
        rows = snapshot.table("select item_id, title, price from clean.items").to_pylist()
    return {row["item_id"]: (row["title"], row["price"]) for row in rows}
