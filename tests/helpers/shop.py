"""A tiny shop: a profile over Complete Journey's raw columns, its files, and short ways to land and build them."""

import csv
import gzip
import io
import json
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recsys_assets.assets.clean_log import TABLES, write_night
from recsys_assets.nights import close
from recsys_assets.profile import Delivery, Profile
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing
from recsys_assets.storage.landing.ledger import Kind, Landed

FIRST = date(2017, 10, 20)
PRODUCTS, DEMOGRAPHICS, TRANSACTIONS = DELIVERIES = [
    Delivery(table="products", files="products*"),
    Delivery(table="demographics", files="demographics*"),
    Delivery(table="transactions", files="transactions*"),
]
COLUMNS = {
    "products": "product_id manufacturer_id department brand product_category product_type package_size",
    "demographics": "household_id age income home_ownership marital_status household_size household_comp kids_count",
    "transactions": "household_id store_id basket_id product_id quantity sales_value transaction_timestamp",
}
Row = dict[str, Any]


def day(number: int, hour: int = 12, minute: int = 0) -> datetime:
    """An instant in October 2017."""
    return datetime(2017, 10, number, hour, minute)


def night(number: int) -> date:
    """A night in October 2017."""
    return date(2017, 10, number)


def line(user: Any, item: Any, at: Any, quantity: Any = 1, value: Any = "2.5", basket: Any = 7) -> Row:
    """A purchase line as delivered."""
    values = (user, 31, basket, item, quantity, value, at)
    return dict(zip(COLUMNS["transactions"].split(), values, strict=True))


def product(item: Any, brand: str = "National", department: str = "GROCERY") -> Row:
    """A product as delivered."""
    values = (item, 2, department, brand, "SOUP", "CANNED", "10 OZ")
    return dict(zip(COLUMNS["products"].split(), values, strict=True))


def household(user: Any, age: str = "35-44") -> Row:
    """A household's demographics as delivered."""
    values = (user, age, "50-74K", "Homeowner", "Married", "2", "2 Adults", "0")
    return dict(zip(COLUMNS["demographics"].split(), values, strict=True))


class Shop:
    """One deployment in a folder of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
        monkeypatch.setenv("RECSYS_DATA", str(folder / "data"))
        defaults = {
            "name": "shop",
            "source": "complete_journey",
            "deliveries": DELIVERIES,
            "first_night": FIRST,
            "algorithms": {"popularity": {}},
        }
        self.profile = Profile(**(defaults | settings))
        self.inbox = folder / "inbox"
        self.inbox.mkdir(parents=True, exist_ok=True)
        self.lake, self.landing = Lake(self.profile), Landing(self.profile)

    def write(self, name: str, rows: Sequence[Row] | str | bytes) -> Path:
        """Write a file whose format its name tells; text and bytes are written as they are."""
        path = self.inbox / name
        path.write_bytes(
            rows if isinstance(rows, bytes) else rows.encode() if isinstance(rows, str) else encode(name, rows)
        )
        return path

    def land(
        self,
        name: str,
        rows: Sequence[Row] | str | bytes,
        arrived_at: datetime | None = None,
        kind: Kind = "arrival",
        **options: Any,
    ) -> Landed:
        """Write a file and land it; its raw table is the one its name begins with."""
        path = self.write(name, rows)
        (delivery,) = [d for d in self.profile.deliveries if name.startswith(d.table)]
        return self.landing.land(path, delivery, kind, lake=self.lake, arrived_at=arrived_at, **options)

    def build(self, number: int) -> None:
        """Seal up to a night in October and write the clean tables of each night that has none."""
        last = night(number)
        for n in self.landing.seal(last, now=close(last, self.profile.grace)):
            if n == last or any(self.lake.partition(f"clean.{table}", n) is None for table in TABLES):
                write_night(self.lake, self.landing, n, "run")

    def fingerprints(self) -> dict[tuple[str, date], str]:
        """Fingerprint of every clean partition that is current."""
        partitions = [p for table in TABLES for p in self.lake.partitions(f"clean.{table}")]
        return {(p.table, p.night): p.fingerprint for p in partitions}

    def clean(self, table: str, number: int, columns: str = "*") -> list[tuple[Any, ...]]:
        """Rows of one night's own clean partition, in its order."""
        partition = self.lake.partition(f"clean.{table}", night(number))
        assert partition is not None, f"night {number} has no {table}"
        return duckdb.sql(
            f"select {columns} from read_parquet('{partition.path}', hive_partitioning = false)"
        ).fetchall()

    def events(self, number: int) -> list[tuple[Any, ...]]:
        """The events that became visible with one night as (user, item, time, value), ids as delivered."""
        users, items = self.ids("user", number), self.ids("item", number)
        rows = self.clean("events", number, "user_key, item_key, event_ts, value")
        return sorted((users[user], items[item], at, value) for user, item, at, value in rows)

    def ids(self, kind: str, number: int) -> dict[int, str]:
        """Ids as delivered by key, of all users or items known to a night."""
        nights = [p.night.day for p in self.lake.partitions(f"clean.{kind}_keys", night(number))]
        return {key: text for n in nights for key, text in self.clean(f"{kind}_keys", n, f"{kind}_key, {kind}_id")}

    def counted(self, number: int) -> list[tuple[Any, ...]]:
        """What `clean.interactions` shows to a night as (user, item, time, value): events less retractions."""
        from recsys_assets.selects.files import TableName

        users, items = self.ids("user", number), self.ids("item", number)
        with self.lake.as_of(night(number), [TableName("clean", "interactions")]) as snapshot:
            visible = snapshot.table("select user_key, item_key, event_ts, value from clean.interactions").to_pylist()
        return sorted((users[r["user_key"]], items[r["item_key"]], r["event_ts"], r["value"]) for r in visible)

    def query(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query over the landing database."""
        with self.landing.open() as con:
            return con.execute(query).fetchall()

    def ledger(self) -> list[Row]:
        """Lines of the ledger of files."""
        return self.landing.files().to_pylist()

    def rejects(self) -> list[tuple[str, int, str, str, str]]:
        """Rejects as (file, row, column, reason, row as delivered)."""
        return self.query(
            "select name, row_number, column_name, reason, delivered from landing.ledger.rejects "
            "inner join landing.ledger.files using (file_id) order by file_id, row_number"
        )


def encode(name: str, rows: Sequence[Row]) -> bytes:
    """Bytes of a file in the format its name tells."""
    kind = name.removesuffix(".gz").rpartition(".")[2]
    if kind == "parquet":
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(list(rows)), sink)
        return sink.getvalue()
    if kind == "jsonl":
        content = "".join(json.dumps(row, default=str) + "\n" for row in rows)
    else:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), delimiter="\t" if kind == "tsv" else ",", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        content = text.getvalue()
    return gzip.compress(content.encode(), mtime=0) if name.endswith(".gz") else content.encode()


def stocked(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Shop:
    """A shop whose product table has landed, with two soups."""
    opened = Shop(folder, monkeypatch, **settings)
    opened.land("products.csv", [product("p1"), product("p2")], day(1))
    return opened
