"""What answers look like, for GET /openapi.json: an API client is made from it, and the tests hold answers to it.

What belongs here: the forms alone. Answers are written as bytes in `recsys_serving.answers`, so nothing of this is run
when one is made.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

Task = Literal["next", "discovery"]
Scalar = str | int | float | bool | None


class OfRelease(BaseModel):
    """What every answer of a release says first."""

    release: str
    night: str = Field(description="A UTC day.")


class Item(BaseModel):
    """An item as the release knows it."""

    item_id: str
    title: str | None
    category: str | None
    department: str | None
    brand: str | None
    price: float | None


class Evidence(BaseModel):
    """What a reason rests on; the item, where it rests on one, with all that is known of it."""

    item_id: str | None = None
    title: str | None = None
    category: str | None = None
    department: str | None = None
    brand: str | None = None
    price: float | None = None
    count: int | None = Field(description="How often the user took that item, or how many people took this one.")
    days: float | None = Field(description="Age of that in days before the night's cutoff.")


class ProposedBy(BaseModel):
    """An algorithm that proposed an item."""

    algorithm: str
    rank: int


class Proposed(BaseModel):
    """What stands behind a place of a list, with explain=true."""

    raw_score: float | None
    configuration: str
    algorithms: list[ProposedBy]


class Recommended(Item):
    """A place of a list."""

    rank: int
    score: float | None = Field(
        description="In (0, 1]: the share of the night's rows that rank no higher; null from below the published list."
    )
    confidence: float | None = Field(
        description="How often such a row was taken within the horizon, in the nights graded so far; null: not known."
    )
    reason: str
    reason_algorithm: str | None
    reason_text: str
    evidence: Evidence | None
    proposed: Proposed | None = None


class ContextSaid(BaseModel):
    """Which context was stored and given, and which part of it counted."""

    stored: dict[str, str] | None
    given: dict[str, str] | None
    used: dict[str, str] | None
    overrides_applied: bool


class Recommendations(OfRelease):
    """The answer for one user."""

    task: Task
    user_id: str
    known: bool
    source: Literal["list", "preferences", "segment", "trending"]
    scope: str | None
    context: ContextSaid
    k: int
    offset: int
    n_more: int
    items: list[Recommended]


class Batch(OfRelease):
    """The answers for several users, in the order they were asked."""

    answers: list[Recommendations]


class Part(BaseModel):
    """What one algorithm or feature group adds to a sum."""

    part: str
    contribution: float


class Contributions(BaseModel):
    """What the score of a row is made of: the base and the parts add up to what is explained."""

    explains: Literal["raw_score", "lambdamart", "binary"] = Field(
        description="The raw score itself, or the sum of a kind of trees that orders the list (of binary the log odds)."
    )
    base: float
    parts: list[Part] = Field(description="The greatest first.")


class Listing(BaseModel):
    """A place of a user's list of one task, and all that stands behind it."""

    task: Task
    rank: int
    score: float | None
    raw_score: float | None
    configuration: str
    algorithms: list[ProposedBy]
    reason: str
    reason_algorithm: str | None
    reason_text: str
    evidence_item_id: str | None
    evidence_count: int | None
    evidence_days: float | None
    confidence: float | None
    model_night: str
    contributions: list[Contributions] = Field(description="Empty for users outside the release's sample.")


class Fact(BaseModel):
    """Something that the release knows of a user and an item; docs/release.md says which there are."""

    fact: str
    task: Task | None
    rank: int | None
    item_id: str | None
    title: str | None
    n: int | None
    days: float | None
    said: str


class Explanation(OfRelease):
    """Where an item stands in a user's lists, and all else that is known of the two."""

    user_id: str
    known: bool
    item_id: str
    listings: list[Listing]
    facts: list[Fact] | None = Field(description="The weightiest first; null: the release is of an earlier version.")


class RankedItem(Item):
    """An item in an order."""

    rank: int


class ScoredItem(RankedItem):
    """An item in the order of a score."""

    score: float


class SimilarItems(OfRelease):
    """Items that go with one."""

    item_id: str
    items: list[ScoredItem]


class TrendingItems(OfRelease):
    """What is trending in a scope."""

    scope: str
    offset: int
    n_more: int
    items: list[ScoredItem]


class Catalogue(OfRelease):
    """A page of the items."""

    n_items: int
    offset: int
    n_more: int
    items: list[RankedItem]


class Found(OfRelease):
    """What a search found."""

    n_found: int
    all_found: bool
    offset: int
    items: list[RankedItem]


class User(OfRelease):
    """A user; all but the first fields only of one whom the release knows."""

    user_id: str
    known: bool
    available_from: str | None = None
    n_events: int | None = None
    n_baskets: int | None = None
    n_items: int | None = None
    recency_days: float | None = None
    tenure_days: float | None = None
    n_listed: dict[str, int] | None = None


class Grades(OfRelease):
    """Rows of meta.grades, with its columns."""

    grades: list[dict[str, Scalar]]


class ReleaseKept(BaseModel):
    """A release that is kept."""

    release: str
    night: str
    built_at: str
    published_at: str | None
    is_current: bool


class Releases(BaseModel):
    """The releases that are kept."""

    current: str
    releases: list[ReleaseKept]


class Live(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class Ready(Live):
    """A release is open."""

    release: str


class Taken(BaseModel):
    """What became of the events of a call."""

    accepted: int
    repeated: int = Field(description="Those whose event_id the journal has already.")
