"""The audit as an asset with a blocking check, and the job that materializes it.

What belongs here: Dagster's side of `audit_sample`, which is a part of ``nightly`` (the profile's setting ``audit``),
and of `audit_future`, which the job ``audit`` runs for the nights that are to be proven. A night that fails is not
published.
"""

from collections.abc import Iterator  # Dagster resolves annotations when it loads.

from dagster import (
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    Field,
    MaterializeResult,
    MetadataValue,
    get_dagster_logger,
)

from recsys_assets.assets.factory import materialize, night_of, spec_of
from recsys_assets.assets.keys import asset_key, name_of
from recsys_assets.assets.one_night import night_asset
from recsys_assets.assets.step import Made, Step
from recsys_assets.nights import Night
from recsys_assets.profile import Profile
from recsys_assets.storage.lake.snapshot import Snapshot
from recsys_jobs.audit.ahead import Ahead
from recsys_jobs.audit.future import audit_future, audit_sample
from recsys_jobs.audit.outcome import Audit, AuditFailed
from recsys_jobs.audit.report import HELD_AGAINST, compared_rows, markdown, sentence, verdict
from recsys_jobs.graph import asset_order

AUDIT, CHECK = "audit", "night_is_future_blind"
OP = "audits__future"
"""Name of its step in a run."""
_TABLE = "audits.future"
MAX_DIFFERENCES = 20
"""Differences that the check's page lists."""


class SamplesAhead:
    """The audit of the sample that has begun while this process builds the rest of the night; one at a time."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._begun: Ahead | None = None

    def begin(self, context: AssetExecutionContext) -> None:
        """Begin the audit of a run's night, whose clean log stands; of a run without one, nothing."""
        self.stop()
        if self._profile.audit == "sample" and context.job_def.graph.has_node_named(OP):
            self._begun = Ahead(self._profile, night_of(context), asset_order(self._profile))

    def audit(self, night: Night) -> Audit:
        """The outcome of the one that has begun; without one the night is audited now."""
        tell, begun = get_dagster_logger().info, self._begun
        if begun is None or begun.night != night:
            return audit_sample(self._profile, night, tell, asset_order(self._profile))
        try:
            return begun.result(tell)
        finally:
            self.stop()

    def stop(self) -> None:
        """End what nobody waits for any more: its run failed."""
        if self._begun is not None:
            self._begun.stop()
        self._begun = None


def audit_asset(profile: Profile, audited: list[AssetKey], ahead: SamplesAhead) -> AssetsDefinition:
    """The report of a night's audit: one row per table and model, with its fingerprint in every build.

    Parameters
    ----------
    audited
        Assets that must be there first: all that the release rests on.
    ahead
        Where the sample's audit of the night may have begun already.
    """
    audits: dict[Night, Audit] = {}
    wholly: set[Night] = set()

    def make(snapshot: Snapshot) -> Made:
        night, tell = snapshot.night, get_dagster_logger().info
        audits[night] = audit_future(profile, night, tell) if night in wholly else ahead.audit(night)
        return _report(audits[night])

    step = Step(
        name=_TABLE,
        description="The future-perturbation audit: the night built in scratch folders as it came and with its future "
        "altered, for a sample of users; fingerprints of every table, model and release table compared. The job "
        "`audit` builds it for all users, also with its future deleted, and compares what the lake holds.",
        make=make,
        key=("place",),
        after=tuple(name_of(profile, key) for key in audited),
    )
    check = AssetCheckSpec(
        CHECK,
        asset=asset_key(profile, _TABLE),
        description="Every table and model is the same when what came after the night is deleted or altered.",
        blocking=True,
    )

    @night_asset(
        profile,
        name=OP,
        specs=[spec_of(profile, step)],
        check_specs=[check],
        config_schema={
            "wholly": Field(
                bool,
                default_value=profile.audit == "full",
                description="Audit all users and compare the lake, instead of a sample.",
            )
        },
    )
    def future(context: AssetExecutionContext) -> Iterator[MaterializeResult[None] | AssetCheckResult]:
        if context.op_execution_context.op_config["wholly"]:
            ahead.stop()
            wholly.add(night_of(context))
        yield materialize(profile, step, context)  # The night's report is locked to this process meanwhile.
        audit = audits.pop(night_of(context))
        wholly.discard(night_of(context))
        yield _checked(profile, audit)
        if not audit.passed:  # Dagster's own sentence would name the check alone.
            raise AuditFailed(verdict(audit))

    return future


def audit_check_key(profile: Profile) -> AssetCheckKey:
    """Dagster's key of the audit's check."""
    return AssetCheckKey(asset_key(profile, _TABLE), CHECK)


def _report(audit: Audit) -> Made:
    """Rows of the table, and what its page tells."""
    import pyarrow as pa

    texts = {"asset": pa.string(), "plain": pa.string(), **{build: pa.string() for build in HELD_AGAINST}}
    schema = pa.schema({"place": pa.int32(), **texts, "is_equal": pa.bool_()})
    seconds = {f"seconds, {name}": round(taken, 1) for name, taken in audit.seconds.items()}
    results = {"Audit": verdict(audit), "Compared": MetadataValue.md(markdown(audit))}
    return Made(pa.Table.from_pylist(compared_rows(audit), schema=schema), results, seconds)


def _checked(profile: Profile, audit: Audit) -> AssetCheckResult:
    return AssetCheckResult(
        passed=audit.passed,
        asset_key=asset_key(profile, _TABLE),
        check_name=CHECK,
        severity=AssetCheckSeverity.ERROR,
        description=verdict(audit),
        metadata={
            f"{place}. {d.asset} ({d.build})": "\n".join([sentence(d), *d.rows])
            for place, d in enumerate(audit.differences[:MAX_DIFFERENCES], 1)
        },
    )
