"""What the trees of a night's rerankers split on, as rows for its release.

What belongs here: from the models that made the night's rankings to a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recsys_assets.ranking.reranker import Reranker
from recsys_assets.storage.lake.provenance import provenance
from recsys_assets.storage.models import Models

if TYPE_CHECKING:
    import pyarrow as pa

    from recsys_assets.storage.lake.partition import Partition
    from recsys_assets.storage.lake.snapshot import Snapshot


def feature_gains(snapshot: Snapshot, rankings: Partition | None) -> pa.Table:
    """Gain of each feature in the models that made the night's rankings; a model fitted since is none of them.

    Parameters
    ----------
    snapshot
    rankings
        The night's partition of ``recommendations.rankings``, which notes the models it rests on; None: no rows.

    Returns
    -------
    Table
        ``task``, ``objective``, ``feature``, ``gain``: what its splits took off the loss of the examples, summed.

    Raises
    ------
    DamagedFile
        When a model's files are not those that were written.
    """
    import pyarrow as pa

    used, rows = provenance(rankings.path).models if rankings else {}, []
    profile = snapshot.lake.profile
    for task in profile.tasks:
        name = f"reranker_{task}"
        if name not in used:
            continue
        model = Models(profile).get(name, snapshot.night)
        if used[name] != f"{model.night} {model.fingerprint}":
            continue
        model.verify()
        rows += [
            {"task": task, "objective": objective, "feature": feature, "gain": gain}
            for objective, gains in Reranker.load(model.path).gains().items()
            for feature, gain in gains.items()
        ]
    texts = {"task": pa.string(), "objective": pa.string(), "feature": pa.string()}
    return pa.Table.from_pylist(rows, schema=pa.schema({**texts, "gain": pa.float64()}))
