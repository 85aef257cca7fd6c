"""From a step to an asset: its partitions, dependencies and group, the snapshot it works in, and what it reports.

What belongs here: what all assets of a night have in common, said once. What is particular to one is its `Step`.
"""

from collections.abc import Iterable
from typing import Any

from dagster import (
    AssetDep,
    AssetExecutionContext,
    AssetsDefinition,
    AssetSpec,
    DataVersion,
    FreshnessPolicy,
    MaterializeResult,
)

from recsys_assets.assets.code_version import code_of, keep, version_of
from recsys_assets.assets.columns import Lineages, column_metadata
from recsys_assets.assets.keys import asset_key
from recsys_assets.assets.making import opened, save
from recsys_assets.assets.metadata import as_metadata, model_metadata, table_metadata
from recsys_assets.assets.night_partitions import graded_partition, profile_partitions
from recsys_assets.assets.one_night import night_asset
from recsys_assets.assets.step import Fitted, Made, Step
from recsys_assets.assets.usage import cost_metadata, measured
from recsys_assets.nights import Night
from recsys_assets.profile import Profile
from recsys_assets.selects.contracts import OPTIONAL_TABLES
from recsys_assets.selects.files import Select, TableName
from recsys_assets.selects.resolve import resolve
from recsys_assets.selects.source import Source
from recsys_assets.selects.tuning_contracts import TUNED
from recsys_assets.storage.costs import note_cost
from recsys_assets.storage.lake.plan import GRADED
from recsys_assets.storage.lake.snapshot import Snapshot
from recsys_assets.storage.lake.writer import Written
from recsys_assets.storage.models import Model

OWNERS = ["team:recommendations"]


def night_of(context: AssetExecutionContext) -> Night:
    """Night the run builds."""
    return Night.fromisoformat(context.partition_key)


def dependencies(profile: Profile, reads: Iterable[TableName], output: str = "") -> list[AssetDep]:
    """Asset dependencies of a step out of the tables it names.

    A table in ``graded`` is a dependency on the partition of the graded night; ``past`` and ``before`` need nothing but
    what the same night's partition already brings. A table's own earlier nights are no dependency, and neither is a
    release or a study: what an earlier night published or learned is looked up, and nothing waits for it.
    """
    deps: dict[str, AssetDep] = {}
    absent = {TUNED, *OPTIONAL_TABLES} - {f"clean.{name}" for name in Source(profile.source).extras}
    for name, tables in resolve(reads, profile.algorithms).items():
        mapping = graded_partition(profile.horizon) if name.catalog in GRADED else None
        for table in tables:
            if (
                table not in absent
                and table != output
                and name.schema != "releases"
                and not (mapping and table in deps)
            ):
                deps[table] = AssetDep(asset_key(profile, table), partition_mapping=mapping)
    return [deps[table] for table in sorted(deps)]


def spec_of(profile: Profile, step: Step) -> AssetSpec:
    """What Dagster knows of a step before it runs."""
    return AssetSpec(
        asset_key(profile, step.name),
        deps=[*(asset_key(profile, name) for name in step.after), *dependencies(profile, step.reads, step.name)],
        partitions_def=profile_partitions(profile),
        group_name=step.group,
        kinds=set(step.kinds),
        owners=OWNERS,
        description=step.description,
        code_version=version_of(code_of(step)),
        freshness_policy=None if step.fresh_for is None else FreshnessPolicy.time_window(fail_window=step.fresh_for),
    )


def asset_of(profile: Profile, step: Step) -> AssetsDefinition:
    """The asset of a step."""
    lineages = Lineages()

    @night_asset(profile, name=step.name.replace(".", "__"), specs=[spec_of(profile, step)])
    def build(context: AssetExecutionContext) -> MaterializeResult[None]:
        return materialize(profile, step, context, lineages)

    return build


def materialize(
    profile: Profile, step: Step, context: AssetExecutionContext, lineages: Lineages | None = None
) -> MaterializeResult[None]:
    """Open the night's snapshot, let the step make its rows or its model, write them, and report.

    Parameters
    ----------
    lineages
        Column lineages known from earlier nights.
    """
    told = dict[str, Any]()
    version = keep(profile, code_of(step))
    with measured() as usage, opened(profile, step, night_of(context), context.run.run_id) as snapshot:
        if step.prepare is not None:
            step.prepare(snapshot)
            told["reading_seconds"] = round(usage.restart(), 3)
        made = step.make(snapshot)
        kept = save(snapshot, step, made, version)
        fingerprint, about = _described(snapshot, made, kept, lineages or Lineages())
    cost = cost_metadata(usage)
    note_cost(profile, night_of(context), step.name, kept.rows if isinstance(kept, Written) else None, cost)
    for line in made.log:
        context.log.info(line)
    results = made.results() if callable(made.results) else made.results
    return MaterializeResult(
        asset_key=asset_key(profile, step.name),
        data_version=None if fingerprint is None else DataVersion(fingerprint),
        metadata=as_metadata({**results, **made.facts, **about, **told, **cost}),
    )


def _described(
    snapshot: Snapshot, made: Made | Fitted, kept: Written | Model | None, lineages: Lineages
) -> tuple[str | None, dict[str, Any]]:
    """Fingerprint of what was kept (None: nothing was), and what the page tells of it."""
    if kept is None:
        return None, {}
    if isinstance(kept, Model):
        return kept.fingerprint, model_metadata(kept)
    if isinstance(made, Made) and isinstance(made.rows, Select):
        told = table_metadata(kept, column_metadata(kept, snapshot, made.rows, lineages))
    else:
        told = table_metadata(kept, beneath=bool(made.results))
    return kept.partition.fingerprint, told
