"""Folds: earlier nights as arrays, each with what was visible at it and what users took in the horizon after it.

What belongs here: reading them through snapshots, and grading the lists of a fitted algorithm on one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from recsys_assets.assets.training import INDEX_READS, TrainingData, positions, reads
from recsys_assets.errors import RecsysError
from recsys_assets.evaluation.metrics import ndcg
from recsys_assets.nights import graded_night
from recsys_assets.selects.files import SQL_FOLDER, load_select
from recsys_assets.storage.lake.lake import Lake

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from recsys_assets.algorithms import Interactions, Lists, Recommender
    from recsys_assets.assets.training import Indices
    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

    Grades = dict[str, NDArray[np.float64]]
    """NDCG@10 of each graded user by task, in the order of `Judged.users`."""

RELEVANT = load_select(SQL_FOLDER / "grades" / "relevant.sql")
"""What counts as taken, as the nights' own grades have it: of the log alone, so it can be asked of any night."""
USERS = load_select(SQL_FOLDER / "tuning" / "trial_users.sql")
"""Whom trials are graded for."""
K = 10
MAX_FOLDS, MAX_USERS = 3, 1_000
"""Nights that trials are graded on, and users of each task and night."""


class TuningError(RecsysError):
    """Why nothing can be tuned; the message says what to do."""


@dataclass(frozen=True)
class Judged:
    """What the users of one task took."""

    keys: NDArray[np.int32]
    """ndarray of shape (n_users,): keys of the users, the same in every night."""
    users: NDArray[np.int32]
    """ndarray of shape (n_users,): their indices."""
    n_relevant: NDArray[np.int64]
    """ndarray of shape (n_users,): items each took, those that no list could name too."""
    taken: NDArray[np.int64]
    """ndarray, sorted: ``place in users * n_items + item index`` of each item taken that the night knew."""


@dataclass(frozen=True)
class Fold:
    """A night to fit on, and the horizon after it."""

    night: Night
    train: Interactions
    index: Indices
    judged: Mapping[str, Judged]
    """By task; of users whom the night knew."""

    def grades(self, model: Recommender) -> Grades:
        """NDCG@10 of the lists of a model that is fitted on this fold, by task; 0 for a user it has no list for.

        Parameters
        ----------
        model : Recommender
            Of tasks that it does not serve nothing is graded.
        """
        import numpy as np

        n_retired = int(self.index.retired.sum())
        judged = {task: each for task, each in self.judged.items() if task in model.tasks}
        users = np.unique(np.concatenate([np.empty(0, np.int32), *(each.users for each in judged.values())]))
        wanted = {task: K + min(K, n_retired) for task in judged}
        lists, new = model.recommend_both(users, wanted.get("next", 0), wanted.get("discovery", 0))
        listed = {"next": lists, "discovery": new}
        return {task: self._ndcg(each, listed[task].without(self.index.retired, K)) for task, each in judged.items()}

    def _ndcg(self, judged: Judged, lists: Lists) -> NDArray[np.float64]:
        import numpy as np

        place = np.full(len(self.index.user_keys), -1, dtype=np.int64)
        place[judged.users] = np.arange(len(judged.users))
        rows = place[lists.users]
        kept = (rows >= 0) & (lists.ranks <= K)
        rows, items, ranks = rows[kept], lists.items[kept], lists.ranks[kept]
        hits = np.zeros((len(judged.users), K), dtype=bool)
        hits[rows, ranks - 1] = np.isin(rows * len(self.index.item_keys) + items, judged.taken)
        return ndcg(hits, judged.n_relevant, K)


def nights_of(profile: Profile, night: Night) -> tuple[Night, list[Night]]:
    """Nights that a study of a night works on.

    Returns
    -------
    tuple of Night and list of Night
        The one that is held out, a horizon before; and those that trials are graded on, at most `MAX_FOLDS`, the newest
        first: what users took after each lies before the cutoff of the held-out one.

    Raises
    ------
    TuningError
        When the profile has no such nights yet.
    """
    held_out = graded_night(night, profile.horizon)
    tried = [graded_night(held_out, profile.horizon * place) for place in range(1, MAX_FOLDS + 1)]
    tried = [each for each in tried if each >= profile.first_night]
    if not tried:
        first = profile.first_night + timedelta(days=2 * profile.horizon)
        raise TuningError(
            f"Night {night} is too early to tune: a trial is graded on one horizon of {profile.horizon} days and held "
            f"against another, so the first night that can be tuned is {first}, two horizons after first_night "
            f"{profile.first_night}."
        )
    return held_out, tried


def read_fold(profile: Profile, night: Night, uses: frozenset[str]) -> Fold:
    """Read what was visible at a night, and what was taken in the horizon after it.

    Time and memory as one night's `TrainingData`.

    Parameters
    ----------
    uses
        What the algorithms learn from beside events; see `Recommender.uses`.

    Raises
    ------
    LakeError
        When the log of the night, or of the one that ends the horizon, is not in the lake.
    """
    lake, data = Lake(profile), TrainingData()
    with lake.as_of(night, {*reads(uses), *INDEX_READS}) as snapshot:
        train, index = data.interactions(snapshot, uses), data.indices(snapshot)
    with lake.as_of(night + timedelta(days=profile.horizon), {*RELEVANT.reads, *USERS.reads}) as snapshot:
        return Fold(night, train, index, _judged(snapshot, index))


def _judged(snapshot: Snapshot, index: Indices) -> dict[str, Judged]:
    import pyarrow.compute as pc

    relevant = snapshot.table(RELEVANT.text)
    snapshot.add("made.relevant", relevant)
    users = snapshot.table(USERS.text, {"max_users": MAX_USERS})
    tasks = pc.unique(users["task"]).to_pylist()
    return {
        task: _of_task(
            users.filter(pc.equal(users["task"], task)), relevant.filter(pc.equal(relevant["task"], task)), index
        )
        for task in tasks
    }


def _of_task(users: pa.Table, relevant: pa.Table, index: Indices) -> Judged:
    import numpy as np

    keys = users["user_key"].to_numpy()
    place, user_of, item_of = positions(keys), positions(index.user_keys), positions(index.item_keys)

    def known(table: NDArray[np.int32], asked: NDArray[np.int32]) -> NDArray[np.int32]:
        """Positions of keys; -1 where there is none, also beyond the greatest key."""
        found = np.full(len(asked), -1, dtype=np.int32)
        inside = asked < len(table)
        found[inside] = table[asked[inside]]
        return found

    rows = known(place, relevant["user_key"].to_numpy())
    items = known(item_of, relevant["item_key"].to_numpy())
    kept = (rows >= 0) & (items >= 0)
    taken = np.sort(rows[kept].astype(np.int64) * len(index.item_keys) + items[kept])
    return Judged(keys, user_of[keys], users["n_relevant"].to_numpy().astype(np.int64), taken)
