"""How figures and times are written where a page says them in words; tables and charts do it in the browser."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

NONE = "–"


def day(night: date) -> str:
    """A day as people read it: ``31 Oct 2017``."""
    return f"{night.day} {night:%b %Y}"


def instant(at: datetime) -> str:
    """A UTC instant as people read it: ``31 Oct 2017, 14:05``."""
    return f"{day(at)}, {at:%H:%M}"


def count(n: float | None) -> str:
    """A whole number with thousands apart."""
    return NONE if n is None else f"{n:,.0f}"


def figure(value: float | None, digits: int = 3) -> str:
    """A figure with so many digits behind the point."""
    return NONE if value is None or math.isnan(value) else f"{value:,.{digits}f}".replace("-", "−")


def interval(low: float | None, high: float | None, digits: int = 3) -> str:
    """The bounds of an interval."""
    return NONE if low is None or high is None else f"{figure(low, digits)} to {figure(high, digits)}"


def signed(value: float | None, digits: int = 3) -> str:
    """A difference, with its sign."""
    return NONE if value is None or math.isnan(value) else f"{value:+,.{digits}f}".replace("-", "−")


def share(value: float | None, digits: int = 0) -> str:
    """A share as a percentage."""
    return NONE if value is None or math.isnan(value) else f"{100 * value:.{digits}f}%"


def days(n: float) -> str:
    """A number of days in words."""
    return "1 day" if round(n) == 1 else f"{n:,.0f} days"


def age(n: float) -> str:
    """An age in days, in words."""
    return "less than a day" if n < 1 else days(int(n))


def span(seconds: float) -> str:
    """A length of time: ``4 min 12 s``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:,} min {rest} s" if minutes else f"{seconds:.1f} s"


def words(name: str) -> str:
    """A name of ours as words: ``tifu_knn`` is ``tifu knn``."""
    return name.replace("_", " ")


def metric_name(metric: str) -> str:
    """A metric as people write it: ``ndcg`` is ``NDCG``, ``hit_rate`` is ``Hit rate``."""
    return metric.upper() if metric in ("ndcg", "map", "mrr") else words(metric).capitalize()
