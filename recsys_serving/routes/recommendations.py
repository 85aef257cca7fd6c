"""Lists of users, and why an item is in one."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, StrictStr, model_validator
from starlette.responses import Response

from recsys_serving.answers import Question, recommendations, said, task_of
from recsys_serving.newcomers import Preferences
from recsys_serving.problems import Problem
from recsys_serving.release import Release
from recsys_serving.routes.shared import (
    ItemId,
    K,
    Offset,
    OfRelease,
    UserId,
    answer,
    ask,
    described,
    known_item,
    services_of,
)
from recsys_serving.schemas import Batch, Explanation, Recommendations

router = APIRouter(tags=["recommendations"])
MAX_USERS, MAX_EXCLUDED = 100, 1_000
MAX_LIKES, MAX_ATTRIBUTES = 50, 20
_EXAMPLE = {
    "release": "2017-10-31-0a1b2c3d4e5f",
    "night": "2017-10-31",
    "task": "next",
    "user_id": "900",
    "known": True,
    "source": "list",
    "scope": None,
    "context": {"stored": None, "given": None, "used": None, "overrides_applied": False},
    "k": 1,
    "offset": 0,
    "n_more": 99,
    "items": [
        {
            "rank": 1,
            "item_id": "1082185",
            "title": "BANANAS",
            "category": "TROPICAL FRUIT",
            "department": "PRODUCE",
            "brand": "National",
            "price": 0.99,
            "score": 0.9999,
            "confidence": 0.62,
            "reason": "bought_again",
            "reason_algorithm": "buy_again",
            "reason_text": "bought 12 times, last 2 days ago",
            "evidence": {
                "item_id": "1082185",
                "title": "BANANAS",
                "category": "TROPICAL FRUIT",
                "department": "PRODUCE",
                "brand": "National",
                "price": 0.99,
                "count": 12,
                "days": 2.31,
            },
        }
    ],
}
_EXPLAINED = {
    "release": "2017-10-31-0a1b2c3d4e5f",
    "night": "2017-10-31",
    "user_id": "900",
    "known": True,
    "item_id": "1082185",
    "listings": [
        {
            "task": "next",
            "rank": 1,
            "score": 0.9999,
            "raw_score": 0.071,
            "configuration": "fusion",
            "algorithms": [{"algorithm": "buy_again", "rank": 1}, {"algorithm": "ease", "rank": 3}],
            "reason": "bought_again",
            "reason_algorithm": "buy_again",
            "reason_text": "bought 12 times, last 2 days ago",
            "evidence_item_id": "1082185",
            "evidence_count": 12,
            "evidence_days": 2.3125,
            "confidence": 0.62,
            "model_night": "2017-10-31",
            "contributions": [
                {
                    "explains": "raw_score",
                    "base": 0.0,
                    "parts": [
                        {"part": "buy_again", "contribution": 0.041},
                        {"part": "ease", "contribution": 0.03},
                    ],
                }
            ],
        }
    ],
    "facts": [
        {
            "fact": "had",
            "task": None,
            "rank": None,
            "item_id": "1082185",
            "title": "BANANAS",
            "n": 12,
            "days": 2.3125,
            "said": "among the last 200 events of the user",
        }
    ],
}
Id = Annotated[StrictStr, Field(max_length=500)] | StrictInt | StrictFloat

Weight = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]


class Context(BaseModel):
    """Where and how somebody asks; it counts for those whom the release does not know."""

    model_config = ConfigDict(extra="forbid")
    device: str | None = Field(None, max_length=200, examples=["mobile"])
    os: str | None = Field(None, max_length=200)
    country: str | None = Field(None, max_length=200, examples=["NL"])
    region: str | None = Field(None, max_length=200)
    store: str | None = Field(None, max_length=200)
    attributes: dict[Annotated[str, Field(max_length=200)], Annotated[str, Field(max_length=200)]] = Field(
        default_factory=dict, max_length=MAX_ATTRIBUTES, description="What else is known of them, as age or gender."
    )


class Likes(BaseModel):
    """What a newcomer says they like, each with a weight above 0; of those the release knows it changes nothing."""

    model_config = ConfigDict(extra="forbid")
    categories: dict[Annotated[str, Field(max_length=500)], Weight] = Field(default_factory=dict, max_length=MAX_LIKES)
    items: dict[Annotated[str, Field(max_length=500)], Weight] = Field(default_factory=dict, max_length=MAX_LIKES)


class Asked(BaseModel):
    """What is asked for one user, or alike for several."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"user": "900", "k": 5, "exclude": ["1082185"]}],
            "oneOf": [
                {"required": [given], "properties": {given: {"not": {"type": "null"}}, other: {"type": "null"}}}
                for given, other in (("user", "users"), ("users", "user"))
            ],
        },
    )
    user: Id | None = Field(None, description="One user's id.")
    users: list[Id] | None = Field(None, min_length=1, max_length=MAX_USERS, description="Several users' ids.")
    task: Literal["next", "discovery"] | None = None
    k: int = Field(10, ge=0, le=100)
    offset: int = Field(0, ge=0, le=10_000)
    category: str | None = Field(None, max_length=500)
    context: Context | None = None
    preferences: Likes | None = Field(None, examples=[{"categories": {"TROPICAL FRUIT": 1}, "items": {"1082185": 2}}])
    exclude: list[Id] = Field(default_factory=list, max_length=MAX_EXCLUDED, description="Items not to show.")
    seen: list[Id] = Field(default_factory=list, max_length=MAX_EXCLUDED, description="Items shown or taken lately.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Asked:
        if (self.user is None) == (self.users is None):
            raise ValueError("give user, or users")
        return self


@router.get("/v1/users/{user_id}/recommendations", responses=described(Recommendations, _EXAMPLE))
async def of_user(
    request: Request,
    release: OfRelease,
    user_id: UserId,
    task: Annotated[
        str | None, Query(max_length=50, description="next or discovery; without, the first there is.")
    ] = None,
    k: K = 10,
    offset: Offset = 0,
    category: Annotated[str | None, Query(max_length=500, description="Only items of this category.")] = None,
    exclude: Annotated[
        list[str] | None, Query(max_length=MAX_EXCLUDED, description="Ids of items not to show.")
    ] = None,
    explain: Annotated[bool, Query(description="Who proposed each item at which rank, and the raw score.")] = False,
) -> Response:
    """The list of a user, best first; whom the release does not know gets what is trending, and `known` says so."""
    question = Question(user_id, task, k, offset, category, exclude or (), language=request.scope["language"])
    behind = await _proposals(release, question) if explain else None
    content, source = recommendations(release, question, behind)
    if source != "list":
        services_of(request).metrics.fallbacks[source] += 1
    return answer(content)


@router.post("/v1/recommendations", responses=described(Recommendations | Batch, _EXAMPLE))
async def of_users(request: Request, release: OfRelease, asked: Asked) -> Response:
    """The same for one user or up to 100, with a context and with items not to show; of `users` a list of answers."""
    context = asked.context.model_dump(exclude_none=True) if asked.context else {}
    context = context.pop("attributes", {}) | context
    likes = asked.preferences
    preferences = None if likes is None else Preferences(likes.categories, likes.items)
    hidden = [str(item) for item in (*asked.exclude, *asked.seen)]
    contents, language = [], request.scope["language"]
    for user in asked.users if asked.users is not None else [asked.user]:
        of_lists = (asked.task, asked.k, asked.offset, asked.category, hidden, context)
        question = Question(str(user), *of_lists, language=language, preferences=preferences)
        content, source = recommendations(release, question)
        if source != "list":
            services_of(request).metrics.fallbacks[source] += 1
        contents.append(content)
    if asked.users is None:
        return answer(contents[0])
    head = said({"release": release.name, "night": str(release.night)})[:-1]
    return answer(head + b',"answers":[' + b",".join(contents) + b"]}")


@router.get("/v1/explain/{user_id}/{item_id}", responses=described(Explanation, _EXPLAINED))
async def explain(request: Request, release: OfRelease, user_id: UserId, item_id: ItemId) -> Response:
    """What the release can say of any user and item: where it is listed and why; 404 for unknown items.

    `facts` has what speaks for the item and what does not, listed or not: whether the user had it, what they had that
    it goes with, which algorithms proposed it, where it is trending; null where the release is of an earlier version.
    """
    item, user = known_item(release, item_id), release.users.place_of_id(user_id)
    found: dict[str, Any] = {
        "release": release.name,
        "night": str(release.night),
        "user_id": release.users[user].decode() if user is not None else user_id,
        "known": user is not None,
        "item_id": release.items[item].decode(),
        "listings": [],
        "facts": None,
    }
    asked = {"user_id": found["user_id"], "item_id": found["item_id"]}
    if user is not None:
        found["listings"] = await _listings(release, user, item, request.scope["language"])
    try:
        found["facts"] = await ask(release, "pair", **asked)
    except Problem as problem:
        if problem.status != 409:  # The release is of an earlier version, which has no such macro.
            raise
    return answer(said(found))


async def _listings(release: Release, user: int, item: int, language: int) -> list[dict[str, Any]]:
    """Where an item stands in a known user's lists, with its reason in a language and what its scores are made of."""
    asked = {"user_id": release.users[user].decode(), "item_id": release.items[item].decode()}
    listings = await ask(release, "explanation", **asked)
    try:
        parts = await ask(release, "contributions", **asked)
    except Problem as problem:
        if problem.status != 409:  # A release of an earlier version has none.
            raise
        parts = []
    for listing in listings:
        task, rank = release.tasks.index(listing["task"]), listing["rank"]
        ((_, _, reason, evidence, n, days, _),) = release.listed(task, user, rank - 1, rank)
        said = json.loads(b"{%b}" % release.reason_json(reason, evidence, n, days, language))
        listing["reason_text"] = said["reason_text"]
        listing["contributions"] = [
            {name: each[name] for name in ("explains", "base", "parts")}
            for each in parts
            if each["task"] == listing["task"]
        ]
    return listings


async def _proposals(release: Release, question: Question) -> dict[int, dict[str, Any]]:
    """What stands behind each item of a user's list, by its place; nothing of an unknown one's."""
    task, user = task_of(release, question.task), release.users.place_of_id(question.user)
    if user is None:
        return {}
    rows = await ask(release, "proposals", user_id=release.users[user].decode(), task=release.tasks[task])
    listed = release.listed(task, user)
    return {listed[row.pop("rank") - 1][0]: row for row in rows}
