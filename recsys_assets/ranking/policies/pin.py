"""``[policy.pin]``: items that stand at a place of everybody's list, until a night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import Field

from recsys_assets.ranking.policies.base import Effect, Items, Offered, Rule, RuleSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Pinned(RuleSettings):
    """One item and its place."""

    item: str = Field(min_length=1)
    """Id of the item, as delivered. One that the night does not know is passed over."""
    place: int = Field(default=1, ge=1, le=20)
    """Its place in the list, from 1. Of two with one place the first that is named has it, the other the next."""
    until: date
    """Last night on which it holds."""


class PinSettings(RuleSettings):
    """Settings of what is pinned."""

    entries: list[Pinned] = Field(min_length=1)
    """A table each: ``[[policy.pin.entries]]``."""


class Pin(Rule):
    """Gives items their places; what another rule takes out is not pinned, nor in discovery what the user had."""

    name = "pin"
    description = "Items that the profile names stand at their places."
    Settings = PinSettings

    def in_force(self, night: date) -> bool:
        """Whether an entry has not ended."""
        return any(entry.until >= night for entry in self.settings.entries)

    def tables(self) -> Mapping[str, Mapping[str, Any]]:
        """Who had what is pinned."""
        return {"had": {"items": [entry.item for entry in self.settings.entries]}}

    def named(self, night: date) -> list[Mapping[str, Sequence[str]]]:
        """Items of entries that have not ended."""
        return [{"item_id": [entry.item for entry in self.settings.entries if entry.until >= night]}]

    def added(self, items: Items, night: date) -> NDArray[np.int32]:
        """Pinned items that the night knows."""
        import numpy as np

        (wanted,) = self.named(night)
        known = items.having(wanted, "policy.pin.entries") & ~items.table["is_retired"].to_numpy()
        return np.flatnonzero(known).astype(np.int32)

    def effect(self, offered: Offered) -> Effect:
        """Place of each pinned row."""
        import numpy as np

        places = np.zeros(len(offered.items.keys), np.int32)
        for entry in reversed(self.settings.entries):  # Of two entries of one item the first holds.
            if entry.until >= offered.night and offered.task in entry.tasks:
                places[offered.items.having({"item_id": [entry.item]}, "policy.pin.entries")] = entry.place
        pinned = places[offered.rows]
        if offered.task == "discovery":
            had, size = offered.tables["had"], int(offered.items.keys.max(initial=0)) + 1
            pairs = offered.users[offered.list_of].astype(np.int64) * size + offered.items.keys[offered.rows]
            theirs = had["user_key"].to_numpy().astype(np.int64) * size + had["item_key"].to_numpy()
            pinned[np.isin(pairs, theirs)] = 0
        return Effect(pinned=pinned)
