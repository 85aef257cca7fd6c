"""What somebody should look at: signs in a release that the night before, or its own figures, make worth a word.

What belongs here: when a figure is an alarm. Where it is shown is the overview's.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from recsys_serving.dashboard.formats import count, day, days, figure, share

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from recsys_assets.storage.release.folder import ReleaseInfo

Row = dict[str, Any]
_REJECTED, _UNLISTED = 0.05, 0.05


def release_alarms(releases: Sequence[ReleaseInfo], name: str) -> list[str]:
    """Of a release among those that are kept: it was rolled back to, or nothing has followed it for too long."""
    shown = next((each for each in releases if each.name == name), None)
    if shown is None or not shown.is_current:
        return []
    found = []
    newer = [each for each in releases if each.published_at and each.night > shown.night]
    if newer:
        found.append(f"Rolled back: a release of {day(newer[-1].night)} is kept, and this older one is current.")
    nights = sorted({each.night for each in releases})
    gaps = sorted((later - earlier for earlier, later in itertools.pairwise(nights)), key=lambda gap: gap.days)
    usual = gaps[len(gaps) // 2] if gaps else timedelta(1)
    if shown.published_at is not None:
        since = datetime.now(UTC) - shown.published_at
        if since > 1.5 * usual + timedelta(1):
            found.append(
                f"Stale: nothing was published for {days(since / timedelta(1))}, where a night follows another after "
                f"{days(usual.days)}. recsys status says what is missing."
            )
    return found


def task_alarms(tasks: Iterable[Row]) -> list[str]:
    """Tasks that serve nobody, or not all they know."""
    found = []
    for row in tasks:
        if row["empty_because"]:
            found.append(f"Task {row['task']} has no lists: {row['empty_because']}.")
        elif row["n_users"] and row["n_users_listed"] < (1 - _UNLISTED) * row["n_users"]:
            missing = row["n_users"] - row["n_users_listed"]
            found.append(f"Task {row['task']} has no list for {count(missing)} of {count(row['n_users'])} known users.")
    return found


def grade_alarms(task: str, rows: Sequence[Row]) -> list[str]:
    """What was published and is now graded clearly below the time before, or below the best single algorithm."""
    published = [row for row in rows if row["line"] == "published"]
    if not published:
        return []
    newest, found = published[-1], []
    if len(published) > 1 and _below(newest, published[-2]):
        found.append(
            f"Task {task}: NDCG@10 fell from {figure(published[-2]['mean'])} to {figure(newest['mean'])}, beyond both "
            f"intervals, for the lists of {day(newest['graded_night'])}."
        )
    single = [row for row in rows if row["line"].startswith("best") and row["night"] == newest["night"]]
    if single and _below(newest, single[0]):
        found.append(
            f"Task {task}: {single[0]['algorithm']} alone, {figure(single[0]['mean'])}, was better than what was "
            f"published, {figure(newest['mean'])}, beyond both intervals."
        )
    return found


def delivery_alarms(files: Sequence[Row]) -> list[str]:
    """Files that could not be read, and those of which many rows were rejected."""
    found = [f"{row['file']} is quarantined: it could not be read." for row in files if row["status"] == "quarantined"][
        :3
    ]
    for row in files:
        read = (row["n_rows"] or 0) + (row["n_rejected"] or 0)
        if row["n_rejected"] and row["n_rejected"] > _REJECTED * read:
            found.append(f"{row['file']}: {share(row['n_rejected'] / read)} of its rows were rejected.")
    return found[:5]


def _below(one: Row, other: Row) -> bool:
    bounds = one["high"], other["low"]
    return all(bound is not None for bound in bounds) and one["high"] < other["low"]
