"""``[policy.price]``: items that cost what the user usually pays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from recsys_assets.ranking.policies.base import Effect, Offered, Rule, RuleSettings


class PriceSettings(RuleSettings):
    """Settings of price compatibility."""

    low: float = Field(default=0.05, ge=0, le=1)
    """Quantile of the prices that the user paid for one piece at which the user's band begins."""
    high: float = Field(default=0.95, ge=0, le=1)
    """Quantile at which it ends."""
    strength: float = Field(default=1.0, gt=0, le=1)
    """1: what costs less or more is left out; less: its relevance is multiplied with 1 - strength."""
    min_purchases: int = Field(default=5, ge=1)
    """Users with fewer priced purchases have no band yet."""

    @model_validator(mode="after")
    def _band(self) -> PriceSettings:
        if self.low >= self.high:
            raise ValueError(f"low = {self.low} is no lower than high = {self.high}; a band needs low < high")
        return self


class Price(Rule):
    """Leaves out, or weighs down, what costs other than what the user usually pays."""

    name = "price"
    description = "Items outside the user's usual prices are left out or weighed down."
    Settings = PriceSettings

    def tables(self) -> Mapping[str, Mapping[str, Any]]:
        """Each user's band."""
        of = self.settings
        return {"price_bands": {"low": of.low, "high": of.high, "min_purchases": of.min_purchases}}

    def effect(self, offered: Offered) -> Effect:
        """Mark what lies outside; an item without a price lies nowhere."""
        import numpy as np

        bands = offered.tables["price_bands"]
        of_user = np.searchsorted(bands["user_key"].to_numpy(), offered.users)
        known = np.append(bands["user_key"].to_numpy(), -1)[of_user] == offered.users
        low, high = (np.append(bands[name].to_numpy(), np.nan)[of_user] for name in ("low", "high"))
        low[~known], high[~known] = np.nan, np.nan
        prices = offered.items.numbers("price_paid")[offered.rows]
        outside = (prices < low[offered.list_of]) | (prices > high[offered.list_of])
        if self.settings.strength == 1:
            return Effect(removed=outside)
        return Effect(factors=np.where(outside, 1 - self.settings.strength, 1.0))
