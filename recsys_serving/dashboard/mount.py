"""The dashboard as a server runs it: NiceGUI, the views, and which requests are theirs.

What belongs here: putting the dashboard together. It lies beside the API's routes, not among them, so that these cost
what they did, and their errors stay what they are.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING
from urllib.parse import quote

from recsys_serving.dashboard.session import SIGN_IN, SIGN_OUT, Sessions
from recsys_serving.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

    from recsys_serving.keys import Keys
    from recsys_serving.releases import Served

SOCKET = "/_nicegui_ws/"
STATIC = "/_nicegui/"
"""What is the same for everybody, and says nothing of the release."""
HEADERS: list[tuple[bytes, bytes]] = [
    (b"x-content-type-options", b"nosniff"),
    # Vue makes its templates in the browser, and NiceGUI writes its scripts and styles into the page.
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        b"img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
        b"frame-ancestors 'none'",
    ),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
_API = ("/v1/", "/health/")
_API_PATHS = frozenset({"/metrics", "/openapi.json"})


class Dashboard:
    """The dashboard of a server; a process has one, as NiceGUI has one application.

    Parameters
    ----------
    host : FastAPI
        The application whose start and end are the dashboard's, too.
    served : Served
        The releases it shows.
    keys : Keys
        Who may see them; without any, this machine alone.
    """

    def __init__(self, host: FastAPI, served: Served, keys: Keys) -> None:
        from nicegui import core, ui

        from recsys_serving.dashboard import views
        from recsys_serving.dashboard.downloads import download
        from recsys_serving.dashboard.page import FOLDER, serve_views

        self.sessions = Sessions(keys)
        self.asks_for_keys = bool(keys)
        for module in iter_modules(views.__path__):
            import_module(f"{views.__name__}.{module.name}")
        serve_views(served, signs_out=self.asks_for_keys)
        core.app.add_api_route("/download/{name}", download, methods=["GET"], include_in_schema=False)
        core.app.state.served = served
        ui.run_with(
            host,
            title="recsys",
            favicon=FOLDER / "favicon.svg",
            dark=None,
            language="en-US",
            tailwind=False,
            reconnect_timeout=10.0,
            binding_refresh_interval=None,
            gzip_middleware_factory=None,  # Packing its scripts at each visit would hold up the API.
            show_welcome_message=False,
        )
        host.router.routes.pop()  # Mounted, it would answer whatever the API has no route for.
        self._pages: ASGIApp = core.app
        self.routes: list[BaseRoute] = core.app.routes
        """Of its pages and files."""

    @staticmethod
    def owns(path: str) -> bool:
        """Whether a path is the dashboard's, and not the API's."""
        return not path.startswith(_API) and path not in _API_PATHS

    def is_open(self, scope: Scope) -> bool:
        """Whether whoever has no key may ask: for the page that asks for one."""
        return self.asks_for_keys and str(scope["path"]) in (SIGN_IN, SIGN_OUT)

    @staticmethod
    def is_same_for_all(scope: Scope) -> bool:
        """Whether a request is for scripts and styles: a page has many, and they do not count as questions."""
        return scope["type"] == "http" and str(scope["path"]).startswith(STATIC)

    @staticmethod
    def is_for_people(headers: Mapping[bytes, bytes]) -> bool:
        """Whether somebody looks at a page, and can sign in."""
        return b"text/html" in headers.get(b"accept", b"")

    @staticmethod
    def sign_in_url(scope: Scope) -> str:
        """Where somebody goes who has to sign in before they see a page."""
        asked = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
        return f"{SIGN_IN}?next={quote(asked, safe='/')}"

    @staticmethod
    def refuse_others(scope: Scope, headers: Mapping[bytes, bytes]) -> None:
        """Refuse what a page of elsewhere sends, and any socket that is not of a page of ours.

        Raises
        ------
        Problem
            403.
        """
        is_socket = scope["type"] == "websocket"
        if is_socket and not scope["path"].startswith(SOCKET):
            raise Problem(403, "There is no socket here.")
        if is_socket or scope["method"] not in ("GET", "HEAD"):
            origin = headers.get(b"origin", b"").partition(b"://")[2]
            if not origin or origin.lower() != headers.get(b"host", b"").lower():
                raise Problem(403, "This comes from a page of elsewhere.")

    @staticmethod
    def headers(scope: Scope) -> list[tuple[bytes, bytes]]:
        """Headers of its answers beside those they have; NiceGUI says itself how long its scripts are kept."""
        return HEADERS if scope["path"].startswith(STATIC) else [*HEADERS, (b"cache-control", b"no-store")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that was let in."""
        if scope["type"] == "http" and scope["path"] in (SIGN_IN, SIGN_OUT):
            from starlette.requests import Request

            response = await self.sessions.answer(Request(scope, receive))
            await response(scope, receive, send)
        else:
            await self._pages(scope, receive, send)
