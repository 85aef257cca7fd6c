"""Settings of a profile, measured on the events a file gives.

What belongs here: how long the history is, which nights can be built, how far ahead to judge, which tasks make sense,
and what each event type weighs. All figures are of the rows that the source's own SELECT accepts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from recsys_assets.nights import last_closed, utc_now
from recsys_assets.profile import Profile
from recsys_assets.selects.canonical import EVENT_TABLE, projection
from recsys_assets.storage.queries import column_types, first_value
from recsys_jobs.init.budget import Work, work_of
from recsys_jobs.init.repeats import Repeated, look_for_repeats
from recsys_jobs.init.vocabulary import LIKED, RATED, kind_of

if TYPE_CHECKING:
    import duckdb

    from recsys_assets.profile import Task

HORIZONS = (7, 14, 28)
"""Days ahead that a list may be judged, shortest first."""
SHORT_HORIZONS = (1, 2, 3, 5)
"""Those for a history that is too short for a week."""
ENOUGH_USERS = 500
ENOUGH_SHARE = 0.3
"""A window holds enough users with this many, or with this share of all."""
FEW_REPEATS = 0.05
"""Below this share of repeats only `discovery` is published."""
HISTORY_DAYS = 7
"""A file whose newest event is older than this is history."""
GRACE = timedelta(hours=2)
WEIGHTS = {"purchase": 1.0, "taken": 1.0, "cart": 0.3, "like": 0.3, "view": 0.1, "taken back": 0.0}
"""Weights of known kinds of events: 1.0 for what is taken for good, less for what only hints at it."""


@dataclass(frozen=True)
class Measured:
    """Figures of the accepted events."""

    n_events: int
    n_users: int
    n_items: int
    oldest: datetime
    newest: datetime
    types: dict[str, int]
    """Events by type, most first."""
    repeat_share: float
    """Share of user–item–days that are not the first of their user and item."""
    bulk_day: date
    """UTC day up to which 99.9% of the events lie: stray ones after it are no reason to build a night."""
    active_users: dict[int, int]
    """Users with an event in a typical (median) window of so many days before that day's end."""
    user: str
    """A user with a median number of events, to try things with."""
    work: Work
    """What the costs of algorithms grow with."""
    repeated: Repeated | None = None
    """Equal lines of one file; None: there are none."""


@dataclass(frozen=True)
class Nights:
    """Which nights a profile has."""

    horizon: int
    why: str
    """Why that horizon, for people."""
    is_history: bool
    first: date
    last: date
    """Night of the newest event."""
    demo: tuple[date, ...]
    """Oldest first, one horizon apart."""


def measure(con: duckdb.DuckDBPyConnection, events: str) -> Measured:
    """Figures of a source's events, of which there must be some.

    Parameters
    ----------
    events
        Text of the source's SELECT. It is run over the rows of the table ``seen``.
    """
    con.execute("create schema raw; create view raw.events as select *, rowid::uhugeint::uuid as landed_id from seen")
    given = [name.lower() for name in column_types(con, events)]
    rejected = " or ".join(f"({condition}) is true" for _, condition, _ in EVENT_TABLE.rules)
    accepted = (
        f"select * from (select {projection(EVENT_TABLE, given, 'events.sql')}, timestamp '{utc_now()}' as arrived_at "
        f"from ({events}\n) as given) where reject_reason is null and unreadable is null and not ({rejected})"
    )
    con.execute(
        "create temp table measured as select user_id, item_id, event_ts, event_type, rating, basket_id "
        f"from ({accepted})"
    )
    figures = con.execute(
        "select count(*), count(distinct user_id), count(distinct item_id), min(event_ts), max(event_ts), "
        "quantile_disc(event_ts::date, 0.999), count(distinct (user_id, item_id)), "
        "count(distinct (user_id, item_id, event_ts::date)) from measured"
    ).fetchall()[0]
    n_events, n_users, n_items, oldest, newest, bulk_day, n_pairs, n_pair_days = figures
    types = con.execute(
        "select event_type, count(*) from measured where event_type is not null group by event_type order by 2 desc, 1"
    ).fetchall()
    active = {
        days: int(
            first_value(
                con,
                "select coalesce(median(n), 0) from (select count(distinct user_id) as n from measured "
                "where event_ts::date <= $1 and datediff('day', event_ts::date, $1) < 4 * $2 "
                "group by datediff('day', event_ts::date, $1) // $2)",
                [bulk_day, days],
            )
        )
        for days in (*SHORT_HORIZONS, *HORIZONS)
    }
    user = first_value(
        con,
        "with counts as (select user_id, count(*) as n from measured group by user_id) "
        "select user_id from counts order by abs(n - (select median(n) from counts)), user_id limit 1",
    )
    repeats = 1 - n_pairs / n_pair_days
    return Measured(
        n_events,
        n_users,
        n_items,
        oldest,
        newest,
        dict(types),
        repeats,
        bulk_day,
        active,
        user,
        work_of(con),
        look_for_repeats(con, accepted),
    )


def plan_nights(measured: Measured) -> Nights:
    """Horizon and nights: two to publish, and before them as many of the pilots as leave two horizons of history."""
    now = utc_now()
    is_history = measured.newest < now - timedelta(days=HISTORY_DAYS)
    newest_closed = last_closed(now, GRACE)
    last_built = min(measured.bulk_day, newest_closed)
    n_days = (last_built - measured.oldest.date()).days + 1
    enough = min(ENOUGH_USERS, ENOUGH_SHARE * measured.n_users)
    fitting = [days for days in HORIZONS if 4 * days <= n_days]
    horizon = next((days for days in fitting if measured.active_users[days] >= enough), None)
    why = "the shortest, from a week on, in which enough users do something"
    if horizon is None:
        horizon = max(days for days in (*SHORT_HORIZONS, *fitting) if 4 * days <= max(n_days, 4))
        why = f"the longest that fits four times into {n_days:,} day(s) of history"
    n_pilots = min(Profile.model_fields["warm_up"].default, max(0, n_days // horizon - 3))
    nights = [last_built - n * timedelta(days=horizon) for n in range(n_pilots + 1, -1, -1)]
    nights = [night for night in nights if night >= measured.oldest.date()]
    last = measured.newest.date()
    return Nights(horizon, why, is_history, nights[0] if nights else newest_closed, last, tuple(nights[-2:]))


def tasks_of(measured: Measured) -> list[Task]:
    """Which lists make sense: what one may take again only where people do."""
    return ["discovery"] if measured.repeat_share < FEW_REPEATS else ["next", "discovery"]


def weigh(types: dict[str, int]) -> dict[str, float]:
    """Weight of each event type; those that are left out count for nothing and are not graded.

    What was rated too low to be liked weighs 0: it was had, and nothing more.
    """
    known = {name: WEIGHTS.get(kind_of(name) or "") for name in types}
    weights = {name: weight for name, weight in known.items() if weight}
    if not weights:
        weights = dict.fromkeys((name for name in types if known[name] is None), 1.0) or dict.fromkeys(types, 1.0)
    most = max(weights.values())
    weights = {name: round(weight / most, 3) for name, weight in weights.items()}
    return weights | {RATED: 0.0} if {LIKED, RATED} <= types.keys() else weights
