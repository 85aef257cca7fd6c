"""``recommendations.fusion_weights``: how much each algorithm counts in the fusion, learned from the graded night."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from recsys_assets.algorithms.instances import configured
from recsys_assets.assets.step import Made, Step
from recsys_assets.nights import graded_night
from recsys_assets.ranking.fusion_weights import weights_by_name
from recsys_assets.selects.contracts import declared_rows
from recsys_assets.selects.files import SQL_FOLDER, load_select
from recsys_assets.threads import in_order

if TYPE_CHECKING:
    import pyarrow as pa

    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

TABLE = "recommendations.fusion_weights"
_PROPOSALS = load_select(SQL_FOLDER / "training" / "fusion.sql")


def steps(profile: Profile) -> list[Step]:
    """The weights of all tasks."""
    return [
        Step(
            name=TABLE,
            description="How much each algorithm's ranks count in each task: learned from the graded night's "
            "candidates and what users took since; as the settings say when that night was never built. Beside it what "
            "reasons say of the algorithm.",
            make=partial(_weights, profile),
            reads=_PROPOSALS.reads,
            key=("task", "algorithm"),
            stage="fusion",
            kinds=("python", "numpy"),
        )
    ]


def _weights(profile: Profile, snapshot: Snapshot) -> Made:
    proposals = snapshot.table(_PROPOSALS.text)
    rows = list(chain.from_iterable(in_order(partial(_of_task, profile, proposals), profile.tasks)))
    learned = graded_night(snapshot.night, profile.horizon)
    rows = [row | {"learned_night": learned if row["n_lists"] else None} for row in rows]
    return Made(declared_rows(TABLE, rows))


def _of_task(profile: Profile, proposals: pa.Table, task: str) -> list[dict[str, Any]]:
    import pyarrow.compute as pc

    chosen = {name: each for name, each in configured(profile.algorithms).items() if task in each[0].tasks}
    given = {name: settings.weight for name, (_, settings) in chosen.items()}
    of_task = proposals.filter(pc.equal(proposals["task"], task))
    weights, n_lists = weights_by_name(of_task, given, rrf_k=profile.rrf_k)
    about = {
        name: {"title": algorithm.title, "rests_on": sorted(algorithm.rests_on)}
        for name, (algorithm, _) in chosen.items()
    }
    return [
        {"task": task, "algorithm": name, "weight": weight, "n_lists": n_lists, **about[name]}
        for name, weight in weights.items()
    ]
