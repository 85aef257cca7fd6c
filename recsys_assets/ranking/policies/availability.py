"""``[policy.availability]``: items that are not to be had, as far as the night knows."""

from __future__ import annotations

from pydantic import Field

from recsys_assets.ranking.policies.base import Effect, Offered, Rule, RuleSettings


class AvailabilitySettings(RuleSettings):
    """Settings of availability; what is retired (``retired_at``) is in no list with or without them."""

    unsold_days: int | None = Field(default=None, ge=1, le=3_660)
    """An item that nobody took for more than so many days before the cutoff counts as sold out (one never taken: since
    it became known). For shops that deliver no stock; None: no such item does."""
    attributes: dict[str, list[str]] = Field(default_factory=dict)
    """Values of columns of the item table that say an item is not to be had: ``{in_stock = ["false", "0"]}``."""


class Availability(Rule):
    """Takes what is not to be had out of every list."""

    name = "availability"
    description = "Items that are not to be had at the cutoff are left out."
    Settings = AvailabilitySettings

    def effect(self, offered: Offered) -> Effect:
        """Mark what is not to be had."""
        removed = offered.items.having(self.settings.attributes, "policy.availability.attributes")
        if self.settings.unsold_days is not None:
            # NaN, where nothing is known of an item, is no longer time than any.
            removed |= offered.items.numbers("unsold_days") > self.settings.unsold_days
        return Effect(removed=removed[offered.rows])
