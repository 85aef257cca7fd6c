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
