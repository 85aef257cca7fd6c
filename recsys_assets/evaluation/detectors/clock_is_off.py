"""Whether the hours of day say that a clock is off, and by how much.

People sleep. Where events have a rhythm of the day, its quiet middle (the mean direction of the emptiest hours on the
dial of 24) lies near three in the night of the place. A mean direction of the events themselves that moves from one
week to the next, or is another one for one device, is a clock's. Where the rhythm is weak, or nobody says what time
zone the place has, nothing is said.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from recsys_assets.evaluation.detectors.finding import Finding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from recsys_assets.evaluation.uncertainty import Floats

NAME = "clock_is_off"
N_WEEKS = 8
"""Weeks up to the night that are looked at."""
MIN_COUNT = 200
"""Users by hours of a week below which it says nothing."""
RHYTHM = 0.3
"""Length of the mean direction (0: all hours alike, 1: one hour of day) below which there is no rhythm of a day."""
QUIET, TOLERANCE = 3.0, 3.5
"""Hour of day, by the clock of the place, where the quiet middle lies, and how far off it may be: shops that open in
the day have it at one, what is watched in the evening nearly at six."""
EMPTIEST = 8
"""Power by which an hour counts for the quiet middle, of how much emptier than the busiest it is."""
JUMP, SURE = 1.75, 5.0
"""Hours by which the newest week may differ from those before it (daylight saving moves it by one), and by how many
times their usual difference."""
APART, ALIKE, MANY = 3.0, 0.10, 1_000
"""Hours by which a device may differ from all others, how much (total variation) may remain between the two once the
clocks are set alike (people who do other things differ in more than the clock), and users by hours that tell so."""


def by_week(hours: NDArray[np.datetime64], counts: Floats, cutoff: np.datetime64, zone: str | None) -> Floats:
    """Counts by week before the cutoff and hour of day.

    Parameters
    ----------
    hours : datetime64 ndarray of shape (n_hours,)
        Full hours (UTC), all before the cutoff.
    counts : float64 ndarray of shape (n_hours,)
        Users with events in each.
    cutoff : datetime64
    zone : str or None
        Time zone of the hours of day, such as ``Europe/London``; None: UTC.

    Returns
    -------
    float64 ndarray of shape (N_WEEKS, 24)
        The newest week first.
    """
    import numpy as np

    hours = hours.astype("datetime64[h]")
    dates, places = np.unique(hours.astype("datetime64[D]"), return_inverse=True)
    clock = ZoneInfo(zone or "UTC")
    ahead = [date.replace(tzinfo=UTC).astimezone(clock).utcoffset() for date in dates.astype("datetime64[s]").tolist()]
    since = (hours - np.datetime64(0, "h")).astype(np.int64) * 3600 + np.array([off.seconds for off in ahead])[places]
    local = since // 3600 % 24
    days = ((cutoff - hours) / np.timedelta64(1, "h") - 1).astype(np.int64) // 24
    kept = days < 7 * N_WEEKS
    by_day = np.zeros((7 * N_WEEKS, 24))
    np.add.at(by_day, (days[kept], local[kept]), counts[kept])
    weekly: Floats = by_day.reshape(N_WEEKS, 7, 24).sum(axis=1)
    return weekly


def quiet_middle(counts: Floats) -> float:
    """Hour of day in the middle of the emptiest hours."""
    import numpy as np

    emptiness: Floats = (1 - counts / max(float(counts.max()), 1.0)) ** EMPTIEST
    return float((np.angle(_directions(emptiness[None])[0]) * 12 / np.pi + 0.5) % 24)


def judge_place(weekly: Floats, zone: str | None, subject: str = "clean.events.event_ts") -> Finding:
    """Whether the quiet middle of the day lies where people of the time zone sleep."""
    counts, measure = weekly.sum(axis=0), "quiet middle of the day, hour of the place"
    n = int(counts.sum())
    if n < MIN_COUNT:
        return Finding(NAME, subject, measure, n=n, reason="not judged: too few days with events")
    middle, rhythm = quiet_middle(counts), float(abs(_directions(counts[None])[0]))
    if rhythm < RHYTHM:
        return Finding(NAME, subject, measure, n=n, reason=f"not judged: no rhythm of the day ({rhythm:.2f})")
    if zone is None:
        why = "not judged: set detectors.time_zone in the profile to say where the users live"
        return Finding(NAME, subject, measure, n=n, reason=f"{why}; the quiet middle lies at {middle:.1f} UTC")
    off = _difference(middle, QUIET)
    suspicious = abs(off) > TOLERANCE
    reason = f"times are about {off:+.0f} h off: by the clock of {zone} people sleep around {middle:.0f}:00"
    return Finding(NAME, subject, measure, middle, QUIET, TOLERANCE, None, n, suspicious, reason if suspicious else "")


def judge_jump(weekly: Floats, subject: str = "clean.events.event_ts") -> Finding:
    """Whether the newest week's hours are those of the weeks before, moved."""
    import numpy as np

    measure, told = "hours the newest week lies from those before", weekly.sum(axis=1) >= MIN_COUNT
    n, earlier = int(weekly[0].sum()), weekly[1:][told[1:]]
    if not told[0] or len(earlier) < 3:
        return Finding(NAME, subject, measure, n=n, reason="not judged: three weeks before the newest are needed")
    directions = _directions(np.vstack([weekly[0], earlier]))
    usual = directions[1:].sum(axis=0)
    if np.abs(directions).min() < RHYTHM:
        return Finding(NAME, subject, measure, n=n, reason="not judged: no rhythm of the day")
    off = np.angle(directions / usual) * 12 / np.pi
    allowed = max(JUMP, SURE * float(np.sqrt(np.mean(off[1:] ** 2))))
    suspicious = bool(abs(off[0]) >= allowed)
    moved = _best_shift(weekly[0], earlier.sum(axis=0))[0]
    reason = f"times of the newest week are about {moved:+d} h off those of the weeks before" if suspicious else ""
    return Finding(NAME, subject, measure, float(off[0]), 0.0, allowed, None, n, suspicious, reason)


def judge_apart(subject: str, own: Floats, others: Floats) -> Finding:
    """Whether the hours of one device (system, type of event) are those of all others, moved.

    Parameters
    ----------
    own, others : float64 ndarrays of shape (24,)
        Counts by hour of day.
    """
    import numpy as np

    measure, n = "hours it lies from all others", int(own.sum())
    if min(n, others.sum()) < MANY:
        return Finding(NAME, subject, measure, n=n, reason="not judged: too few events of it or of others")
    mine, theirs = _directions(np.vstack([own, others]))
    if min(abs(mine), abs(theirs)) < RHYTHM:
        return Finding(NAME, subject, measure, n=n, reason="not judged: no rhythm of the day")
    off, (moved, left) = float(np.angle(mine / theirs) * 12 / np.pi), _best_shift(own, others)
    suspicious = abs(off) >= APART and left <= ALIKE
    reason = f"its times are about {moved:+d} h off those of all others" if suspicious else ""
    return Finding(NAME, subject, measure, off, 0.0, APART, None, n, suspicious, reason)


def _directions(weekly: Floats) -> NDArray[np.complex128]:
    """Mean direction of each row's hours on the dial of 24."""
    import numpy as np

    dial = np.exp(2j * np.pi * np.arange(24) / 24)
    means: NDArray[np.complex128] = weekly @ dial / np.maximum(weekly.sum(axis=1), 1e-9)
    return means


def _difference(hour: float, other: float) -> float:
    """Hours from ``other`` to ``hour`` on the dial, from -12 to 12."""
    return (hour - other + 12) % 24 - 12


def _best_shift(own: Floats, others: Floats) -> tuple[int, float]:
    """Full hours by which others must move to be most like it, and the total variation that remains."""
    import numpy as np

    own, others = own / own.sum(), others / others.sum()
    shifts = sorted(range(-11, 13), key=abs)
    left = [float(np.abs(own - np.roll(others, shift)).sum() / 2) for shift in shifts]
    best = int(np.argmin(left))
    return shifts[best], left[best]
