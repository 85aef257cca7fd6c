"""What answers of `recsys_serving.routes.insights` look like; see `recsys_serving.schemas`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from recsys_serving.schemas import Item, OfRelease, Task


class Bundle(BaseModel):
    """What can be offered with an item, counted over the baskets of late."""

    rank: int
    items: list[Item] = Field(description="The other items, one or two.")
    n_together: int = Field(description="Baskets that held all of them.")
    support: float
    confidence: float
    lift: float
    price: float | None = Field(description="Of all together; null where one has none.")
    diversity: float | None = Field(description="Share of the pairs among them that differ in category.")
    fit: float | None = Field(
        description="Mean score of the other items in the user's list; null without a known user."
    )


class Bundles(OfRelease):
    """Bundles with an item; the user and the task are null where none was asked for."""

    item_id: str
    user_id: str | None
    known: bool | None
    task: Task | None
    bundles: list[Bundle]


class Movement(BaseModel):
    """How the share of users who take an item, or anything of a category, has moved."""

    rank: int
    item_id: str | None
    title: str | None
    category: str | None
    direction: Literal["rises", "falls"]
    n_users: int
    n_users_before: int
    share: float
    share_before: float
    z: float
    p: float
    q: float = Field(description="Least false discovery rate at which it counts (Benjamini and Hochberg, 1995).")


class Movements(OfRelease):
    """What rises and falls."""

    kind: Literal["item", "category"]
    movements: list[Movement]


class CategoryShare(BaseModel):
    """A category, and its share of what a user takes."""

    category: str
    share: float


class Segment(BaseModel):
    """A group that a user is in."""

    segment: str
    value: str


class ProfileSaid(BaseModel):
    """What a user is like."""

    categories: list[CategoryShare]
    price_level: float | None = Field(description="1 is typical of the categories.")
    value_per_basket: float | None
    basket_size: float | None
    repeat_share: float | None
    new_share_28d: float | None
    usual_gap_days: float | None
    usual_weekday: int | None = Field(description="1 is Monday, UTC.")
    usual_hour: int | None = Field(description="Of the day, UTC.")
    store: str | None
    segments: list[Segment]


class Profile(OfRelease):
    """A user's profile; null for whom the release does not know, or knows nothing of."""

    user_id: str
    known: bool
    profile: ProfileSaid | None
