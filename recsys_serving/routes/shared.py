"""What routes share: the release that a request keeps, the forms of parameters, and answers of bytes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Path, Query, Request
from starlette.responses import Response

from recsys_serving.problems import Problem, wrong_field
from recsys_serving.release import Release

if TYPE_CHECKING:
    from recsys_serving.services import Services


async def release_of(
    request: Request,
    night: Annotated[
        str | None,
        # The front layer reads it, as it chooses the release.
        Query(description="An older night's release.", json_schema_extra={"format": "date"}, examples=["2017-10-31"]),
    ] = None,
    language: Annotated[
        str | None,
        Query(max_length=35, description="Language of reasons; without, by Accept-Language.", examples=["en"]),
    ] = None,
) -> Release:
    """The release that the request began with.

    Raises
    ------
    Problem
        422, when it does not tell reasons in the language.
    """
    release: Release = request.scope["release"]
    if language is not None and language not in release.languages:
        raise wrong_field("language", f"This release tells reasons in {', '.join(release.languages)}")
    return release


def services_of(request: Request) -> Services:
    """What all routes share."""
    services: Services = request.app.state.services
    return services


OfRelease = Annotated[Release, Depends(release_of)]
K = Annotated[int, Query(ge=0, le=100, description="How many items.")]
Offset = Annotated[int, Query(ge=0, le=10_000, description="How many items to pass over first.")]
UserId = Annotated[
    str, Path(max_length=500, description="A user's id, in any spelling: 17012, 17012.0.", examples=["900"])
]
ItemId = Annotated[str, Path(max_length=500, description="An item's id, in any spelling.", examples=["1082185"])]


def answer(content: bytes) -> Response:
    """An answer of JSON that is written already."""
    return Response(content, media_type="application/json")


def known_item(release: Release, given: str) -> int:
    """Place of an item.

    Raises
    ------
    Problem
        404, when the release does not know it.
    """
    place = release.items.place_of_id(given)
    if place is None:
        raise Problem(404, f"Release {release.name} knows no such item. GET /v1/search?q= finds items by title and id.")
    return place


async def ask(release: Release, name: str, **values: Any) -> list[dict[str, Any]]:
    """Rows of a question to the release's file, asked in a thread.

    Raises
    ------
    Problem
        503, when it takes too long; 409, when the release is of an earlier version that did not have it.
    """
    try:
        return await asyncio.to_thread(release.ask, name, **values)
    except TimeoutError as error:
        raise Problem(503, f"{error}. Ask for less, or again later.", headers={"Retry-After": "5"}) from error
    except LookupError as error:
        raise Problem(409, f"{error}. Build its night again, or ask for another night.") from error


def described(model: Any, content: dict[str, Any], status: int = 200) -> dict[int | str, dict[str, Any]]:
    """What the description of a route says of its answer: its form, one of `recsys_serving.schemas`, and an example."""
    about = "The answer." if status == 200 else "The disk has them; they land with the inbox's next file."
    return {status: {"description": about, "model": model, "content": {"application/json": {"example": content}}}}
