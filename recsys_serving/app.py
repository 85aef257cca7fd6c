"""The application: its routes, what they share, and the description of them that GET /openapi.json gives.

What belongs here: putting the parts together. A route is a function of a module of `recsys_serving.routes`.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TextIO

from fastapi import FastAPI
from fastapi.routing import APIRoute

from recsys_serving.front import Front
from recsys_serving.paths import Paths
from recsys_serving.problems import MEDIA_TYPE, add_handlers
from recsys_serving.routes import about, feedback, insights, items, recommendations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from recsys_serving.keys import Keys
    from recsys_serving.services import Services

_PROBLEM = {
    "description": "What is wrong, and what to do (RFC 9457).",
    "content": {
        MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail"],
                "properties": {
                    "type": {"const": "about:blank"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "errors": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["field", "detail"],
                            "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
                        },
                    },
                },
            },
            "example": {
                "type": "about:blank",
                "title": "Unprocessable Content",
                "status": 422,
                "detail": "k: Input should be less than or equal to 100.",
                "errors": [{"field": "k", "detail": "Input should be less than or equal to 100"}],
            },
        }
    },
}
_MODULES = (recommendations, items, insights, about, feedback)
_ERRORS: dict[int | str, dict[str, Any]] = dict.fromkeys(
    (400, 401, 403, 404, 409, 413, 414, 415, 421, 422, 429, 503), _PROBLEM
)


def make_app(
    services: Services,
    keys: Keys,
    *,
    log: TextIO | None = None,
    log_paths: bool = False,
    origins: Sequence[str] = (),
    dashboard: bool = False,
) -> Front:
    """The application as a server runs it.

    Parameters
    ----------
    services
        What its routes share.
    keys
        Who may ask; without any, this machine alone.
    log
        Where a line a request goes; None: nowhere.
    log_paths
        Whether the line has the path and query, and so users' ids.
    origins
        Pages that may read answers in a browser (CORS), such as ``https://shop.example``.
    dashboard
        Whether there is a dashboard, at ``/``; one application of a process may have it.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if services.journal is not None:
            await services.journal.start()
        yield
        if services.journal is not None:
            await services.journal.stop()

    app = FastAPI(
        title="recsys",
        version="1",
        description="The lists of the published release: who is recommended what, and why. docs/serving.md says more.",
        lifespan=lifespan,
        docs_url=None,  # Their pages come from elsewhere on the network.
        redoc_url=None,
        responses=_ERRORS,
    )
    app.state.services = services
    app.openapi = lambda: _description(app)  # type: ignore[method-assign]
    for module in _MODULES:
        app.include_router(module.router)
    add_handlers(app)
    _allow(app, origins)
    pages = None
    if dashboard:
        from recsys_serving.dashboard.mount import Dashboard

        pages = Dashboard(app, services.served, keys)
    own = [route for module in _MODULES for route in module.router.routes]
    paths = Paths([*own, *app.routes, *(pages.routes if pages else ())])
    return Front(app, services.served, keys, services.metrics, log, log_paths=log_paths, dashboard=pages, paths=paths)


def _allow(app: FastAPI, origins: Sequence[str]) -> None:
    """Let pages of these origins read answers in a browser (CORS)."""
    if origins:
        from starlette.middleware.cors import CORSMiddleware

        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match"],
            expose_headers=["ETag"],
        )


def _description(app: FastAPI) -> dict[str, Any]:
    """The description with its examples as they were written: FastAPI leaves nulls out, which are part of answers."""
    if app.openapi_schema is None:
        said = FastAPI.openapi(app)
        for route in (route for module in _MODULES for route in module.router.routes if isinstance(route, APIRoute)):
            for status, body in route.responses.items():
                for media_type, shown in body.get("content", {}).items():
                    for method in route.methods or ():
                        told = said["paths"][route.path][method.lower()]["responses"][str(status)]["content"]
                        told[media_type]["example"] = shown["example"]
    return app.openapi_schema or {}
