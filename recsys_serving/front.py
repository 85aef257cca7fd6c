"""What every request passes: size, key, rate, the release it keeps, and what its answer says beside its body.

What belongs here: the one layer around all routes. It is plain ASGI, since it runs at every request.
"""

from __future__ import annotations

import hashlib
import json
import time
from datetime import date
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException

from recsys_serving.keys import KeysError
from recsys_serving.paths import NONE
from recsys_serving.problems import Problem
from recsys_serving.reasons import accepted

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from recsys_serving.dashboard.mount import Dashboard
    from recsys_serving.keys import Key, Keys
    from recsys_serving.metrics import Metrics
    from recsys_serving.paths import Paths
    from recsys_serving.release import Release
    from recsys_serving.releases import Served

MAX_BODY, MAX_EVENTS_BODY, MAX_URL = 1 << 20, 16 << 20, 8 << 10
"""Bytes of a request's body, of one with events, and of its path and query."""
EVENTS = "/v1/events"
UNCHANGING = b"3"
"""Raised when answers are written otherwise: a client's copy of the same release is then another."""
_OPEN = frozenset({"/health/live", "/health/ready"})
_NOT_OF_RELEASE = ("/v1/releases", EVENTS)
_TELLING, _VARY = ("/v1/users/", "/v1/recommendations", "/v1/explain/"), b"authorization, accept-language"
_HERE = frozenset({b"localhost", b"127.0.0.1", b"[::1]", b"::1"})
_HEADERS: list[tuple[bytes, bytes]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class Front:
    """The layer around an application.

    Parameters
    ----------
    app
        The application.
    served
        Its releases; each request keeps the one it began with, in its scope under ``release``.
    keys
        Without any, only requests to this machine by its own name are answered.
    metrics
        Where each answer is counted.
    log
        Where a line a request goes; None: nowhere.
    log_paths
        Whether the line has the path and query, and so users' ids, in place of the route.
    dashboard
        What answers all paths that are not the API's; None: the application.
    paths
        Which route an answer is counted under that no route was asked for.
    """

    def __init__(
        self,
        app: ASGIApp,
        served: Served,
        keys: Keys,
        metrics: Metrics,
        log: TextIO | None,
        *,
        log_paths: bool = False,
        dashboard: Dashboard | None = None,
        paths: Paths,
    ) -> None:
        self.paths = paths
        self.app, self.served, self.keys, self.metrics = app, served, keys, metrics
        self.dashboard = dashboard
        self.log, self.log_paths = log, log_paths
        # Once it has begun with keys, removing the last one must close it, not open it.
        self._asks_for_keys = bool(keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await (self._connect if scope["type"] == "websocket" else self.app)(scope, receive, send)
            return
        pages = self._pages(scope)
        began, status, sent_bytes = time.perf_counter(), 500, 0
        headers = dict(scope["headers"])
        etag: bytes | None = None

        async def sending(message: Message) -> None:
            nonlocal status, sent_bytes
            if message["type"] == "http.response.start":
                status = message["status"]
                own = [*_HEADERS, *_cached(status, etag), *_told(scope, status)]
                said = pages.headers(scope) if pages is not None else own
                message["headers"] = [*message.get("headers", ()), *said]
            else:
                sent_bytes += len(message.get("body", b""))
            await send(message)

        key = None
        try:
            key = self._admitted(scope, headers)
            etag = self._begin(scope, headers)
            held = headers.get(b"if-none-match", b"")
            if etag is not None and (etag in held or held.strip() == b"*"):
                await sending({"type": "http.response.start", "status": 304})
                await sending({"type": "http.response.body"})
            else:
                await (pages or self.app)(scope, _limited(receive, _most(scope)), sending)
        except Problem as problem:
            if status != 500:
                raise  # The answer has begun.
            await problem.response()(scope, receive, sending)
        finally:
            self._note(scope, key, status, time.perf_counter() - began, sent_bytes)

    def _pages(self, scope: Scope) -> Dashboard | None:
        """The dashboard, where a path is its own."""
        return self.dashboard if self.dashboard is not None and self.dashboard.owns(scope["path"]) else None

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a page of the dashboard have its socket; nobody else has any use for one."""
        pages = self._pages(scope)
        try:
            if pages is None:
                raise Problem(404, "The API has no sockets.")
            self._admitted(scope, dict(scope["headers"]))
        except Problem:
            await send({"type": "websocket.close", "code": 1008})
        else:
            await pages(scope, receive, send)

    def _admitted(self, scope: Scope, headers: dict[bytes, bytes]) -> Key | None:
        """The key that a request may go on with; None: none is needed.

        Raises
        ------
        Problem
            413 or 414 when it is too large, 401, 403 or 429 by its key, 421 when it means another machine; 303 to where
            people sign in, 403 when a page of elsewhere asks; 503 when the keys cannot be read.
        """
        if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_URL:
            raise Problem(414, f"Path and query may have {MAX_URL} bytes. POST /v1/recommendations takes long lists.")
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > _most(scope):
            raise Problem(413, f"A body may have {_most(scope)} bytes here. Send it in parts.")
        pages = self._pages(scope)
        if pages is not None:
            pages.refuse_others(scope, headers)
        if scope["path"] in _OPEN or (pages is not None and pages.is_open(scope)):
            return None
        if not self._asks_for_keys:
            # Without keys it listens on this machine only. A page from elsewhere could still give its own name this
            # machine's address, and read what a browser here may read.
            host = headers.get(b"host", b"").lower()
            if (host if host.endswith(b"]") else host.rpartition(b":")[0] or host) not in _HERE:
                raise Problem(421, "This server answers to 127.0.0.1 and localhost only, as it has no keys.")
            return None
        scheme, _, sent = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        try:
            key = self.keys.find(sent.strip()) if scheme.lower() == "bearer" else None
            if key is None and pages is not None:
                key = pages.sessions.key(headers)
        except KeysError as error:
            raise Problem(503, "The keys of this server cannot be read; whoever runs it mends them.") from error
        if key is None:
            if pages is not None and pages.is_for_people(headers):
                raise Problem(303, "Sign in first.", headers={"Location": pages.sign_in_url(scope)})
            said = "Send a key: Authorization: Bearer <key>. Whoever runs this makes one: recsys keys add."
            raise Problem(401, said, headers={"WWW-Authenticate": "Bearer"})
        needed = "write" if scope["path"] == EVENTS else "read"
        if needed not in key.scopes:
            raise Problem(403, f"The key {key.name} has not the scope {needed}.")
        if pages is not None and pages.is_same_for_all(scope):
            return key
        if wait := self.keys.wait(key):
            said = f"The key {key.name} may ask {key.per_second:g} times a second."
            raise Problem(429, said, headers={"Retry-After": str(int(wait) + 1)})
        return key

    def _begin(self, scope: Scope, headers: dict[bytes, bytes]) -> bytes | None:
        """Give a request the release and the language that it keeps; returns the tag of its answer, None: it has none.

        Raises
        ------
        Problem
            422 or 404 for a night, 503 without a release.
        """
        if not scope["path"].startswith("/v1/") or scope["path"] == EVENTS:
            return None
        query = scope["query_string"]
        nights = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("night") if b"night" in query else None
        if nights:
            try:
                night = date.fromisoformat(nights[-1])
            except ValueError:
                detail = "A night is a UTC day like 2017-10-31"
                raise Problem(422, f"night: {detail}.", [{"field": "night", "detail": detail}]) from None
            release = self.served.of_night(night)
        else:
            release = self.served.current()
        scope["release"] = release
        self._choose_language(scope, release, headers)
        if scope["method"] != "GET" or scope["path"].startswith(_NOT_OF_RELEASE):
            return None
        told = b"%b?%b %d" % (scope["raw_path"], query, scope["language"])
        asked = hashlib.blake2b(told, digest_size=8, key=UNCHANGING)
        return b'"%b.%b"' % (release.name.encode(), asked.hexdigest().encode())

    def _choose_language(self, scope: Scope, release: Release, headers: dict[bytes, bytes]) -> None:
        """Keep the place of the language that reasons are told in: of ``language``, else of the client's choice."""
        scope["language"], names, query = 0, release.languages, scope["query_string"]
        if b"language" in query and (asked := parse_qs(query.decode("latin-1")).get("language")):
            scope["language"] = names.index(asked[-1]) if asked[-1] in names else 0  # Routes refuse what is not.
        elif len(names) > 1 and (header := headers.get(b"accept-language")):
            scope["language"] = accepted(header, names)

    def _note(self, scope: Scope, key: Key | None, status: int, seconds: float, n_bytes: int) -> None:
        asked = scope.get("route")
        route = self.paths.of(scope["path"]) if asked is None else getattr(asked, "path", NONE)
        self.metrics.observe(scope["method"], route, status, seconds)
        if self.log is None:
            return
        line: dict[str, Any] = {"at": round(time.time(), 3), "method": scope["method"], "route": route}
        if self.log_paths:
            line["path"] = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        line |= {"status": status, "ms": round(1000 * seconds, 2), "bytes": n_bytes, "key": key.name if key else None}
        self.log.write(json.dumps(line) + "\n")


def _cached(status: int, etag: bytes | None) -> list[tuple[bytes, bytes]]:
    """Headers on copies: one of a release's answers may be kept, and is asked for anew each time."""
    if etag is not None and status in (200, 304):
        return [(b"etag", etag), (b"cache-control", b"private, no-cache"), (b"vary", _VARY)]
    return [(b"cache-control", b"no-store")]


def _told(scope: Scope, status: int) -> list[tuple[bytes, bytes]]:
    """Header of the language that reasons are told in, where answers tell any."""
    if status == 200 and "language" in scope and scope["path"].startswith(_TELLING):
        return [(b"content-language", scope["release"].languages[scope["language"]].encode())]
    return []


def _most(scope: Scope) -> int:
    return MAX_EVENTS_BODY if scope["path"] == EVENTS else MAX_BODY


def _limited(receive: Receive, most: int) -> Receive:
    """The same body, refused where it is longer than it may be, whatever its headers said."""
    n_bytes = 0

    async def receiving() -> Message:
        nonlocal n_bytes
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if n_bytes > most:
            raise HTTPException(413, f"A body may have {most} bytes here. Send it in parts.")
        return message

    return receiving
