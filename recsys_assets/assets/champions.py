"""The champion of each task: which ranking tonight's lists follow, decided by the grades of earlier nights."""

from typing import TYPE_CHECKING, Any

from dagster import AssetExecutionContext, AssetsDefinition, MaterializeResult, MetadataValue, asset

from recsys_assets.assets.partitions import profile_partitions
from recsys_assets.assets.step import (
    OWNERS,
    dependencies,
    markdown_table,
    measured,
    night_of,
    report,
)
from recsys_assets.profile import Profile
from recsys_assets.selects.contracts import declared_rows
from recsys_assets.selects.files import SQL_FOLDER, load_select
from recsys_assets.storage.lake.lake import Lake

if TYPE_CHECKING:
    import pyarrow as pa

_TABLE = "recommendations.champions"
_CHALLENGES = load_select(SQL_FOLDER / "training" / "challenges.sql")
CHAMPIONS_KEY = ("task", "configuration")


def champions_asset(profile: Profile) -> AssetsDefinition:
    """``recommendations.champions``: every ranking tonight, its test against the champion so far, and who is it now."""
    lake = Lake(profile)

    @asset(
        key=_TABLE.split("."),
        deps=dependencies(profile, _CHALLENGES.reads, _TABLE),
        partitions_def=profile_partitions(profile),
        group_name="recommendations",
        kinds={"python", "numpy"},
        owners=OWNERS,
        description="Which ranking is published. The champion so far stays until a challenger was better on the same "
        "user-nights, by a paired test over all nights graded so far.",
        code_version=_CHALLENGES.code_version,
    )
    def champions(context: AssetExecutionContext) -> MaterializeResult[None]:
        night = night_of(context)
        with measured() as usage, lake.as_of(night, _CHALLENGES.reads, _TABLE, context.run.run_id) as snapshot:
            rows = _decisions(snapshot.table(_CHALLENGES.text), profile.seed + night.toordinal())
            snapshot.add("made.champions", declared_rows(_TABLE, rows))
            written = snapshot.write(f"select * from made.champions order by {', '.join(CHAMPIONS_KEY)}", CHAMPIONS_KEY)
        return report(written, usage, {"decision": MetadataValue.md(markdown_table(rows))})

    return champions


def _decisions(challenges: "pa.Table", seed: int) -> list[dict[str, Any]]:
    import numpy as np

    from recsys_assets.evaluation.champions import Challenge, decide

    rows = []
    for (task, incumbent), part in challenges.to_pandas().groupby(["task", "incumbent"]):
        tested = {
            str(name): Challenge(users["difference"].to_numpy(np.float64), users["n_nights"].to_numpy(np.int64))
            for name, users in part.dropna(subset="user_key").groupby("configuration")
        }
        nothing = Challenge(np.empty(0), np.empty(0, dtype=np.int64))
        untested = {str(name): nothing for name in part["configuration"].unique() if name not in {*tested, incumbent}}
        rows += [{"task": str(task), **row} for row in decide(str(incumbent), tested | untested, seed=seed)]
    return rows
