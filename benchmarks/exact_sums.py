"""What reproducible sums cost: exact_sum (decimal) against a plain sum of doubles, grouped, in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.timing import compare

if TYPE_CHECKING:
    from collections.abc import Iterator

N_ROWS, N_GROUPS = 5_000_000, 500_000


def run() -> Iterator[str]:
    """Compare the two on rows of (group, double)."""
    import duckdb

    from recsys_assets.storage.lake.session import MACROS

    con = duckdb.connect()
    for macro in MACROS:
        con.execute(macro)
    con.execute(
        "create table rows as select (i * 7919) % $1 as g, 1 / (1 + i % 365 / 30.0) as x from range($2) as t(i)",
        [N_GROUPS, N_ROWS],
    )

    def total(function: str) -> object:
        return con.execute(f"select max(s) from (select {function}(x) as s from rows group by g)").fetchall()

    yield f"{N_ROWS:,} rows, {N_GROUPS:,} groups: " + compare(
        ("exact_sum", "sum"), lambda: total("exact_sum"), lambda: total("sum")
    )
