"""What every asset shares: its partitions, its dependencies out of what it reads, and what it reports.

What belongs here: nothing about any one table. An asset opens a snapshot, calls one function or one SQL file,
writes one table, and returns what `report` makes of it.
"""

import re
import resource
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster import (
    AssetDep,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DataVersion,
    MaterializeResult,
    MetadataValue,
    asset,
)

from recsys_assets.assets.columns import column_metadata, column_schema
from recsys_assets.assets.partitions import graded_partition, profile_partitions
from recsys_assets.nights import Night
from recsys_assets.profile import Profile
from recsys_assets.selects.files import SQL_FOLDER, Select, TableName, load_select, table_files
from recsys_assets.selects.resolve import resolve
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.lake.writer import Written

OWNERS = ["team:recommendations"]
N_SAMPLE_ROWS = 5


@dataclass
class Usage:
    """What a step cost."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Of all threads; beside ``seconds`` it tells how far a step is parallel, or how busy the machine was."""
    peak_mb: float = 0.0
    """Highest resident memory of the process during the step, in MB (10**6 bytes)."""


@contextmanager
def measured() -> Iterator[Usage]:
    """Time a block and watch the process's peak memory (on Linux of this block, elsewhere of the process so far)."""
    usage, started, cpu_started = Usage(), time.perf_counter(), time.process_time()
    reset = Path("/proc/self/clear_refs")
    if reset.exists():
        reset.write_text("5")
    try:
        yield usage
    finally:
        usage.seconds = time.perf_counter() - started
        usage.cpu_seconds = time.process_time() - cpu_started
        usage.peak_mb = _peak_bytes() / 1e6


def _peak_bytes() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def night_of(context: AssetExecutionContext) -> Night:
    """Night the run builds."""
    return Night.fromisoformat(context.partition_key)


def dependencies(profile: Profile, reads: Iterable[TableName], output: str = "") -> list[AssetDep]:
    """Asset dependencies of a step out of the tables it names.

    A table in ``graded`` is a dependency on the partition of the graded night; ``past`` and ``before`` need nothing but
    what the same night's partition already brings. A table's own earlier nights are no dependency.
    """
    deps: dict[str, AssetDep] = {}
    for name, tables in resolve(reads, profile.algorithms).items():
        mapping = graded_partition(profile.horizon) if name.catalog == "graded" else None
        for table in tables:
            if table != output:
                deps[table] = AssetDep(AssetKey(table.split(".")), partition_mapping=mapping)
    return [deps[table] for table in sorted(deps)]


def report(written: Written, usage: Usage, extra: Mapping[str, Any] | None = None) -> MaterializeResult[None]:
    """Result of a step, with what every asset reports; ``extra`` stands first, and in place of what it names."""
    partition, first = written.partition, dict(extra or {})
    return MaterializeResult(
        asset_key=AssetKey(partition.table.split(".")),
        data_version=DataVersion(partition.fingerprint),
        metadata=first | table_metadata(written) | cost_metadata(usage) | first,
    )


def table_metadata(written: Written) -> dict[str, Any]:
    """Rows, column schema, watermark, fingerprint, file and a few rows of a table just written."""
    return {
        "dagster/row_count": written.rows,
        "dagster/column_schema": column_schema(written),
        "sample": MetadataValue.md(markdown_table(written.sample)),
        "watermark": str(written.watermark or "no event yet"),
        "fingerprint": written.partition.fingerprint,
        "file": MetadataValue.path(str(written.partition.path)),
        "inputs": written.n_inputs,
    }


def cost_metadata(usage: Usage) -> dict[str, Any]:
    """Seconds and peak memory of a step."""
    return {
        "seconds": round(usage.seconds, 3),
        "cpu_seconds": round(usage.cpu_seconds, 3),
        "peak_memory_mb": round(usage.peak_mb, 1),
    }


def markdown_table(rows: list[dict[str, Any]]) -> str:
    """Rows as a Markdown table, for the UI."""
    if not rows:
        return "no rows"
    head = list(rows[0])
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(_cell(row[name]) for name in head) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    """One value on one line: floats to six digits, and nothing in a delivered text is taken for Markdown."""
    text = f"{value:.6g}" if isinstance(value, float) else "null" if value is None else str(value)
    return re.sub(r"([\\`*<\[|])", r"\\\1", " ".join(text.split()))


def sql_asset(profile: Profile, table: str, select: Select, group: str) -> AssetsDefinition:
    """Asset of one SQL file: its table, dependencies, description and code version come from the file."""
    lake = Lake(profile)

    @asset(
        key=table.split("."),
        deps=dependencies(profile, select.reads, table),
        partitions_def=profile_partitions(profile),
        group_name=group,
        kinds={"duckdb", "sql"},
        owners=OWNERS,
        description=f"{select.description}\n\n`{select.path.relative_to(SQL_FOLDER)}`",
        code_version=select.code_version,
        metadata={"columns": ", ".join(select.columns), "key": ", ".join(select.key)},
    )
    def build(context: AssetExecutionContext) -> MaterializeResult[None]:
        night = night_of(context)
        with measured() as usage, lake.as_of(night, select.reads, table, context.run.run_id) as snapshot:
            written = snapshot.write(select.text, select.key, select.code_version)
            columns = column_metadata(written, snapshot, select)
        return report(written, usage, columns)

    return build


def sql_assets(profile: Profile, folder: str, group: str) -> list[AssetsDefinition]:
    """Assets of every SQL file in a folder below ``sql/`` or of the source's own: tables of the schema of that name."""
    return [
        sql_asset(profile, f"{folder}.{name}", load_select(path), group)
        for name, path in table_files(folder, profile.source).items()
    ]
