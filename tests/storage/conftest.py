"""A small deployment: a profile of its own in a temporary folder, and files of The Complete Journey's raw columns."""

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from recsys_assets.assets.clean_log import write_night
from recsys_assets.nights import close, nights_between
from recsys_assets.profile import Delivery, Profile
from recsys_assets.selects.files import TableName
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.landing.database import Landing

FIRST = date(2020, 3, 1)
PRODUCT = ("manufacturer_id", "department", "brand", "product_category", "product_type", "package_size")
HOUSEHOLD = ("age", "income", "home_ownership", "marital_status", "household_size", "household_comp", "kids_count")
TABLES = ("transactions", "products", "demographics")


class Shop:
    """One deployment and the files it is handed."""

    def __init__(self, folder: Path, **settings):
        given = {
            "name": "shop",
            "source": "complete_journey",
            "deliveries": [Delivery(table=name, files=f"{name}*") for name in TABLES],
            "first_night": FIRST,
            "horizon": 2,
            "algorithms": {"popularity": {}},
        }
        self.profile = Profile(**(given | settings))
        self.lake, self.landing = Lake(self.profile), Landing(self.profile)
        self.files = folder / "files"
        self.files.mkdir(exist_ok=True)

    def night(self, number: int) -> date:
        """The n-th of March 2020; the profile's first night is the first."""
        return date(2020, 3, 1) + timedelta(days=number - 1)

    def at(self, day: int, hour: float = 12) -> datetime:
        """An instant of the n-th of March 2020."""
        return datetime(2020, 3, 1) + timedelta(days=day - 1, hours=hour)

    def line(self, user, item, when: datetime, **columns) -> dict:
        """One purchase line."""
        line = {"household_id": user, "store_id": "1", "basket_id": "b", "product_id": item, "quantity": 1.0}
        return line | {"sales_value": 2.5, "transaction_timestamp": when} | columns

    def product(self, item, **columns) -> dict:
        """One product line."""
        return {"product_id": item} | dict.fromkeys(PRODUCT) | {"department": "FOOD"} | columns

    def household(self, user, **columns) -> dict:
        """One line of demographics."""
        return {"household_id": user} | dict.fromkeys(HOUSEHOLD) | columns

    def write(self, name: str, rows: list[dict] | str) -> Path:
        """Write a file in the format its name tells; a text is written as it is."""
        path = self.files / name
        if isinstance(rows, str):
            path.write_text(rows)
        elif name.endswith(".parquet"):
            pq.write_table(pa.Table.from_pylist(rows), path)
        elif name.endswith(".jsonl"):
            path.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows))
        else:
            with pa.CompressedOutputStream(path, "gzip") if name.endswith(".gz") else path.open("wb") as out:
                pyarrow.csv.write_csv(pa.Table.from_pylist(rows), out)
        return path

    def land(self, name: str, rows: list[dict] | str, *, arrived: datetime | None = None, **options):
        """Write and land a file: as history, or as an arrival at ``arrived``."""
        path, table = self.write(name, rows), next(table for table in TABLES if name.startswith(table))
        delivery = next(d for d in self.profile.deliveries if d.table == table)
        kind = "arrival" if arrived else "history"
        return self.landing.land(path, delivery, kind, lake=self.lake, arrived_at=arrived, **options)

    def stock(self, *items) -> None:
        """Land products as history, for purchases to look up."""
        self.land("products.parquet", [self.product(item) for item in items or ("p1",)])

    def build(self, number: int) -> None:
        """Seal up to a night and write the clean tables of every night that lacks them."""
        last = self.night(number)
        for night in self.landing.seal(last, now=close(last, self.profile.grace)):
            if any(self.lake.partition(f"clean.{table}", night) is None for table in ("events", "item_versions")):
                write_night(self.lake, self.landing, night, f"run of {night}")

    def fingerprints(self) -> dict[str, str]:
        """Fingerprint of every current partition."""
        return {f"{p.table} {p.night}": p.fingerprint for t in self.lake.tables() for p in self.lake.partitions(t)}

    def rows(self, table: str, number: int, columns: str = "*") -> list[tuple]:
        """Rows of one partition as they lie in its file."""
        partition = self.lake.partition(table, self.night(number))
        assert partition, f"{table} has no partition of {self.night(number)}"
        with duckdb.connect() as con:
            query = f"select {columns} from read_parquet($1, hive_partitioning = false)"
            return con.execute(query, [str(partition.path)]).fetchall()

    def seen(self, number: int, query: str) -> list[tuple]:
        """What a night's snapshot answers; it may read the clean log and its views, or those as ``graded.``."""
        tables = ("interactions", "items", "users", "events", "retractions")
        names = [TableName("clean", name, "graded" if "graded." in query else "") for name in tables]
        with self.lake.as_of(self.night(number), names) as snapshot:
            return snapshot.cursor().execute(query).fetchall()

    def ledger(self, query: str, *values) -> list[tuple]:
        """Rows of a query over the landing database."""
        with self.landing.open() as con:
            return con.execute(query, list(values)).fetchall()

    def visible(self, table: str = "transactions") -> list[date]:
        """Visible nights of a raw table's rows, in order of landing."""
        query = f"select landed_night from landing.raw.{table} order by landed_file, landed_row"
        return [night for (night,) in self.ledger(query)]

    def nights(self, first: int, last: int) -> list[date]:
        """Nights of March, both included."""
        return nights_between(self.night(first), self.night(last))


@pytest.fixture
def make_shop(tmp_path, monkeypatch) -> Callable[..., Shop]:
    """Shops with settings of one's choice, in this test's folder."""
    monkeypatch.setenv("RECSYS_DATA", str(tmp_path / "data"))
    return lambda **settings: Shop(tmp_path, **settings)


@pytest.fixture(scope="module")
def shared_shop(tmp_path_factory) -> Iterator[Shop]:
    """One shop for all tests of a file, which leave it as they find it."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("shop")
        patch.setenv("RECSYS_DATA", str(folder / "data"))
        yield Shop(folder)


@pytest.fixture
def shop(make_shop) -> Shop:
    return make_shop()
