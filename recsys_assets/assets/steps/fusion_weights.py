"""``recommendations.fusion_weights``: how much each algorithm counts in the fusion, learned from all nights graded."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from recsys_assets.algorithms.instances import configured
from recsys_assets.assets.step import Made, Step
from recsys_assets.nights import graded_night
from recsys_assets.ranking.fusion_weights import averaged, leaders, weights_by_name
from recsys_assets.selects.contracts import declared_rows
from recsys_assets.selects.files import SQL_FOLDER, load_select
from recsys_assets.threads import in_order

if TYPE_CHECKING:
    import pyarrow as pa

    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

TABLE = "recommendations.fusion_weights"
_PROPOSALS = load_select(SQL_FOLDER / "training" / "fusion.sql")
_EARLIER = load_select(SQL_FOLDER / "training" / "earlier_weights.sql")


def steps(profile: Profile) -> list[Step]:
    """The weights of all tasks."""
    return [
        Step(
            name=TABLE,
            description="How much each algorithm's ranks count in each task: learned from the graded night's "
            "candidates and what users took since (own_weight), averaged with what earlier nights learned, the newer "
            "the more; as the settings say before anything was graded. Beside it what reasons say of the algorithm, "
            "the NDCG@10 of its own lists, and whether it is one of the three that lead by these: the blend takes "
            "their ranks.",
            make=partial(_weights, profile),
            reads=tuple(sorted({*_PROPOSALS.reads, *_EARLIER.reads})),
            key=("task", "algorithm"),
            stage="fusion",
            kinds=("python", "numpy"),
        )
    ]


def _weights(profile: Profile, snapshot: Snapshot) -> Made:
    proposals, earlier = snapshot.table(_PROPOSALS.text), snapshot.table(_EARLIER.text).to_pylist()
    rows = list(chain.from_iterable(in_order(partial(_of_task, profile, proposals, earlier), profile.tasks)))
    learned = graded_night(snapshot.night, profile.horizon)
    rows = [row | {"learned_night": learned if row["n_lists"] else None} for row in rows]
    return Made(declared_rows(TABLE, rows))


def _of_task(profile: Profile, proposals: pa.Table, earlier: list[dict[str, Any]], task: str) -> list[dict[str, Any]]:
    import pyarrow.compute as pc

    chosen = {name: each for name, each in configured(profile.algorithms).items() if task in each[0].tasks}
    given = {name: settings.weight for name, (_, settings) in chosen.items()}
    of_task = proposals.filter(pc.equal(proposals["task"], task))
    own, own_ndcg, n_lists = weights_by_name(of_task, given, rrf_k=profile.rrf_k)
    before = [row for row in earlier if row["task"] == task and row["algorithm"] in given]
    learned, judged = (
        [(row["algorithm"], row[of], row["n_lists"], row["age_days"] / profile.horizon) for row in before]
        + [(name, figure, n_lists, 0.0) for name, figure in tonight.items() if n_lists]
        for of, tonight in (("own_weight", own), ("own_ndcg", own_ndcg))
    )
    weights = averaged(learned) if learned else own
    # Nights from before it was told have no NDCG.
    leads = leaders(row for row in judged if row[1] is not None)
    about = {
        name: {"title": algorithm.title, "rests_on": sorted(algorithm.rests_on)}
        for name, (algorithm, _) in chosen.items()
    }
    return [
        {
            "task": task,
            "algorithm": name,
            "weight": weights.get(name, 0.0),
            "own_weight": own[name] if n_lists else None,
            "own_ndcg": own_ndcg.get(name),
            "leads": name in leads,
            "n_lists": n_lists,
            **about[name],
        }
        for name in own
    ]
