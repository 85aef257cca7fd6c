"""Where users and items lie in a night's factor model, as rows for its release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recsys_assets.algorithms.instances import configured
from recsys_assets.assets.training import read_indices
from recsys_assets.storage.models import Models

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot


def factor_model(profile: Profile) -> str | None:
    """Name of the factor model of a profile that its releases show, the first by name; None: it has none."""
    algorithms = configured(profile.algorithms)
    return min((name for name, (algorithm, _) in algorithms.items() if algorithm.has_factors), default=None)


def embeddings(profile: Profile, snapshot: Snapshot) -> dict[str, pa.Table]:
    """Factors of the users and items that the night's factor model learned.

    Returns
    -------
    dict of str to Table
        Of ``user`` and ``item``: ``user_key`` or ``item_key``, ``algorithm`` and ``embedding``, a list of 32-bit floats
        as long as the model has factors, and two more where it has biases. No rows where the profile has no factor
        model, or leaves the table out.

    Raises
    ------
    NotBuilt
        When the night's model is gone.
    DamagedFile
        When its files are not those that were written.
    """
    import numpy as np
    import pyarrow as pa

    wanted = {kind for kind in ("user", "item") if f"serving.{kind}_embeddings" not in profile.release.without}
    name = factor_model(profile) if wanted else None
    rows: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {
        kind: (np.empty(0, np.int32), np.empty((0, 0), np.float32)) for kind in ("user", "item")
    }
    if name is not None:
        model = Models(profile).get(name, snapshot.night)
        snapshot.use_model(model)
        algorithm, _ = configured(profile.algorithms)[name]
        fitted, index = algorithm.load(model.path), read_indices(snapshot)
        learned = np.flatnonzero(np.diff(fitted.history.indptr))
        if "user" in wanted:
            rows["user"] = (index.user_keys[learned], fitted.arrays["user_factors"][learned])
        if "item" in wanted:
            rows["item"] = (index.item_keys[fitted.arrays["items"]], fitted.arrays["item_factors"])
    made = {}
    for kind, (keys, factors) in rows.items():
        ends = np.arange(len(keys) + 1, dtype=np.int32) * factors.shape[1]
        lists = pa.ListArray.from_arrays(pa.array(ends), pa.array(factors.ravel(), pa.float32()))
        said_by = pa.array([name] * len(keys), pa.string())
        made[kind] = pa.table({f"{kind}_key": pa.array(keys), "algorithm": said_by, "embedding": lists})
    return made
