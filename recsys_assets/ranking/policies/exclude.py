"""``[policy.exclude]``: items that nobody is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from pydantic import Field

from recsys_assets.ranking.policies.base import Effect, Offered, Rule, RuleSettings


class ExcludeSettings(RuleSettings):
    """Settings of the exclusion list."""

    items: list[str] = Field(default_factory=list)
    """Ids of items, as delivered."""
    attributes: dict[str, list[str]] = Field(default_factory=dict)
    """Values of columns of the item table: ``{department = ["TOBACCO"]}`` excludes every such item."""


class Exclude(Rule):
    """Takes listed items out of every list; what is trending and popular with unknown users is without them, too."""

    name = "exclude"
    description = "Items of the exclusion list are left out."
    Settings = ExcludeSettings

    def named(self, night: date) -> list[Mapping[str, Sequence[str]]]:
        """Items and attributes of the list."""
        return [{"item_id": self.settings.items} | self.settings.attributes]

    def effect(self, offered: Offered) -> Effect:
        """Mark what is excluded."""
        (wanted,) = self.named(offered.night)
        return Effect(removed=offered.items.having(wanted, "policy.exclude")[offered.rows])
