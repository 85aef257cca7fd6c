"""``[policy.boost]``: items that stand higher than they would, until a night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import Field, model_validator

from recsys_assets.ranking.policies.base import Effect, Offered, Rule, RuleSettings


class Boosted(RuleSettings):
    """Some items and what they gain."""

    items: list[str] = Field(default_factory=list)
    """Ids of items, as delivered."""
    attributes: dict[str, list[str]] = Field(default_factory=dict)
    """Values of columns of the item table: ``{brand = ["Private"]}``."""
    factor: float = Field(default=1.5, gt=0, le=100)
    """What the relevance of each is multiplied with; below 1 it stands lower. An item that the ranking does not hold
    gains nothing."""
    until: date
    """Last night on which it holds."""

    @model_validator(mode="after")
    def _some(self) -> Boosted:
        if not (self.items or self.attributes):
            raise ValueError("names no items; give items or attributes")
        return self


class BoostSettings(RuleSettings):
    """Settings of what is boosted."""

    entries: list[Boosted] = Field(default_factory=list)
    """A table each: ``[[policy.boost.entries]]``. What several of them name gains by each."""
    promoted: float | None = Field(default=None, gt=0, le=100)
    """The same factor for every item on promotion in the week that runs at the cutoff, where the source has promotions
    (Complete Journey's displays and mailers); None: promotions move nothing."""


class Boost(Rule):
    """Multiplies the relevance of some items."""

    name = "boost"
    description = "Items that the profile names, or that are on promotion, stand higher."
    Settings = BoostSettings

    def in_force(self, night: date) -> bool:
        """Whether an entry has not ended, or promotions count."""
        return self.settings.promoted is not None or any(entry.until >= night for entry in self.settings.entries)

    def tables(self) -> Mapping[str, Mapping[str, Any]]:
        """What is on promotion, where that counts."""
        return {"promoted": {}} if self.settings.promoted is not None else {}

    def named(self, night: date) -> list[Mapping[str, Sequence[str]]]:
        """Items and attributes of entries that have not ended."""
        held = [entry for entry in self.settings.entries if entry.until >= night]
        return [{"item_id": entry.items} | entry.attributes for entry in held]

    def effect(self, offered: Offered) -> Effect:
        """Factor of each row."""
        import numpy as np

        factors = np.ones(len(offered.items.keys))
        for entry in self.settings.entries:
            if entry.until >= offered.night and offered.task in entry.tasks:
                wanted = {"item_id": entry.items} | entry.attributes
                factors[offered.items.having(wanted, "policy.boost.entries")] *= entry.factor
        if self.settings.promoted is not None:
            on_promotion = np.isin(offered.items.keys, offered.tables["promoted"]["item_key"].to_numpy())
            factors[on_promotion] *= self.settings.promoted
        return Effect(factors=factors[offered.rows])
