"""Running checks: the failing rows of a table's checks counted in few scans, and kept where asked.

What belongs here: what comes out of checks, whoever asks: Dagster (`checks.asset_checks`) or the command line.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from recsys_assets.checks.located_yaml import CheckError
from recsys_assets.checks.relations import opened_landing, show_relations
from recsys_assets.storage.landing.database import Landing
from recsys_assets.threads import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from recsys_assets.checks.declared import Check
    from recsys_assets.checks.relations import Relations
    from recsys_assets.nights import Night
    from recsys_assets.storage.lake.lake import Lake

N_SHOWN_ROWS = 5


@dataclass(frozen=True)
class Outcome:
    """What a check found."""

    failures: int
    rows: int
    """Rows looked at."""
    first_failing: list[dict[str, Any]]
    """The first failing rows, in order of all their columns."""
    verdict: Literal["pass", "warn", "error"]
    seconds: float = 0.0
    """Time it took; checks that share a scan share its time."""
    stored: str | None = None
    """Table and file with all failing rows, where asked."""


def check_tables(lake: Lake, checks: list[Check], night: Night | None) -> Iterator[tuple[Check, Outcome]]:
    """Run checks, those of a table one after the other, all in one snapshot of the night; raw tables have no night.

    Raises
    ------
    NotBuilt
        When a table they read has no partition of the night.
    RecsysError
        When the snapshot refuses to open: a file is damaged or of another night, or rests on later events.
    CheckError
        When the SQL of one cannot be run; names it.
    """
    by_table = {table: list(some) for table, some in groupby(checks, key=lambda check: check.table)}
    for table in [table for table in by_table if table.startswith("raw.")]:
        with opened_landing(Landing(lake.profile), table) as landed:
            yield from run_checks(landed, by_table.pop(table), lake, night)
    if by_table:
        assert night is not None, "only raw tables have no night"
        with lake.as_of(
            night, {name for some in by_table.values() for check in some for name in check.reads}
        ) as snapshot:
            for table, some in by_table.items():
                show_relations(snapshot, table, "\n".join(f"{check.sql} {check.rows}" for check in some))
                yield from run_checks(snapshot, some, lake, night)


def run_checks(
    relations: Relations, checks: list[Check], lake: Lake | None = None, night: Night | None = None
) -> Iterator[tuple[Check, Outcome]]:
    """Run checks; the failing rows are only fetched where there are any, or all are to be kept in ``lake``."""
    counted = _counts(relations, checks)
    for check in checks:
        failures, rows, seconds = counted[check.name]
        first, stored = [], None
        if failures:
            query = f"select * from (\n{check.sql}\n) order by all limit {N_SHOWN_ROWS}"
            first = _ask(relations, query, check.values).to_pylist()
        if check.config.store_failures and lake is not None and night is not None:
            stored = _store(relations, check, lake, night)
        yield check, Outcome(failures, rows, first, check.config.verdict(failures), seconds, stored)


def _counts(relations: Relations, checks: list[Check]) -> dict[str, tuple[int, int, float]]:
    """Failing rows, rows looked at and seconds of each check. Checks that ask each row by itself share a scan.

    Several queries at once, each with its own connection to the relations.
    """
    looked_at = dict.fromkeys(check.rows for check in checks)
    scans = [[c for c in checks if c.rows == rows and c.condition is not None] for rows in looked_at]
    alone = [check for check in checks if check.condition is None]
    work = [partial(_one_scan, relations, *scan) for scan in zip(looked_at, scans, strict=True)]
    work += [partial(_row, relations, f"select count(*) as n from (\n{c.sql}\n)", c.values, [c]) for c in alone]
    counted = in_order(_timed, work)
    figures: dict[str, tuple[int, int, float]] = {}
    rows: dict[str, int] = {}
    for name, scan in zip(looked_at, scans, strict=True):
        counts, seconds = next(counted)
        rows[name] = counts.pop("n_rows")
        for check, failures in zip(scan, counts.values(), strict=True):
            limit = check.config.limit
            figures[check.name] = min(failures, limit or failures), rows[name], seconds / len(scan)
    for check, (counts, seconds) in zip(alone, counted, strict=True):
        figures[check.name] = counts["n"], rows[check.rows], seconds
    return figures


def _timed(work: Callable[[], dict[str, int]]) -> tuple[dict[str, int], float]:
    """What a query counted, and the seconds it took."""
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def _one_scan(relations: Relations, looked_at: str, checks: list[Check]) -> dict[str, int]:
    """Rows, and failing rows of each check, in order."""
    counts, values = ["count(*) as n_rows"], {}
    for place, check in enumerate(checks):
        condition = check.condition or ""
        for name, value in check.values.items():
            condition = re.sub(rf"\${name}\b", f"$c{place}_{name}", condition)
            values[f"c{place}_{name}"] = value
        counts.append(f"count(*) filter (where {condition}) as c{place}")
    return _row(relations, f"select {', '.join(counts)} from {looked_at} as looked_at", values, checks)


def _row(relations: Relations, query: str, values: dict[str, Any], checks: list[Check]) -> dict[str, int]:
    import duckdb

    try:
        rows: list[dict[str, int]] = _ask(relations, query, values).to_pylist()
        return rows[0]
    except duckdb.Error as error:
        for check in checks if len(checks) > 1 else []:
            _row(relations, f"select count(*) as n from (\n{check.sql}\n)", check.values, [check])
        named = f"{checks[0].table}: check {checks[0].name}" if len(checks) == 1 else "a check's rows"
        raise CheckError(f"{named} cannot be run: {error}") from error


def _ask(relations: Relations, query: str, values: dict[str, Any]) -> pa.Table:
    with relations.cursor() as con:
        return con.sql(query, params=values or None).to_arrow_table()


def _store(relations: Relations, check: Check, lake: Lake, night: Night) -> str:
    """Write all failing rows, or that there are none, as a partition of the check's own table."""
    table = f"check_failures.{check.table.replace('.', '__')}__{check.name}"
    failing = _ask(relations, f"select * from (\n{check.sql}\n) order by all", check.values)
    with lake.as_of(night, [], table) as snapshot:
        snapshot.add("made.failures", failing)
        written = snapshot.write(
            "select (row_number() over ())::integer as failure, * from made.failures order by failure", ("failure",)
        )
    return f"{table}, night {night}: {written.partition.path}"
