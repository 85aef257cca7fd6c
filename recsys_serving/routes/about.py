"""The release itself: users as it knows them, its grades, which releases there are, and how the server is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import PlainTextResponse, Response

from recsys_serving.answers import said
from recsys_serving.routes.shared import OfRelease, UserId, answer, ask, described, services_of
from recsys_serving.schemas import Grades, Live, Ready, Releases, User

router = APIRouter(tags=["about"])
_NAME, _NIGHT = "2017-10-31-0a1b2c3d4e5f", "2017-10-31"
_USER = {
    "release": _NAME,
    "night": _NIGHT,
    "user_id": "900",
    "known": True,
    "available_from": "2017-01-04",
    "n_events": 1204,
    "n_baskets": 88,
    "n_items": 512,
    "recency_days": 1.4,
    "tenure_days": 300.2,
    "n_listed": {"next": 20, "discovery": 20},
}
_GRADE = {
    "night": _NIGHT,
    "graded_night": "2017-10-24",
    "task": "next",
    "users": "known",
    "algorithm": "published",
    "k": 10,
    "metric": "ndcg",
    "mean": 0.281,
    "low": 0.27,
    "high": 0.29,
    "n_users": 1480,
    "cold_user_share": 0.002,
    "cold_item_share": 0.03,
    "status": "published",
}
_KEPT = {
    "release": _NAME,
    "night": _NIGHT,
    "built_at": "2017-11-01T02:04:31+00:00",
    "published_at": "2017-11-01T02:04:33+00:00",
    "is_current": True,
}


@router.get("/v1/users/{user_id}", responses=described(User, _USER))
async def user(release: OfRelease, user_id: UserId) -> Response:
    """How active a user is; whom the release does not know is no error, and `known` is false."""
    place = release.users.place_of_id(user_id)
    found = {"release": release.name, "night": str(release.night), "user_id": user_id, "known": place is not None}
    if place is not None:
        n_listed = {task: release.n_listed(number, place) for number, task in enumerate(release.tasks)}
        (row,) = await ask(release, "user", user_id=release.users[place].decode())
        found |= row | {"n_listed": n_listed}
    return answer(said(found))


@router.get(
    "/v1/grades",
    responses=described(Grades, {"release": _NAME, "night": _NIGHT, "grades": [_GRADE]}),
)
async def grades(
    release: OfRelease,
    task: Annotated[str | None, Query(max_length=50)] = None,
    algorithm: Annotated[str | None, Query(max_length=100, description="published for what was served.")] = None,
    metric: Annotated[str | None, Query(max_length=50, examples=["ndcg"])] = None,
    k: Annotated[int | None, Query(ge=1, le=1000, description="The cut: 1, 5, 10 or 20.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> Response:
    """How good the lists of earlier nights turned out to be, newest night first."""
    rows = await ask(release, "grades", task=task, algorithm=algorithm, metric=metric, k=k, limit=limit)
    return answer(said({"release": release.name, "night": str(release.night), "grades": rows}))


@router.get("/v1/releases", responses=described(Releases, {"current": _NAME, "releases": [_KEPT]}))
async def releases(request: Request) -> Response:
    """The releases that are kept, by night, and which one is current."""
    served = services_of(request).served
    current = served.current().name
    rows = [
        {
            "release": each.name,
            "night": each.night,
            "built_at": each.built_at.isoformat(),
            "published_at": each.published_at.isoformat() if each.published_at else None,
            "is_current": each.name == current,
        }
        for each in served.list()
    ]
    return answer(said({"current": current, "releases": rows}))


@router.get("/health/live", responses=described(Live, {"status": "ok"}))
async def live() -> Response:
    """Whether the process answers."""
    return answer(b'{"status":"ok"}')


@router.get("/health/ready", responses=described(Ready, {"status": "ok", "release": _NAME}))
async def ready(request: Request) -> Response:
    """Whether a release is open; 503 while none is."""
    return answer(said({"status": "ok", "release": services_of(request).served.current().name}))


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """What was counted, for Prometheus."""
    services = services_of(request)
    cutoff = datetime.combine(services.served.current().night, datetime.min.time(), UTC)
    age = (datetime.now(UTC) - cutoff).total_seconds() - 24 * 3600
    gauges = {"recsys_release_age_seconds": ("Seconds since the cutoff of the night that is served.", age)}
    return Response(services.metrics.text(gauges), media_type="text/plain; version=0.0.4")
