"""The audit as an asset with a blocking check.

What belongs here: Dagster's side of `audit_future`. Run the job ``audit`` for the nights that are to be proven, or set
``audit = true`` in the profile: then it is a part of ``nightly``, and a night that fails it is not published.
"""

from collections.abc import Iterator  # Dagster resolves annotations when it loads.

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    DataVersion,
    MaterializeResult,
    MetadataValue,
    asset,
)

from recsys_assets.assets.partitions import profile_partitions
from recsys_assets.assets.step import OWNERS, measured, night_of, report
from recsys_assets.profile import Profile
from recsys_assets.storage.lake.lake import Lake
from recsys_jobs.audit.future import Audit, AuditFailed, audit_future
from recsys_jobs.audit.report import BUILDS, compared_rows, markdown, sentence, verdict

AUDIT, CHECK = "audit", "night_is_future_blind"
_TABLE = "audits.future"
_KEY = _TABLE.split(".")
MAX_DIFFERENCES = 20
"""Differences listed on the check's page."""


def audit_asset(profile: Profile, audited: list[AssetKey]) -> AssetsDefinition:
    """The report of a night's audit: one row per table and model, with its fingerprint in every build.

    Parameters
    ----------
    audited
        Assets that must be there first: all that the release rests on.
    """
    lake = Lake(profile)
    check = AssetCheckSpec(
        CHECK,
        asset=_KEY,
        description="Every table and model is the same when what came after the night is deleted or altered, "
        "and the same as what the lake holds.",
        blocking=True,
    )

    @asset(
        key=_KEY,
        deps=audited,
        check_specs=[check],
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
            audit = audit_future(profile, night, context.log.info)
        rows = pa.Table.from_pylist(compared_rows(audit), schema=_schema())
        with lake.as_of(night, [], _TABLE, context.run.run_id) as snapshot:
            snapshot.add("made.audit", rows)
            written = snapshot.write("select * from made.audit order by place", ("place",))
        seconds = {f"seconds, {name}": round(taken, 1) for name, taken in audit.seconds.items()}
        extra = {"verdict": verdict(audit), "audit": MetadataValue.md(markdown(audit)), **seconds}
        result = report(written, usage, extra)
        yield MaterializeResult(
            asset_key=result.asset_key,
            metadata=result.metadata,
            data_version=DataVersion(written.partition.fingerprint),
        )
        yield _checked(audit)
        if not audit.passed:  # Dagster's own sentence would name the check alone.
            raise AuditFailed(verdict(audit))

    return future


def _checked(audit: Audit) -> AssetCheckResult:
    return AssetCheckResult(
        passed=audit.passed,
        asset_key=_KEY,
        check_name=CHECK,
        severity=AssetCheckSeverity.ERROR,
        description=verdict(audit),
        metadata={
            f"{place}. {d.asset} ({d.build})": "\n".join([sentence(d), *d.rows])
            for place, d in enumerate(audit.differences[:MAX_DIFFERENCES], 1)
        },
    )


def _schema() -> "pa.Schema":  # type: ignore[name-defined]  # noqa: F821
    import pyarrow as pa

    texts = {"asset": pa.string(), "plain": pa.string(), **{build: pa.string() for build in BUILDS}}
    return pa.schema({"place": pa.int32(), **texts, "is_equal": pa.bool_()})
