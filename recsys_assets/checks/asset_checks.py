"""Declared checks as Dagster's: one step and one snapshot per table or per kind of table.

What belongs here: running checks in a snapshot and telling Dagster what came out.
"""

import warnings
from collections.abc import Iterator, Sequence  # Dagster resolves annotations when it loads.
from itertools import groupby
from typing import Any

from dagster import (
    AssetCheckExecutionContext,
    AssetCheckKey,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetCheckSpec,
    MetadataValue,
    PreviewWarning,
    TableRecord,
    multi_asset_check,
)

from recsys_assets.assets.keys import asset_key
from recsys_assets.assets.night_partitions import profile_partitions
from recsys_assets.checks.declared import Check
from recsys_assets.checks.running import Outcome, check_tables
from recsys_assets.checks.tables import Tables
from recsys_assets.nights import Night
from recsys_assets.profile import Profile
from recsys_assets.storage.check_outcomes import note_outcomes
from recsys_assets.storage.lake.lake import Lake

TOGETHER = frozenset({"raw", "clean", "features", "models", "candidates"})
"""Schemas whose checks share steps, as few as the order of their tables allows (Dagster parts them by it): a step costs
more than the checks of a small table do. An error among them stops what lies below any table of its step."""


def declared_checks(profile: Profile, checks: Sequence[Check]) -> list[AssetChecksDefinition]:
    """Declared checks as `load_checks` gives them, as one step per table; the tables of `TOGETHER` share one."""
    tables = Tables(profile)
    by_step = groupby(checks, key=_checked_together)
    return [_checks_of(profile, tables, name, list(together)) for name, together in by_step]


def _checked_together(check: Check) -> str:
    schema = check.table.partition(".")[0]
    return schema if schema in TOGETHER else check.table


def _checks_of(profile: Profile, tables: Tables, name: str, checks: list[Check]) -> AssetChecksDefinition:
    lake = Lake(profile)

    @multi_asset_check(
        name=f"{name.replace('.', '__')}__checks",
        specs=[_spec(profile, tables, check) for check in checks],
        description=f"The checks that dbt_like_checks/ declares for {name}, in one snapshot.",
        compute_kind="duckdb",
        can_subset=True,
    )
    def run(context: AssetCheckExecutionContext) -> Iterator[AssetCheckResult]:
        night = None if checks[0].table.startswith("raw.") else Night.fromisoformat(context.partition_key)
        chosen = [check for check in checks if key_of(profile, check) in context.selected_asset_check_keys]
        for check, outcome in check_tables(lake, chosen, night):
            # Landing holds what came after a night, too; a release made again is not told of the one before.
            if night is not None and not check.table.startswith("releases."):
                note_outcomes(profile, night, [_noted(check, outcome)])
            yield _result(profile, check, outcome)

    return run


def key_of(profile: Profile, check: Check) -> AssetCheckKey:
    """Dagster's key of a declared check."""
    return AssetCheckKey(asset_key(profile, check.table), check.name)


def _spec(profile: Profile, tables: Tables, check: Check) -> AssetCheckSpec:
    is_raw = check.table.startswith("raw.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PreviewWarning)  # Partitions of checks are a preview.
        return AssetCheckSpec(
            check.name,
            asset=asset_key(profile, check.table),
            description="\n\n".join(filter(None, [check.description, check.config.meta.remedy])),
            additional_deps=[asset_key(profile, other) for other in tables.needed(check.reads, check.table)],
            blocking=check.config.severity == "error",
            partitions_def=None if is_raw else profile_partitions(profile),
            metadata={"tags": ", ".join(check.config.tags)} if check.config.tags else None,
        )


def _result(profile: Profile, check: Check, outcome: Outcome) -> AssetCheckResult:
    metadata: dict[str, Any] = {
        "failures": outcome.failures,
        "rows_looked_at": outcome.rows,
        "threshold": check.config.threshold,
        "compiled_sql": MetadataValue.md(f"```sql\n{check.sql.strip()}\n```"),
    }
    if check.values:
        metadata["values"] = MetadataValue.json(check.values)
    if outcome.failures:
        rows = [TableRecord({name: _shown(value) for name, value in row.items()}) for row in outcome.first_failing]
        metadata["first_failing_rows"] = MetadataValue.table(rows)
    if outcome.stored:
        metadata["stored_failures"] = outcome.stored
    return AssetCheckResult(
        passed=outcome.verdict == "pass",
        asset_key=asset_key(profile, check.table),
        check_name=check.name,
        severity=AssetCheckSeverity.ERROR if outcome.verdict == "error" else AssetCheckSeverity.WARN,
        description=_sentence(check, outcome),
        metadata=metadata,
    )


def _noted(check: Check, outcome: Outcome) -> dict[str, Any]:
    """What the night's release tells of a check."""
    return {
        "table_name": check.table,
        "check_name": check.name,
        "outcome": outcome.verdict,
        "is_blocking": check.config.severity == "error",
        "n_failing": outcome.failures,
        "n_rows": outcome.rows,
        "threshold": check.config.threshold,
        "description": check.description,
        "remedy": check.config.meta.remedy,
    }


def _sentence(check: Check, outcome: Outcome) -> str:
    """What came out; where rows fail, what must hold and what to do."""
    counted = f"{outcome.failures:,} failing row(s) of {outcome.rows:,}."
    if outcome.verdict == "pass":
        return counted if outcome.rows else f"{counted} There is nothing to look at yet."
    return " ".join(filter(None, [counted, "What must hold:", check.description, check.config.meta.remedy]))


def _shown(value: Any) -> str | int | float | bool | None:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
