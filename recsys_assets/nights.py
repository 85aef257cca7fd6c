"""Nights: the arithmetic of the one law.

What belongs here: what a night is, when it closes, which night first sees a row, and which night grades which.
Nothing here reads a clock; the caller says what time it is.

A night on the time axis, with a grace of two hours and a horizon of seven days::

    2017-10-31 00:00      2017-11-01 00:00   02:00                      2017-11-08 00:00
    |---- night 10-31 ----|------------------|--------------------------|
                          ^ cutoff           ^ close: built              ^ its lists are graded
                            (exclusive)                                    by night 11-07

All instants are naive ``datetime`` values in UTC, because that is what DuckDB's TIMESTAMP holds.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

Night = date
"""A UTC day. The night's data ends at the end of that day."""

ONE_DAY = timedelta(days=1)


def cutoff(night: Night) -> datetime:
    """End of the night's day, exclusive: everything the night may see happened before it (UTC)."""
    return datetime.combine(night + ONE_DAY, time.min)


def close(night: Night, grace: timedelta) -> datetime:
    """Instant (UTC) at which the night's data is complete and the night is built."""
    return cutoff(night) + grace


def graded_night(night: Night, horizon: int) -> Night:
    """Night whose lists ``night`` grades, ``horizon`` days before it."""
    return night - timedelta(days=horizon)


def night_of(event_ts: datetime) -> Night:
    """First night with ``event_ts < cutoff``: the UTC day of the instant."""
    return event_ts.date()


def visible_night(
    event_ts: datetime, known_at: datetime, *, grace: timedelta, first_night: Night, sealed: Night | None
) -> Night:
    """First night that may see a row.

    The first night with ``event_ts < cutoff`` and ``known_at < close`` that is not sealed, and never before
    ``first_night``. `storage.landing.judging` computes the same in SQL for whole files; a test holds the two equal.

    Parameters
    ----------
    event_ts, known_at
        When it happened and when it was known (UTC). History has ``known_at == event_ts``.
    sealed
        Last sealed night, or None when none is. Sealed nights are always a prefix of the calendar.
    """
    first_open = first_night if sealed is None else sealed + ONE_DAY
    return max(night_of(event_ts), night_of(known_at - grace), first_night, first_open)


def last_closed(now: datetime, grace: timedelta) -> Night:
    """Newest night whose close is at or before ``now`` (UTC)."""
    return night_of(now - grace) - ONE_DAY


def nights_between(first: Night, last: Night, every: int = 1) -> list[Night]:
    """Nights from ``first`` to ``last``, both included, ``every`` days apart; empty when last < first."""
    return [first + timedelta(days=days) for days in range(0, (last - first).days + 1, every)]


def utc_now() -> datetime:
    """Wall clock as a naive UTC instant. Only jobs and landing may ask; a night's content never does."""
    return datetime.now(UTC).replace(tzinfo=None)
