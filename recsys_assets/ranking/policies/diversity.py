"""``[policy.diversity]``: lists over several categories, by maximal marginal relevance."""

from __future__ import annotations

from pydantic import Field

from recsys_assets.ranking.policies.base import Effect, Offered, Rule, RuleSettings


class DiversitySettings(RuleSettings):
    """Settings of diversity."""

    strength: float = Field(default=0.1, gt=0, lt=1)
    """What likeness counts: each place goes to the item with the greatest (1 - strength) * relevance - strength *
    likeness, where likeness is 1 if the list has an item of the group already (Carbonell and Goldstein, SIGIR 1998)."""
    by: str = "category"
    """Column of the item table whose values are the groups; an item without one is like nothing."""


class Diversity(Rule):
    """Moves items of groups that a list has already behind those of new ones."""

    name = "diversity"
    description = "Items of categories that the list has already stand behind others."
    Settings = DiversitySettings

    def effect(self, offered: Offered) -> Effect:
        """Groups of the rows."""
        codes, _ = offered.items.codes(self.settings.by, "policy.diversity.by")
        return Effect(alike=(codes[offered.rows], self.settings.strength))
