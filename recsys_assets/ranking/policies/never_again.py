"""``[policy.never_again]``: who bought a fridge needs none for a while."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from recsys_assets.ranking.policies.base import Effect, Offered, Rule, RuleSettings


class NeverAgainSettings(RuleSettings):
    """Settings of the pause after a purchase."""

    by: str = "category"
    """Column of the item table whose values are bought so seldom."""
    days: dict[str, Annotated[float, Field(gt=0, le=36_600)]] = Field(default_factory=dict)
    """Days for which nothing of a value is shown after the user took something of it: ``{FRIDGES = 1000}``."""
    learned_quantile: float | None = Field(default=None, gt=0, lt=1)
    """For values without ``days``: this quantile of the days between two days on which a user took something of the
    value, over all users as of the night. With 0.05, nothing of it is shown for so long that 95 of 100 returns come
    later. Returns that were never made are in no interval, so it is rather too short. None: nothing is learned."""
    min_intervals: int = Field(default=100, ge=1)
    """Values with fewer such intervals have no learned pause."""


class NeverAgain(Rule):
    """Takes a value's items out of the lists of who took something of it lately."""

    name = "never_again"
    description = "Nothing of a category is shown for some days after something of it was taken."
    Settings = NeverAgainSettings

    def tables(self) -> Mapping[str, Mapping[str, Any]]:
        """What users took, and where asked the intervals between."""
        asked: dict[str, dict[str, Any]] = {"taken": {}}
        if self.settings.learned_quantile is not None:
            of = {"by": self.settings.by, "quantile": self.settings.learned_quantile}
            asked["gaps"] = of | {"min_intervals": self.settings.min_intervals}
        return asked

    def named(self, night: date) -> list[Mapping[str, Sequence[str]]]:
        """Values with days of their own."""
        return [{self.settings.by: list(self.settings.days)}]

    def effect(self, offered: Offered) -> Effect:
        """Mark what comes too soon."""
        import numpy as np

        codes, values = offered.items.codes(self.settings.by, "policy.never_again.by")
        gaps = {row["value"]: row["gap_days"] for row in offered.tables["gaps"].to_pylist()} if self._learns else {}
        pauses = np.array([(gaps | self.settings.days).get(value, 0.0) for value in values])
        taken = offered.tables["taken"]
        index_of = np.full(int(offered.items.keys.max(initial=-1)) + 1, -1, np.int64)
        index_of[offered.items.keys] = np.arange(len(offered.items.keys))
        theirs, value = taken["user_key"].to_numpy(), codes[index_of[taken["item_key"].to_numpy()]]
        # The last, which -1 stands for, has no pause.
        too_soon = taken["recency_days"].to_numpy() < np.append(pauses, 0.0)[value]
        paused = np.unique(theirs[too_soon].astype(np.int64) * (len(values) + 1) + value[too_soon])
        of_row = codes[offered.rows]
        asked = offered.users[offered.list_of].astype(np.int64) * (len(values) + 1) + of_row
        return Effect(removed=(of_row >= 0) & np.isin(asked, paused))

    @property
    def _learns(self) -> bool:
        return self.settings.learned_quantile is not None
