"""``[policy.caps]``: at most so many items of one category, brand or seller in a list."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from recsys_assets.ranking.policies.base import Effect, Offered, Rule, RuleSettings


class CapsSettings(RuleSettings):
    """Most items of one value in a published list, by column of the item table: ``category = 3``."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[int, Field(ge=1)]]


class Caps(Rule):
    """Holds groups of items to a number; items without a value are in no group."""

    name = "caps"
    description = "At most so many items of one category, brand or seller."
    Settings = CapsSettings

    def effect(self, offered: Offered) -> Effect:
        """Groups by each column that has a cap."""
        columns = sorted((self.settings.__pydantic_extra__ or {}).items())
        items = offered.items
        return Effect(caps=tuple((items.codes(name, f"policy.caps.{name}")[0][offered.rows], n) for name, n in columns))
