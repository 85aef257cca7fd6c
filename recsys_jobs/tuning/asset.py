"""Tuning as an asset, the job that materializes it, and its schedule where a profile asks for one.

What belongs here: Dagster's side of `tuning.tune`. It is no part of ``nightly``, waits for no night and holds none up:
what it writes is for nights after the one it is made at.
"""

from collections.abc import Iterator  # Dagster resolves annotations when it loads.
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetsDefinition,
    AssetSpec,
    DefaultScheduleStatus,
    Field,
    MaterializeResult,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    multi_asset,
    schedule,
)

from recsys_assets.assets.factory import OWNERS, dependencies, night_of
from recsys_assets.assets.keys import asset_key
from recsys_assets.assets.metadata import as_metadata
from recsys_assets.assets.night_partitions import profile_partitions
from recsys_assets.assets.pages import markdown_table, picture
from recsys_assets.assets.training import reads
from recsys_assets.profile import Profile
from recsys_assets.selects.tuning_contracts import TRIALS, TUNED
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.tuning_settings import seconds_of
from recsys_jobs.tuning.folds import RELEVANT

TUNE = "tune"
OP = "models__tuned_settings"
"""Name of its step in a run."""
GROUP = "tuning"
AN_HOUR = 3600.0
_DESCRIPTIONS = {
    TUNED: "What studies of settings chose at a night, and what that gains on a night that they did not see. "
    "Nights after it use what was better there; what the profile writes by hand stands. Made by the job `tune` and by "
    "`recsys tune`, never by a night.",
    TRIALS: "Every trial of those studies: the settings that were tried, and how many times as good as those before.",
}


def tuning_asset(profile: Profile) -> AssetsDefinition:
    """The two tables that studies write, as one step."""
    asked = profile.tuning
    budget = asked.budget or (None if asked.trials else f"{AN_HOUR:.0f}s")
    specs = [
        AssetSpec(
            asset_key(profile, table),
            deps=dependencies(profile, {*RELEVANT.reads, *reads(frozenset())}),
            partitions_def=profile_partitions(profile),
            group_name=GROUP,
            kinds={"python", "parquet"},
            owners=OWNERS,
            description=description,
        )
        for table, description in _DESCRIPTIONS.items()
    ]
    told = "An empty one means all that can be tuned."
    config = {
        "algorithms": Field([str], default_value=asked.algorithms, description=f"Algorithms. {told}"),
        "trials": Field(int, default_value=asked.trials or 0, description="Trials of each; 0: until the budget ends."),
        "budget": Field(str, default_value=budget or "", description="Time for all of them, 10m or 2h; empty: no end."),
    }

    @multi_asset(name=OP, specs=specs, config_schema=config)
    def tuned_settings(context: AssetExecutionContext) -> Iterator[MaterializeResult[None]]:
        from recsys_jobs.tuning.tuning import tunable, tune  # They load what algorithms need.

        given: dict[str, Any] = context.op_execution_context.op_config
        done = tune(
            profile,
            night_of(context),
            given["algorithms"] or list(tunable(profile)),
            lambda name, n, best: context.log.info(f"{name}: {n} trials, best {best - 1:+.1%}"),
            n_trials=given["trials"] or None,
            seconds=seconds_of(given["budget"]) if given["budget"] else None,
            run_id=context.run.run_id,
        )
        gains = [
            {"algorithm": each.algorithm, **vars(gain), "is_adopted": each.is_adopted}
            for each in done
            for gain in each.gains
        ]
        drawn = {f"NDCG over {each.algorithm}": picture(each.drawn(), f"trials of {each.algorithm}") for each in done}
        for table, told in ((TUNED, {"Gains": markdown_table(gains)}), (TRIALS, drawn)):
            yield MaterializeResult(asset_key=asset_key(profile, table), metadata=as_metadata(told))

    return tuned_settings


def tuning_schedules(profile: Profile, job: str) -> list[ScheduleDefinition]:
    """The schedule of the profile's setting; none where it names none.

    Parameters
    ----------
    job
        Name of the job that tunes a night.
    """
    if profile.tuning.schedule is None:
        return []

    @schedule(
        name="tuning",
        cron_schedule=profile.tuning.schedule,
        job_name=job,
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING,
        description="Tunes the newest built night; nights after it use what it learns.",
    )
    def tuning(context: ScheduleEvaluationContext) -> RunRequest | SkipReason:
        built = Lake(profile).built_nights()
        if not built:
            return SkipReason(f"No night of profile {profile.name} is built yet.")
        return RunRequest(run_key=f"tune {built[-1]}", partition_key=built[-1].isoformat())

    return [tuning]
