"""What each algorithm cost in a night: what its steps reported to Dagster, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from dagster import DagsterInstance
    from rich.console import Console

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

STAGES = ("models", "candidates")
_TIMES = ("seconds", "cpu_seconds")


def costs(console: Console, profile: Profile, night: Night) -> None:
    """Seconds, CPU seconds and peak memory of every model and its lists at a night, the longest first.

    Measured by the steps themselves when they last ran for the night. The memory is that of the whole process, so it
    holds what the process had before, too.
    """
    from recsys_jobs.run import dagster_instance

    with dagster_instance() as instance:
        found = {
            name: {stage: _reported(instance, stage, name, night) for stage in STAGES}
            for name in sorted(profile.models)
        }
    ran = {name: stages for name, stages in found.items() if any(stages.values())}
    if not ran:
        console.print(f"Dagster has no record of night {night} in this deployment: it was not built here.")
        return
    names = ("model", "fit: seconds", "CPU", "lists: seconds", "CPU", "peak MB", "model MB")
    shown = Table(*names, title=f"What the algorithms of night {night} cost")
    for name, stages in sorted(ran.items(), key=lambda row: -_sum(row[1], "seconds")):
        figures = [f"{stages[stage][of]:.1f}" if stages[stage] else "" for stage in STAGES for of in _TIMES]
        peak = max(stages[stage].get("peak_memory_mb", 0) for stage in STAGES)
        size = stages["models"].get("bytes", 0) / 1e6
        shown.add_row(name, *figures, f"{peak:,.0f}", f"{size:,.1f}")
    whole = {of: sum(_sum(stages, of) for stages in ran.values()) for of in _TIMES}
    console.print(shown)
    console.print(f"In all {whole['seconds']:.0f} s, {whole['cpu_seconds']:.0f} s of CPU.")


def _sum(stages: dict[str, dict[str, Any]], of: str) -> float:
    return float(sum(reported.get(of, 0.0) for reported in stages.values()))


def _reported(instance: DagsterInstance, stage: str, name: str, night: Night) -> dict[str, Any]:
    """Metadata of an asset's latest materialization for the night; empty where there is none."""
    from dagster import AssetKey, AssetRecordsFilter

    wanted = AssetRecordsFilter(AssetKey([stage, name]), asset_partitions=[night.isoformat()])
    for record in instance.fetch_materializations(wanted, limit=1).records:
        materialization = record.asset_materialization
        return {} if materialization is None else {key: value.value for key, value in materialization.metadata.items()}
    return {}
