"""What each algorithm cost at a night: what its steps reported to Dagster, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recsys_jobs.run import dagster_instance

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile


@dataclass(frozen=True)
class StepCost:
    """What one step took, measured by itself when it last ran for the night."""

    seconds: float
    cpu_seconds: float
    """Of all threads of the process."""
    peak_memory_mb: float
    """Of the whole process up to the step's end, in MB of a million bytes: what it had before counts, too."""


@dataclass(frozen=True)
class AlgorithmCost:
    """What one model and its lists cost at a night."""

    algorithm: str
    fit: StepCost | None
    """None: the night did not fit it."""
    lists: StepCost | None
    """None: the night did not make its lists."""
    model_bytes: int
    """Size of the model on disk; 0 where it was not fitted."""

    @property
    def seconds(self) -> float:
        """Of both steps."""
        return sum(step.seconds for step in (self.fit, self.lists) if step)

    @property
    def cpu_seconds(self) -> float:
        """Of both steps."""
        return sum(step.cpu_seconds for step in (self.fit, self.lists) if step)

    @property
    def peak_memory_mb(self) -> float:
        """The greater of both steps."""
        return max((step.peak_memory_mb for step in (self.fit, self.lists) if step), default=0.0)


def algorithm_costs(profile: Profile, night: Night) -> list[AlgorithmCost]:
    """What every model and its lists cost at a night, the longest first; empty where Dagster has no record of it."""
    rows = []
    with dagster_instance() as instance:
        for name in sorted(profile.models):
            fit, lists = (_reported(profile, instance, stage, name, night) for stage in ("models", "candidates"))
            if fit or lists:
                rows.append(AlgorithmCost(name, _step(fit), _step(lists), int(fit.get("bytes", 0))))
    return sorted(rows, key=lambda row: -row.seconds)


def _step(reported: dict[str, Any]) -> StepCost | None:
    if not reported:
        return None
    return StepCost(reported["seconds"], reported["cpu_seconds"], reported["peak_memory_mb"])


def _reported(profile: Profile, instance: DagsterInstance, stage: str, name: str, night: Night) -> dict[str, Any]:
    """Metadata of an asset's latest materialization for the night; empty where there is none."""
    from dagster import AssetRecordsFilter

    from recsys_assets.assets.keys import asset_key  # It loads Dagster.

    latest = AssetRecordsFilter(asset_key(profile, f"{stage}.{name}"), asset_partitions=[night.isoformat()])
    for record in instance.fetch_materializations(latest, limit=1).records:
        materialization = record.asset_materialization
        return {} if materialization is None else {key: value.value for key, value in materialization.metadata.items()}
    return {}
