"""The audit as an asset with a blocking check, and the job that materializes it.

What belongs here: Dagster's side of `audit_future`. Run the job ``audit`` for the nights that are to be proven, or set
``audit = true`` in the profile: then it is a part of ``nightly``, and a night that fails it is not published.
"""

from collections.abc import Iterator  # Dagster resolves annotations when it loads
from typing import TYPE_CHECKING

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    AssetSelection,
    DataVersion,
    MaterializeResult,
    MetadataValue,
    asset,
    define_asset_job,
)

from recsys_assets.assets.partitions import profile_partitions
from recsys_assets.assets.step import OWNERS, measured, night_of, report
from recsys_assets.profile import Profile
from recsys_assets.storage.lake.lake import Lake
from recsys_jobs.audit.future import AuditFailed, audit_future
from recsys_jobs.audit.report import BUILDS, compared_rows, markdown, sentence, verdict

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

AUDIT, CHECK = "audit", "night_is_future_blind"
_TABLE = "audits.future"
AUDITS = AssetSelection.groups("audits")


def audit_asset(profile: Profile, audited: list[AssetKey]) -> AssetsDefinition:
    """The report of a night's audit: one row per table and model, with its fingerprint in every build.

    Parameters
    ----------
    audited
        Assets that must be there first: all that the release rests on.
    """
    lake = Lake(profile)

    @asset(
        key=_TABLE.split("."),
        deps=audited,
        check_specs=[
            AssetCheckSpec(
                CHECK,
                asset=_TABLE.split("."),
                description="Every table and model is the same when what came after the night is deleted or altered, "
                "and the same as what the lake holds.",
                blocking=True,
            )
        ],
        partitions_def=profile_partitions(profile),
        group_name="audits",
        kinds={"python"},
        owners=OWNERS,
        description="The future-perturbation audit: the night built in scratch folders as it came, with its future "
        "deleted, and with its future altered; fingerprints of every table, model and release table compared.",
    )
    def future(context: AssetExecutionContext) -> Iterator[MaterializeResult[None] | AssetCheckResult]:
        import pyarrow as pa

        night = night_of(context)
        with measured() as usage:
            found = audit_future(profile, night, context.log.info)
        rows = pa.Table.from_pylist(compared_rows(found), schema=_schema())
        with lake.as_of(night, [], _TABLE, context.run.run_id) as snapshot:
            snapshot.add("made.audit", rows)
            written = snapshot.write("select * from made.audit order by place", ("place",))
        seconds = {f"seconds, {name}": round(taken, 1) for name, taken in found.seconds.items()}
        extra = {"verdict": verdict(found), "audit": MetadataValue.md(markdown(found)), **seconds}
        result = report(written, usage, extra)
        yield MaterializeResult(
            asset_key=result.asset_key,
            metadata=result.metadata,
            data_version=DataVersion(written.partition.fingerprint),
        )
        yield AssetCheckResult(
            passed=found.passed,
            asset_key=_TABLE.split("."),
            check_name=CHECK,
            severity=AssetCheckSeverity.ERROR,
            description=verdict(found),
            metadata={
                f"{place}. {d.asset} ({d.build})": "\n".join([sentence(d), *d.rows])
                for place, d in enumerate(found.differences[:20], 1)
            },
        )
        if not found.passed:  # Dagster's own sentence would name the check alone
            raise AuditFailed(verdict(found))

    return future


def audit_job() -> "UnresolvedAssetJobDefinition":
    """The job that audits one night."""
    return define_asset_job(
        AUDIT, AUDITS, description="Prove that a built night saw nothing that came after it. Three times its cost."
    )


def _schema() -> "pa.Schema":  # type: ignore[name-defined]  # noqa: F821
    import pyarrow as pa

    texts = {"asset": pa.string(), "plain": pa.string(), **{build: pa.string() for build in BUILDS}}
    return pa.schema({"place": pa.int32(), **texts, "is_equal": pa.bool_()})
