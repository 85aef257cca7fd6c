"""Budget: which algorithms a night can afford, by what each costs on data of this size.

What belongs here: the work in a file's events, what a unit of it costs, and the choice. The figures rest on commands
that stand beside them; they tell minutes from hours, and no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recsys_jobs.init.look import InitError

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

EASE_ITEMS = 3_000
"""Items that EASE learns of a catalogue, by its default."""
ALS_ITEMS = 10_000
"""Items that ALS learns, by its default."""
PROFILE_ITEMS = 60
"""Items of a user that TIFU-kNN goes by, by its default."""


@dataclass(frozen=True)
class Work:
    """How much there is to learn from: what the costs of algorithms grow with."""

    n_events: int
    n_users: int
    n_items: int
    n_pairs: int
    """Distinct pairs of user and item."""
    user_squares: int
    """Sum over users of the square of their distinct items."""
    item_squares: int
    """Sum over items of the square of their distinct users."""
    ease_share: float
    """Share of the events that are of the items EASE learns."""


def work_of(con: duckdb.DuckDBPyConnection) -> Work:
    """Work in the events of the table ``measured``, of which there must be some."""
    figures = con.execute(
        "with pairs as (select user_id, item_id, count(*) as n from measured group by all), "
        "users as (select count(*) as n_items from pairs group by user_id), "
        "items as (select count(*) as n_users, sum(n) as n_events from pairs group by item_id), "
        "most as (select n_events from items order by n_users desc, n_events desc limit $1) "
        "select (select sum(n) from pairs)::bigint, (select count(*) from users), (select count(*) from items), "
        "(select count(*) from pairs), (select sum(n_items ** 2) from users)::bigint, "
        "(select sum(n_users ** 2) from items)::bigint, (select sum(n_events) from most) / (select sum(n) from pairs)",
        [EASE_ITEMS],
    ).fetchall()[0]
    return Work(*figures)


@dataclass(frozen=True)
class Cost:
    """What an algorithm costs: work by `Work`, as its docstring has it, and microseconds a unit."""

    fit_work: Callable[[Work], float]
    fit_us: float
    list_work: Callable[[Work], float]
    list_us: float

    def seconds(self, work: Work) -> float:
        """Of fitting it and of making its lists."""
        return (self.fit_us * self.fit_work(work) + self.list_us * self.list_work(work)) / 1e6


_POPULARITY = Cost(lambda w: w.n_events, 2, lambda w: w.n_users, 50)
COSTS: dict[str, Cost] = {
    "popularity": _POPULARITY,
    "buy_again": Cost(lambda w: w.n_events, 0.9, lambda w: w.n_users, 30),
    "item_knn": Cost(lambda w: w.user_squares, 0.05, lambda w: 200 * w.n_pairs, 0.02),
    "als": Cost(
        lambda w: 64 * w.n_pairs + 64**2 * (w.n_users + min(w.n_items, ALS_ITEMS)),
        0.12,
        lambda w: 64 * w.n_users * min(w.n_items, ALS_ITEMS),
        0.0005,
    ),
    "repeat_purchase": Cost(lambda w: w.n_events, 1.2, lambda w: w.n_users, 3),
    "tifu_knn": Cost(lambda w: w.item_squares, 0.04, lambda w: 100 * PROFILE_ITEMS * w.n_users, 0.04),
    "user_knn": Cost(lambda w: w.item_squares, 0.06, lambda w: 300 * w.n_users, 0.9),
    "ease": Cost(lambda w: min(w.n_items, EASE_ITEMS) ** 3, 0.0002, lambda w: 200 * w.n_pairs, 0.02),
    "rp3beta": Cost(lambda w: w.user_squares, 0.05, lambda w: 200 * w.n_pairs, 0.02),
    "popularity_7d": _POPULARITY,
    "popularity_90d": _POPULARITY,
}
"""Measured by ``EVENTS=100000,300000,1000000 python -m benchmarks algorithm_costs`` on two busy processors, the
greatest of 300,000 and 1,000,000 events each; in the order in which a profile takes them in while its budget lasts."""
INSTANCES = {
    f"popularity_{days}d": ['algorithm = "popularity"', f"half_life_days = {days}.0", "weight = 0.0"]
    for days in (7, 90)
}
"""Lines of a profile for those that are instances of another algorithm: how long the same things stay popular differs
most between data sets (docs/ranking.md has what 7 days are worth on films). They have no say in the fusion before a
night was graded, as one opinion would count three times."""
FIXED_SECONDS = 15.0
"""A night of next to nothing; by ``SIZES=0.05,0.4 python -m benchmarks growth``, models and candidates left out."""
EVENT_US = 3.0
"""Log and features, an event; by ``SYNTHETIC=few RUNS=1 python -m benchmarks rivals`` (docs/performance.md)."""
USER_US, USER_ALGORITHM_US = 400.0, 200.0
"""Ranking, grades, checks and release, a user, and for each algorithm besides; by the same two."""
AUDIT_FACTOR = 1.25
"""What a night takes with its audit on a sample of users, by the clock; by ``python -m benchmarks checks``."""
NOT_FOR_DISCOVERY = {
    "buy_again": "it lists only what users had",
    "repeat_purchase": "it lists only what users had",
    "tifu_knn": "it rests on what users take again",
}
"""Those that are left out where nobody takes an item twice, and why."""
ENOUGH_OF_CATALOGUE = 0.5
"""EASE is left out where the items that it learns hold less than this share of the events."""
COMFORTABLE_SECONDS = 1800.0
"""Budget of a night where nobody names one."""


@dataclass(frozen=True)
class Choice:
    """The algorithms of a profile, and what they rest on."""

    algorithms: tuple[str, ...]
    left_out: dict[str, str]
    """Reason by name, for people."""
    seconds: float
    """What a night is estimated to take."""
    budget: float
    """Seconds that it may take."""
    was_given: bool
    """Whether somebody named the budget."""

    @property
    def sentence(self) -> str:
        """The estimate beside the budget, for people."""
        budget = f"a budget of {duration(self.budget)}" + (
            "" if self.was_given else " (the default; --budget changes it)"
        )
        sentence = f"A night with them is estimated at {duration(self.seconds)} on two idle processors, of {budget}"
        if self.seconds > self.budget:
            sentence += ", which not even popularity alone can keep: take fewer events, or a larger budget"
        return sentence + "."


def choose_algorithms(work: Work, tasks: list[str], budget: float | None) -> Choice:
    """Take algorithms in, the most useful first, as long as a night stays within its budget.

    Parameters
    ----------
    budget
        Seconds; None: what is comfortable.
    """
    within = COMFORTABLE_SECONDS if budget is None else budget
    taken: list[str] = []
    left_out: dict[str, str] = {}
    for name in COSTS:
        seconds = night_seconds(work, [*taken, name])
        if name in NOT_FOR_DISCOVERY and "next" not in tasks:
            left_out[name] = NOT_FOR_DISCOVERY[name]
        elif name == "ease" and work.ease_share < ENOUGH_OF_CATALOGUE:
            left_out[name] = f"the {EASE_ITEMS:,} items it learns hold {work.ease_share:.0%} of the events"
        elif taken and seconds > within:
            left_out[name] = f"it would add {duration(seconds - night_seconds(work, taken))}"
        else:
            taken.append(name)
    return Choice(tuple(taken), left_out, night_seconds(work, taken), within, budget is not None)


def night_seconds(work: Work, algorithms: list[str]) -> float:
    """Estimate of a whole night, its audit among it."""
    learning = sum(COSTS[name].seconds(work) for name in algorithms)
    per_user = USER_US + USER_ALGORITHM_US * len(algorithms)
    return AUDIT_FACTOR * (FIXED_SECONDS + (EVENT_US * work.n_events + per_user * work.n_users) / 1e6 + learning)


def duration(seconds: float) -> str:
    """Seconds as people say them, to two figures: ``45 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def read_budget(given: str) -> float:
    """Seconds of a budget such as ``90s``, ``10m`` or ``1h30m``.

    Raises
    ------
    InitError
        When it is none.
    """
    units = {"h": 3600, "m": 60, "s": 1}
    parts = re.fullmatch(
        r"(?:([0-9.]+)h)?(?:([0-9.]+)m(?:in)?)?(?:([0-9.]+)s)?", given.strip().lower().replace(" ", "")
    )
    try:
        seconds = (
            sum(float(n) * unit for n, unit in zip(parts.groups(), units.values(), strict=True) if n) if parts else 0
        )
    except ValueError:
        seconds = 0
    if seconds <= 0:
        raise InitError(f"--budget {given!r}: give how long a night may take, such as 90s, 10m or 1h30m.")
    return seconds
