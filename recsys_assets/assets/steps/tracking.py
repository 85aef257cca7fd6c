"""``tracking.mlflow``: MLflow is told what each night made, and never asked by one.

What belongs here: one MLflow run per model and night with settings, cutoffs and input fingerprints; the grades are
added to the run of the graded night once a later night gives them. What is served of each task is a registered model
(`assets.registered`).
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from recsys_assets.assets.registered import register
from recsys_assets.assets.step import Made, Step
from recsys_assets.nights import cutoff, graded_night
from recsys_assets.ranking.reranker import COMBINED
from recsys_assets.selects.files import TableName
from recsys_assets.storage.models import Models

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot
    from recsys_assets.storage.models import Model

MAX_METRICS = 1_000
"""Metrics that MLflow takes in one call."""
# Of known users alone: what unknown ones are served is no model's list.
_GRADES = "select algorithm, task, k, metric, mean from grades.summary where users = 'known' order by all"
_DECISIONS = "from recommendations.champions order by task, configuration"


def steps(profile: Profile) -> list[Step]:
    """One step for all algorithms; nothing reads what it writes."""
    return [
        Step(
            name="tracking.mlflow",
            description="MLflow's copy of what the night made: a run per model and night, with its grades once they "
            "come, and a registered model per task with the aliases champion and challenger. See it with `mlflow ui "
            "--backend-store-uri` and the address below.",
            make=partial(_track, profile),
            reads=(TableName("grades", "summary"), TableName("recommendations", "champions")),
            after=tuple(f"models.{name}" for name in sorted(profile.models)),
            kinds=("mlflow",),
        )
    ]


def _track(profile: Profile, snapshot: Snapshot) -> Made:
    client, experiment = _open(profile)
    for name in sorted(profile.models):
        _tell(client, experiment, Models(profile).get(name, snapshot.night))
    rows = snapshot.table(_GRADES).to_pylist()
    n_graded = _grade(client, experiment, graded_night(snapshot.night, profile.horizon), rows)
    decisions, served = snapshot.table(_DECISIONS).to_pylist(), dict[str, str]()
    for task in profile.tasks:
        decision = [row for row in decisions if row["task"] == task]
        run_of = partial(_run_behind, client, experiment, snapshot.night, task)
        for alias, configuration in register(client, profile, snapshot.night, task, decision, run_of).items():
            served[f"{alias} of {task}"] = configuration
    return Made(None, facts={"store": _store(profile), "runs graded": n_graded, **served})


def _store(profile: Profile) -> str:
    return f"sqlite:///{profile.folder / 'mlflow.db'}"


def _open(profile: Profile) -> tuple[MlflowClient, str]:
    import logging

    from mlflow.tracking import MlflowClient

    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    client = MlflowClient(tracking_uri=_store(profile))
    experiment = client.get_experiment_by_name(profile.name)
    if experiment is not None:
        return client, str(experiment.experiment_id)
    return client, str(client.create_experiment(profile.name, artifact_location=(profile.folder / "mlflow").as_uri()))


def _tell(client: MlflowClient, experiment: str, model: Model) -> None:
    """One run per model; telling the same model again changes nothing."""
    from mlflow.entities import Metric, Param

    if _run_of(client, experiment, model.algorithm, model.night, model.fingerprint):
        return
    about = model.provenance
    tags = {
        "algorithm": model.algorithm,
        "night": str(model.night),
        "fingerprint": model.fingerprint,
        "dagster_run": about.run_id,
    }
    for table, nights in about.inputs.items():
        newest = max(nights)
        tags[f"input.{table}"] = f"{len(nights)} nights, newest {newest} {nights[newest]}"
    run_id = client.create_run(experiment, run_name=f"{model.algorithm} {model.night}", tags=tags).info.run_id
    settings = {
        "cutoff": cutoff(model.night),
        "watermark": about.watermark and about.watermark.isoformat(),
        **(about.settings or {}),
    }
    params = [Param(name, str(value)) for name, value in settings.items()]
    client.log_batch(run_id, metrics=[Metric("bytes", model.bytes, _now(), 0)], params=params)
    client.set_terminated(run_id)


def _grade(client: MlflowClient, experiment: str, night: Night, rows: list[dict[str, Any]]) -> int:
    """Add grades to the graded night's runs; returns how many got some."""
    from mlflow.entities import Metric

    told: dict[str, list[Metric]] = {}
    for row in rows:
        name, part = row["algorithm"], row["task"]
        if name.startswith(COMBINED):  # One model of each task makes all of the reranker's rankings.
            name, part = f"{COMBINED}_{part}", name
        told.setdefault(name, []).append(Metric(f"{part}.{row['metric']}_at_{row['k']}", row["mean"], _now(), 0))
    graded = 0
    for name, metrics in sorted(told.items()):
        run_id = _run_of(client, experiment, name, night)
        if run_id:
            graded += 1
            for first in range(0, len(metrics), MAX_METRICS):
                client.log_batch(run_id, metrics=metrics[first : first + MAX_METRICS])
    return graded


def _run_behind(client: MlflowClient, experiment: str, night: Night, task: str, configuration: str) -> str | None:
    """Run of the model that makes a configuration's lists; the fusion has none."""
    is_reranked = configuration.startswith(COMBINED) or configuration == "blend"
    return _run_of(client, experiment, f"{COMBINED}_{task}" if is_reranked else configuration, night)


def _now() -> int:
    return int(time.time() * 1000)


def _run_of(client: MlflowClient, experiment: str, algorithm: str, night: Night, fingerprint: str = "") -> str | None:
    """Newest run told of an algorithm and night."""
    wanted = f"tags.algorithm = '{algorithm}' and tags.night = '{night}'"
    wanted += f" and tags.fingerprint = '{fingerprint}'" if fingerprint else ""
    runs = client.search_runs([experiment], wanted, max_results=1)
    return str(runs[0].info.run_id) if runs else None
