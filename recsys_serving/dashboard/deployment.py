"""The settings of a night and the weights of its fusion, as far as views need them.

What belongs here: reading them out of a release.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from recsys_serving.dashboard.blend import POINTS, points
from recsys_serving.dashboard.page import Absent

if TYPE_CHECKING:
    from datetime import date

    from recsys_serving.dashboard.page import Page
    from recsys_serving.release import Release


@dataclass(frozen=True)
class NightSettings:
    """Settings a release's night was built with."""

    horizon: int
    """Days that a list is judged by."""
    rrf_k: int
    """Damping of the fusion."""
    weighs: tuple[str, ...]
    """Kinds of events that count as taking an item."""
    weights: dict[str, float]
    """Weight of each algorithm while nothing is judged; they sum to 1."""


@dataclass(frozen=True)
class NightFusion:
    """How a night fused the lists of a task: an item's score is the sum of weight / (rrf_k + rank)."""

    rrf_k: int
    weights: dict[str, float]
    """By algorithm; they sum to 1."""
    whose: str
    """``the night's``; ``the profile's`` where an earlier version wrote the release, which did not tell them."""

    def part(self, algorithm: str, rank: int) -> float:
        """What a proposal counts in an item's score, as the night adds it: in whole multiples of 1e-12."""
        return points(self.weights.get(algorithm, 0.0), self.rrf_k, rank) / POINTS


async def night_fusion(page: Page, task: str, release: Release | None = None) -> NightFusion:
    """The fusion of a night's task.

    Raises
    ------
    Absent
        When the release does not hold its settings either.
    """
    try:
        rows = await page.ask("fusion", release or page.release, task=task)
    except Absent:
        rows = []
    if rows and rows[0]["fusion_weights"]:
        weights = {each["algorithm"]: each["weight"] for each in rows[0]["fusion_weights"]}
        return NightFusion(rows[0]["rrf_k"], weights, "the night's")
    settings = await night_settings(page, release)
    return NightFusion(settings.rrf_k, settings.weights, "the profile's")


async def night_settings(page: Page, release: Release | None = None) -> NightSettings:
    """Settings of a release; defaults for what it does not say.

    Raises
    ------
    Absent
        When it does not hold them.
    """
    rows = await page.ask("settings", release or page.release)
    said: dict[str, Any] = json.loads(rows[0]["settings"]) if rows else {}
    given = {name: float(each.get("weight", 1.0)) for name, each in said.get("algorithms", {}).items()}
    total = sum(given.values())
    return NightSettings(
        int(said.get("horizon", 7)),
        int(said.get("rrf_k", 60)),
        tuple(name for name, weight in said.get("event_weights", {"purchase": 1.0}).items() if weight > 0),
        {name: weight / total if total else 1 / len(given) for name, weight in given.items()},
    )


def judged_release(page: Page, horizon: int) -> Release:
    """The newest kept release whose lists are judged by what the page's release knows: a horizon older, or more.

    Raises
    ------
    Absent
        When none is kept.
    """
    nights: list[date] = [night for night in page.older() if night + timedelta(horizon) <= page.release.night]
    if not nights:
        raise Absent(
            f"No release is kept that is {horizon} days older, a horizon, so nothing shows yet what came of the lists."
        )
    return page.of_night(nights[0])
