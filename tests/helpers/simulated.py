"""Simulated nights of a shop in which nothing leaks: heavy tails, drifting popularity, seasons, newcomers, bursts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
N_PERIODS = 20
"""Horizons before the cutoff."""


def clean_night(rng: np.random.Generator, n: int, horizon: int = 7) -> tuple[Arrays, Arrays]:
    """Histories of n entities around a cutoff, and columns that know nothing of what came after it.

    Events of an entity and horizon are negative binomial (bursts); its rate is log-normal (heavy tails) and drifts as a
    random walk; a season moves all and some categories more; a fifth of the entities came within the last months.
    """
    fame, drift = rng.normal(-0.5, 1.5, n), rng.choice([0.05, 0.15, 0.3])
    category, season = rng.integers(0, 8, n), rng.normal(0, 0.3, (8, N_PERIODS + 1))
    walk = np.cumsum(rng.normal(0, drift, (n, N_PERIODS + 1)), axis=1)
    born = np.where(rng.random(n) < 0.2, rng.integers(0, N_PERIODS - 1, n), 0)
    rate = np.exp(fame[:, None] + rng.normal(0, 0.5, 8)[category][:, None] + walk + np.cumsum(season, axis=1)[category])
    rate *= np.arange(N_PERIODS + 1) >= born[:, None]
    events = rng.poisson(rng.gamma(2.0, 0.5, rate.shape) * rate)
    known = events[:, : N_PERIODS - 1].sum(axis=1) > 0  # With a first event older than one horizon.
    events, rate, category, fame = events[known], rate[known], category[known], fame[known]
    price = np.exp(rng.normal(1, 0.8, len(events)) + rng.uniform(-0.4, 0.4) * fame)
    history = history_of(rng, events, price, horizon)
    visible, past = history["n_before"], events[:, :N_PERIODS]
    columns: Arrays = {
        "price": price,
        "noise": rng.normal(size=len(events)),
        "category": np.array([f"c{place}" for place in category], dtype=object),
        "total": visible,
        "old_total": past[:, :-2].sum(axis=1),
        "decayed": past @ 0.8 ** np.arange(N_PERIODS)[::-1],
        "growth": (past[:, -1] + 1) / (past[:, -2] + 1),
        "revenue": history["value_before"],
        "rating": np.where(rng.random(len(events)) < 0.5, np.nan, rng.integers(1, 6, len(events)) + fame / 4),
        "market_rank": np.log1p(rate[:, N_PERIODS - 3]) + rng.normal(0, 0.5, len(events)),
        "market_total": visible + rng.poisson(4 * rate[:, :N_PERIODS].sum(axis=1)),
        "sister_total": visible + rng.poisson(0.2 * rate[:, :N_PERIODS].sum(axis=1)),
        "id": np.array([f"i{place}" for place in range(len(events))], dtype=object),
        "constant": np.ones(len(events)),
        "empty": np.full(len(events), np.nan),
    }
    return history, columns


def history_of(rng: np.random.Generator, events: NDArray[np.int64], price: NDArray[np.float64], horizon: int) -> Arrays:
    """What `judge_columns` wants, of events by entity and horizon, the last of them after the cutoff."""
    past, after = events[:, :-1], events[:, -1]
    pieces = events + rng.binomial(events, 0.3)
    value = pieces * price[:, None]

    def recency(counts: NDArray[np.int64]) -> NDArray[np.float64]:
        newest_first = counts[:, ::-1] > 0
        whole, last = (
            newest_first.argmax(axis=1),
            np.take_along_axis(counts[:, ::-1], newest_first.argmax(axis=1)[:, None], axis=1)[:, 0],
        )
        days = horizon * (whole + rng.beta(1, np.maximum(last, 1)))
        return np.where(newest_first.any(axis=1), days, np.nan)

    halved = 0.5 ** ((np.arange(past.shape[1])[::-1] + 0.5) / 2)
    first = (past > 0).argmax(axis=1)
    return {
        "n_before": past.sum(axis=1).astype(float),
        "n_after": after.astype(float),
        "quantity_before": pieces[:, :-1].sum(axis=1).astype(float),
        "quantity_after": pieces[:, -1].astype(float),
        "value_before": value[:, :-1].sum(axis=1),
        "value_after": value[:, -1],
        "n_last": past[:, -1].astype(float),
        "n_second": past[:, -2].astype(float),
        "n_third": past[:, -3].astype(float),
        "decayed": past @ halved,
        "earlier_decayed": past[:, :-1] @ halved[1:],
        "recency_days": recency(past),
        "earlier_recency_days": recency(past[:, :-1]),
        "age_days": horizon * (past.shape[1] - first - rng.random(len(events))),
    }


def clean_examples(rng: np.random.Generator, n: int, horizon: int = 7) -> tuple[Arrays, Arrays, NDArray[np.bool_]]:
    """Features of a graded night's n candidates and of as many tonight, and what was taken of the former.

    Candidates are wanted more or less, and features tell that with more or less noise: counts, days since the last
    event (none for a third), a score, a share, a price. From night to night prices and demand move.
    """

    def features(want: NDArray[np.float64], demand: float, days: float) -> Arrays:
        counts = rng.poisson(np.exp(1.2 * want + demand))
        recency = rng.exponential(np.exp(3 - 0.7 * want)) + days
        columns = {
            "n_events": counts.astype(np.float64),
            "decayed": counts * rng.beta(2, 2, n),
            "days_since": np.where(counts > 0, recency, np.nan),
            "score": want + rng.normal(0, 0.5, n),
            "share": counts / (counts + rng.poisson(4, n) + 1),
            "price": np.exp(rng.normal(1 + 0.1 * demand, 0.8, n)),
            "noise": rng.normal(size=n),
        }
        return {name: values.astype(np.float32) for name, values in columns.items()}

    want, wanted_tonight = rng.normal(size=n), rng.normal(size=n)
    taken = rng.random(n) < 1 / (1 + np.exp(4 - 1.5 * want))
    demand, move = rng.normal(0, 0.3, 2)
    return features(want, demand, 0.0), features(wanted_tonight, demand + move, float(horizon)), taken


DAYS = {
    "office": [(8, 18, 1.0)],
    "shop": [(10, 20, 1.0), (7, 22, 0.2)],
    "grocery": [(7, 22, 1.0), (15, 19, 0.8)],
    "restaurant": [(11, 14, 1.0), (18, 22, 1.0)],
    "news": [(6, 22, 0.6), (7, 14, 0.4)],
    "films": [(8, 24, 0.4), (17, 24, 0.4), (0, 2, 0.3)],
    "orders": [(7, 24, 0.7), (19, 23, 0.3)],
}
"""Hours in which people come to places of several kinds, each with its share."""


def clean_weeks(rng: np.random.Generator, n_weeks: int) -> NDArray[np.float64]:
    """Users by week and hour of day of a place whose clock is right, the newest week first; shape (n_weeks, 24).

    Weeks differ in how many come, and hours of a week in how busy they are; in one week daylight saving begins.
    """
    hours, day = np.arange(24), np.full(24, rng.uniform(0.01, 0.08))
    for first, last, share in DAYS[rng.choice(list(DAYS))]:
        day += share * ((hours >= first) & (hours < last))
    day = np.convolve(np.tile(day, 3), [0.25, 0.5, 0.25], mode="same")[24:48]
    mean = 10 ** rng.uniform(2.5, 5) * rng.gamma(20, 0.05, n_weeks)[:, None] * day / day.sum()
    mean *= rng.gamma(30, 1 / 30, mean.shape)
    begins = rng.integers(0, n_weeks)
    mean[:begins] = np.roll(mean[:begins], 1, axis=1)
    return rng.poisson(mean).astype(np.float64)
