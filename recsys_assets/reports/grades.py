"""Grades: what nights say of the lists that the nights one horizon before them made.

What belongs here: the grades of each night, of all nights together, and the paired differences between lists, and
which of the many lists a short overview names.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from recsys_assets.ranking import CONFIGURATIONS
from recsys_assets.selects.files import TableName
from recsys_assets.storage.lake.lake import Lake
from recsys_assets.storage.release.releases import Releases

if TYPE_CHECKING:
    from collections.abc import Iterable

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile
    from recsys_assets.storage.lake.snapshot import Snapshot

LEADERS = ("published", *CONFIGURATIONS)
"""Lists that an overview names before the algorithms' own: what was published, and the ranking's configurations."""


@dataclass(frozen=True)
class Grade:
    """One metric of one list at one night that graded it: a mean over users."""

    graded_night: Night
    """Night whose lists are graded."""
    task: str
    users: str | None
    """``known`` or ``unknown`` to the graded night; None where it was graded before the two were told apart."""
    algorithm: str
    """An algorithm, a configuration of the ranking, or ``published``."""
    k: int
    """Places of the list that count."""
    metric: str
    mean: float
    low: float | None
    """Bounds of the 95% interval of the mean; None for metrics beyond accuracy, which are no mean over users."""
    high: float | None
    n_users: int | None
    """Such users graded: those who took something in the horizon; None, as the shares, where nobody was."""
    cold_user_share: float | None
    """Share of all graded users whom the graded night did not know."""
    cold_item_share: float | None
    """Share of the items such users took that the graded night did not know."""
    status: str
    """``published``, or ``rebuilt`` where the lists graded are not those that were published."""
    night: Night
    """Night that graded."""


@dataclass(frozen=True)
class PooledGrade:
    """One metric of one list over all nights graded up to one: a mean over user-nights."""

    task: str
    users: str
    """``known`` or ``unknown`` to the graded night."""
    algorithm: str
    k: int
    metric: str
    status: str
    mean: float
    low: float
    """Bounds of the 95% interval of the mean."""
    high: float
    n_nights: int
    n_users: int
    n_user_nights: int


@dataclass(frozen=True)
class Comparison:
    """One metric of one list less that of another, on the same user-nights of known users up to one night."""

    task: str
    algorithm: str
    baseline: str
    """The other list."""
    k: int
    metric: str
    status: str
    difference: float
    low: float
    """Bounds of the 95% interval of the difference."""
    high: float
    p: float
    p_corrected: float
    """``p`` corrected for the pairs of a task."""
    n_compared: int
    """Pairs that the correction is for."""
    n_nights: int
    n_users: int
    n_user_nights: int


@dataclass(frozen=True)
class NightlyGrade:
    """One list at the newest graded night, its metrics at 10 places side by side; None where one is not graded."""

    night: Night
    """Night that graded."""
    graded_night: Night
    task: str
    users: str
    """``known`` or ``unknown`` to the graded night."""
    algorithm: str
    status: str
    n_users: int
    ndcg: float | None
    ndcg_low: float | None
    """Bounds of the 95% interval of the NDCG."""
    ndcg_high: float | None
    recall: float | None
    hit_rate: float | None
    coverage: float | None
    """Share of the items known on the graded night that any user's list shows."""


Row = TypeVar("Row", Grade, PooledGrade, Comparison)
Graded = TypeVar("Graded", Grade, PooledGrade)


def nightly_grades(profile: Profile, metric: str | None = None, k: int | None = None) -> list[Grade]:
    """Grades of every night, oldest graded night first; with ``metric`` and ``k`` only those."""
    nights = Lake(profile).built_nights()
    if not nights:
        return []
    with Lake(profile).as_of(nights[-1], [TableName("grades", "summary", "past")]) as snapshot:
        return _rows(snapshot, Grade, "past.grades.summary", metric, k)


def pooled_grades(profile: Profile, night: Night, metric: str | None = None, k: int | None = None) -> list[PooledGrade]:
    """Grades over all nights up to one; with ``metric`` and ``k`` only those.

    Raises
    ------
    LakeError
        When the night was not built.
    """
    with Lake(profile).as_of(night, [TableName("grades", "pooled")]) as snapshot:
        return _rows(snapshot, PooledGrade, "grades.pooled", metric, k)


def comparisons(profile: Profile, night: Night, metric: str | None = None, k: int | None = None) -> list[Comparison]:
    """Differences between lists over all nights up to one; with ``metric`` and ``k`` only those.

    Raises
    ------
    LakeError
        When the night was not built.
    """
    with Lake(profile).as_of(night, [TableName("grades", "comparisons")]) as snapshot:
        return _rows(snapshot, Comparison, "grades.comparisons", metric, k)


def newest_grades(profile: Profile) -> list[NightlyGrade]:
    """The newest night's grades in the published release: `LEADERS` of each task first, then the best algorithms.

    Empty where no night has graded another yet. Task ``next`` comes first. Of users that the graded night did not know
    there is one row a task, ``published``: all other lists are the same for them.

    Raises
    ------
    ReleaseError
        When nothing is published.
    """
    with Releases(profile.folder).connect() as connection:
        rows = connection.execute(
            "select night, graded_night, task, users, algorithm, status, max(n_users), "
            "max(mean) filter (metric = 'ndcg' and k = 10), max(low) filter (metric = 'ndcg' and k = 10), "
            "max(high) filter (metric = 'ndcg' and k = 10), max(mean) filter (metric = 'recall' and k = 10), "
            "max(mean) filter (metric = 'hit_rate' and k = 10), max(mean) filter (metric = 'coverage' and k = 10) "
            "from meta.grades where night = (select max(night) from meta.grades) "
            "and (users = 'known' or algorithm = 'published') "
            "group by night, graded_night, task, users, algorithm, status order by task desc, users, algorithm"
        ).fetchall()
    grades = [NightlyGrade(*row) for row in rows]
    return sorted(grades, key=lambda row: (row.task != "next", row.users, _place(row.algorithm), -(row.ndcg or 0.0)))


def leading_grades(grades: Iterable[Grade]) -> list[Grade]:
    """Of grades of one metric: `LEADERS` and the best algorithm of each task and night, by task and graded night.

    They are of known users; of unknown ones it is ``published`` alone, which all other lists equal.
    """
    best: dict[tuple[str, Night], str] = {}
    return [
        row
        for row in sorted(_told_apart(grades), key=lambda row: (row.task, row.graded_night, *_leaders_first(row)))
        if row.algorithm in LEADERS or best.setdefault((row.task, row.night), row.algorithm) == row.algorithm
    ]


def ranked_grades(grades: Iterable[PooledGrade]) -> list[PooledGrade]:
    """Of grades of one metric: by task and status, `LEADERS` first, then the best algorithms.

    They are of known users; of unknown ones it is ``published`` alone, which all other lists equal.
    """
    return sorted(_told_apart(grades), key=_leaders_first)


def leading_comparisons(pairs: Iterable[Comparison], grades: Iterable[PooledGrade]) -> list[Comparison]:
    """Differences that tell whether the ranking helps, `LEADERS` first.

    The published lists less any other, and each list less a leader or the best algorithm of its task and status.

    Parameters
    ----------
    pairs, grades
        Of the same metric, at the same night.
    """
    best: dict[tuple[str, str], str] = {}
    for grade in sorted(grades, key=lambda grade: grade.mean):
        if grade.users == "known" and grade.algorithm not in LEADERS:
            best[grade.task, grade.status] = grade.algorithm
    return [
        row
        for row in sorted(pairs, key=lambda row: (row.task, row.status, _place(row.algorithm)))
        if row.algorithm == "published" or row.baseline in (*LEADERS, best.get((row.task, row.status)))
    ]


def _rows(snapshot: Snapshot, row: type[Row], table: str, metric: str | None, k: int | None) -> list[Row]:
    columns = ", ".join(field.name for field in fields(row))
    asked: dict[str, Any] = {"metric": metric, "k": k}
    wanted: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    condition = " and ".join(["true", *(f"{name} = ${name}" for name in wanted)])
    rows = snapshot.table(f"select {columns} from {table} where {condition} order by all", wanted)
    return [row(**values) for values in rows.to_pylist()]


def _told_apart(grades: Iterable[Graded]) -> list[Graded]:
    """Rows that say something of their own: all of known users, of unknown ones what was served."""
    return [row for row in grades if row.users == "known" or (row.users, row.algorithm) == ("unknown", "published")]


def _leaders_first(row: Grade | PooledGrade) -> tuple[str, str, str, int, float]:
    return row.task, str(row.users), row.status, _place(row.algorithm), -row.mean


def _place(algorithm: str) -> int:
    return LEADERS.index(algorithm) if algorithm in LEADERS else len(LEADERS)
