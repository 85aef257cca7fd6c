"""Items: what goes with one, what is trending, which there are, and finding one."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from recsys_serving.answers import items
from recsys_serving.problems import wrong_field
from recsys_serving.release import MAX_FOUND
from recsys_serving.routes.shared import ItemId, K, Offset, OfRelease, answer, described, known_item
from recsys_serving.schemas import Catalogue, Found, SimilarItems, TrendingItems

router = APIRouter(tags=["items"])
_RELEASE = {"release": "2017-10-31-0a1b2c3d4e5f", "night": "2017-10-31"}
_ITEM = {"rank": 1, "item_id": "1082185", "title": "BANANAS", "category": "TROPICAL FRUIT", "department": "PRODUCE"}
_ITEM |= {"brand": "National", "price": 0.99}
_SCORED = _ITEM | {"score": 0.41}


@router.get(
    "/v1/items/{item_id}/similar",
    responses=described(SimilarItems, _RELEASE | {"item_id": "981760", "items": [_SCORED]}),
)
async def similar(release: OfRelease, item_id: ItemId, k: K = 10) -> Response:
    """Items that go with an item, best first; 404 for unknown items."""
    item = known_item(release, item_id)
    rows = release.similar(item, k)
    more = {"item_id": release.items[item].decode()}
    return answer(items(release, [place for place, _ in rows], more, [score for _, score in rows]))


@router.get(
    "/v1/trending",
    responses=described(TrendingItems, _RELEASE | {"scope": "all", "offset": 0, "n_more": 99, "items": [_SCORED]}),
)
async def trending(
    release: OfRelease,
    scope: Annotated[
        str, Query(max_length=500, description="all, department:<name> or category:<name>.", examples=["all"])
    ] = "all",
    k: K = 10,
    offset: Offset = 0,
) -> Response:
    """What is trending, most first."""
    if scope != "all" and release.scopes.place(scope) is None:
        raise wrong_field("scope", "Nothing is trending in such a scope; all is always there")
    rows = release.trending(scope)
    shown = rows[offset : offset + k]
    more = {"scope": scope, "offset": offset, "n_more": max(len(rows) - offset - k, 0)}
    return answer(items(release, [row[0] for row in shown], more, [row[1] for row in shown]))


@router.get(
    "/v1/items",
    responses=described(Catalogue, _RELEASE | {"n_items": 62_173, "offset": 0, "n_more": 62_172, "items": [_ITEM]}),
)
async def catalogue(
    release: OfRelease,
    category: Annotated[str | None, Query(max_length=500, description="Only items of this category.")] = None,
    order: Annotated[Literal["id", "buyers"], Query(description="By id, or most bought first.")] = "id",
    k: K = 100,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Response:
    """The items that the release knows, a page at a time."""
    places = release.of_category(category) if category is not None else range(len(release.items))
    if order == "buyers":
        places = sorted(places, key=lambda place: (-release.n_buyers[place], place))
    more = {"n_items": len(places), "offset": offset, "n_more": max(len(places) - offset - k, 0)}
    return answer(items(release, places[offset : offset + k], more))


@router.get(
    "/v1/search",
    responses=described(Found, _RELEASE | {"n_found": 1, "all_found": True, "offset": 0, "items": [_ITEM]}),
)
async def search(
    release: OfRelease,
    q: Annotated[str, Query(min_length=1, max_length=200, description="Part of a title or id, in any case.")],
    k: K = 20,
    offset: Offset = 0,
) -> Response:
    """Items whose title or id holds a text: the id itself first, then those most bought."""
    found = release.search(q)
    more = {"n_found": len(found), "all_found": len(found) < MAX_FOUND, "offset": offset}
    return answer(items(release, found[offset : offset + k], more))
