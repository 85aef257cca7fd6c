"""Declared checks as Dagster's: one step per table, one snapshot per step.

What belongs here: running checks in a snapshot and telling Dagster what came out.
"""

import warnings
from collections.abc import Iterable, Iterator  # Dagster resolves annotations when it loads
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetKey,
    MetadataValue,
    PreviewWarning,
    TableRecord,
    multi_asset_check,
)

from recsys_assets.checks.declared import CHECKS_FOLDER, Check, load_checks
from recsys_assets.checks.tables import Tables
from recsys_assets.nights import Night, partitions
from recsys_assets.profile import Profile
from recsys_assets.storage.lake import Lake
from recsys_assets.storage.snapshot import Snapshot

N_SHOWN_ROWS = 5


@dataclass(frozen=True)
class Outcome:
    """What a check found."""

    failures: int
    rows: int
    """Rows looked at."""
    first_failing: list[dict[str, Any]]
    """The first failing rows, in order of all their columns."""


def declared_checks(profile: Profile, folder: Path = CHECKS_FOLDER) -> list[AssetChecksDefinition]:
    """Every declared check, as one step per table.

    Raises
    ------
    CheckError
        When anything is declared wrongly; one line per problem, each with file and line.
    """
    by_table = groupby(load_checks(profile, folder), key=lambda check: check.table)
    return [_checks_of(profile, table, list(checks)) for table, checks in by_table]


def run_checks(snapshot: Snapshot, checks: Iterable[Check]) -> Iterator[tuple[Check, Outcome]]:
    """Run checks one after the other in one snapshot; the failing rows are only fetched where there are any."""
    looked_at: dict[str, int] = {}
    for check in checks:
        if check.rows not in looked_at:
            looked_at[check.rows] = snapshot.row(f"select count(*) from {check.rows}")[0]
        counted = snapshot.table(f"select count(*) as n from (\n{check.sql}\n)", check.values).to_pylist()
        failures, first = counted[0]["n"], []
        if failures:
            query = f"select * from (\n{check.sql}\n) order by all limit {N_SHOWN_ROWS}"
            first = snapshot.table(query, check.values).to_pylist()
        yield check, Outcome(failures, looked_at[check.rows], first)


def _checks_of(profile: Profile, table: str, checks: list[Check]) -> AssetChecksDefinition:
    lake, tables = Lake(profile), Tables(profile)

    @multi_asset_check(
        name=f"{table.replace('.', '__')}__checks",
        specs=[_spec(profile, tables, check) for check in checks],
        description=f"The checks that dbt_like_checks/ declares for {table}, in one snapshot.",
        compute_kind="duckdb",
        can_subset=True,
    )
    def run(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        night = Night.fromisoformat(context.partition_key)
        wanted = {key.name for key in context.selected_asset_check_keys}
        selected = [check for check in checks if check.name in wanted]
        reads = {name for check in selected for name in check.reads}
        with lake.as_of(night, reads) as snapshot:
            for check, outcome in run_checks(snapshot, selected):
                yield _result(check, outcome)

    return run


def _spec(profile: Profile, tables: Tables, check: Check) -> AssetCheckSpec:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PreviewWarning)  # partitions of checks
        return AssetCheckSpec(
            check.name,
            asset=check.table.split("."),
            description=check.description,
            additional_deps=[AssetKey(other.split(".")) for other in tables.needed(check.reads, check.table)],
            blocking=check.config.severity == "error",
            partitions_def=partitions(profile.first_night, profile.last_night),
        )


def _result(check: Check, outcome: Outcome) -> AssetCheckResult:
    severity = AssetCheckSeverity.ERROR if check.config.severity == "error" else AssetCheckSeverity.WARN
    metadata: dict[str, Any] = {
        "failures": outcome.failures,
        "rows_looked_at": outcome.rows,
        "compiled_sql": MetadataValue.md(f"```sql\n{check.sql.strip()}\n```"),
    }
    if check.values:
        metadata["values"] = MetadataValue.json(check.values)
    if outcome.failures:
        rows = [TableRecord({name: _shown(value) for name, value in row.items()}) for row in outcome.first_failing]
        metadata["first_failing_rows"] = MetadataValue.table(rows)
    return AssetCheckResult(
        passed=not outcome.failures,
        asset_key=AssetKey(check.table.split(".")),
        check_name=check.name,
        severity=severity,
        description=f"{outcome.failures} failing row(s); {outcome.rows} rows looked at",
        metadata=metadata,
    )


def _shown(value: Any) -> str | int | float | bool | None:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
