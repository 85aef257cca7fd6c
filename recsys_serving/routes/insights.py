"""What people and products use beside lists: bundles, what moves, and what a user is like."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from recsys_serving.answers import said, task_of
from recsys_serving.insight_schemas import Bundles, Movements, Profile
from recsys_serving.problems import Problem
from recsys_serving.release import Release
from recsys_serving.routes.shared import ItemId, OfRelease, UserId, answer, ask, described, known_item

router = APIRouter(tags=["insights"])
_RELEASE = {"release": "2017-10-31-0a1b2c3d4e5f", "night": "2017-10-31"}
_ITEM: dict[str, Any] = {
    "item_id": "1082185",
    "title": "BANANAS",
    "category": "TROPICAL FRUIT",
    "department": "PRODUCE",
}
_ITEM |= {"brand": "National", "price": 0.99}
_BUNDLE: dict[str, Any] = {
    "rank": 1,
    "items": [_ITEM],
    "n_together": 331,
    "support": 0.0096,
    "confidence": 0.31,
    "lift": 2.45,
}
_BUNDLE |= {"price": 1.97, "diversity": 1.0, "fit": None}
_OF_ITEM = _RELEASE | {"item_id": "981760", "user_id": None, "known": None, "task": None, "bundles": [_BUNDLE]}
_MOVED: dict[str, Any] = {
    "rank": 1,
    "item_id": None,
    "title": None,
    "category": "TURKEY",
    "direction": "rises",
    "n_users": 164,
}
_MOVED |= {"n_users_before": 79, "share": 0.081, "share_before": 0.04, "z": 5.49, "p": 3.9e-8, "q": 5.1e-6}
_PROFILE = {
    "categories": [{"category": "SOFT DRINKS", "share": 0.042}],
    "price_level": 1.22,
    "value_per_basket": 49.21,
    "basket_size": 14.6,
    "repeat_share": 0.3,
    "new_share_28d": None,
    "usual_gap_days": 5.5,
    "usual_weekday": 2,
    "usual_hour": 22,
    "store": "406",
    "segments": [{"segment": "activity", "value": "high"}],
}
MostBundles = Annotated[int, Query(ge=0, le=6, description="How many bundles; an item has six at most.")]


@router.get("/v1/items/{item_id}/bundles", responses=described(Bundles, _OF_ITEM))
async def of_item(release: OfRelease, item_id: ItemId, k: MostBundles = 5) -> Response:
    """What can be offered with an item as one bundle, the strongest first; 404 for unknown items."""
    item = release.items[known_item(release, item_id)].decode()
    bundles = await _bundles(release, item, k=k)
    return answer(said(_head(release) | _OF_NOBODY | {"item_id": item, "bundles": bundles}))


@router.get(
    "/v1/users/{user_id}/bundles/{item_id}",
    responses=described(
        Bundles,
        _OF_ITEM | {"user_id": "900", "known": True, "task": "discovery", "bundles": [_BUNDLE | {"fit": 0.4980}]},
    ),
)
async def of_user(
    release: OfRelease,
    user_id: UserId,
    item_id: ItemId,
    task: Annotated[
        str | None, Query(max_length=50, description="next or discovery; without, the first there is.")
    ] = None,
    k: MostBundles = 5,
) -> Response:
    """The same for a user: what ranks well in their list of the task first; in discovery without what they have."""
    item, user = release.items[known_item(release, item_id)].decode(), release.users.place_of_id(user_id)
    known = release.users[user].decode() if user is not None else None
    found: dict[str, Any] = {
        "user_id": known or user_id,
        "known": known is not None,
        "task": release.tasks[task_of(release, task)],
    }
    bundles = await _bundles(release, item, known, found["task"], k)
    return answer(said(_head(release) | found | {"item_id": item, "bundles": bundles}))


@router.get(
    "/v1/users/{user_id}/profile",
    responses=described(Profile, _RELEASE | {"user_id": "900", "known": True, "profile": _PROFILE}),
)
async def profile(release: OfRelease, user_id: UserId) -> Response:
    """What a user is like: categories, price level, rhythm and segments; null for whom the release does not know."""
    user = release.users.place_of_id(user_id)
    known = release.users[user].decode() if user is not None else None
    rows = await ask(release, "profile", user_id=known) if known is not None else []
    found = {"user_id": known or user_id, "known": known is not None, "profile": rows[0] if rows else None}
    return answer(said(_head(release) | found))


@router.get(
    "/v1/movements",
    responses=described(Movements, _RELEASE | {"kind": "category", "movements": [_MOVED]}),
)
async def movements(
    release: OfRelease,
    kind: Annotated[Literal["item", "category"], Query(description="What is counted.")] = "item",
    direction: Annotated[Literal["rises", "falls"] | None, Query(description="Only these.")] = None,
    max_q: Annotated[float, Query(ge=0, le=1, description="The share of rows that may be chance, at most.")] = 0.05,
    k: Annotated[int, Query(ge=0, le=1_000, description="How many rows.")] = 20,
) -> Response:
    """What rises and falls beyond chance, the surest first: shares of users in 28 days beside the 28 before."""
    rows = await ask(release, "movements", kind=kind, direction=direction or "both", max_q=max_q, most=k)
    moved = [row | {"direction": "rises" if row["z"] > 0 else "falls"} for row in rows]
    return answer(said(_head(release) | {"kind": kind, "movements": moved}))


_OF_NOBODY = {"user_id": None, "known": None, "task": None}


def _head(release: Release) -> dict[str, Any]:
    return {"release": release.name, "night": str(release.night)}


async def _bundles(
    release: Release, item_id: str, user_id: str | None = None, task: str | None = None, k: int = 5
) -> list[dict[str, Any]]:
    """Bundles of an item, with all that is known of their other items."""
    rows = await ask(release, "bundles", item_id=item_id, user_id=user_id, task=task, k=k)
    for row in rows:
        row.pop("titles")
        places = [release.items.place(part) for part in row["items"]]
        if None in places:
            raise Problem(
                409, f"Release {release.name} has a bundle with an item it does not know. Build its night again."
            )
        row["items"] = [json.loads(b"{%b}" % release.item_json(place)) for place in places if place is not None]
    return rows
