"""Who may see the dashboard of a server that has keys: whoever signed in with one that may read.

What belongs here: the page that asks for a key, and the cookie that remembers that one was given. The cookie names the
key by its hash, never the key itself, and is signed with a secret of this process; so a restart ends all sessions.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import os
import secrets
import time
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from recsys_serving.keys import KeysError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recsys_serving.keys import Key, Keys

SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"
VARIABLE = "RECSYS_SESSION_SECRET"
"""Secret that sessions are signed with, so that they outlive a restart and count at several processes."""
HOURS = 12
_COOKIE = "recsys_session"
_PAGE = Path(__file__).with_name("sign_in.html")


class Sessions:
    """Sessions of people who signed in with a key.

    Parameters
    ----------
    keys : Keys
        The server's keys; a session ends when its key is removed or may read no longer.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._secret = os.environ.get(VARIABLE, "").encode() or secrets.token_bytes(32)

    def key(self, headers: Mapping[bytes, bytes]) -> Key | None:
        """The key that somebody signed in with; None: nobody, or not any more.

        Raises
        ------
        KeysError
            When the keys were changed and cannot be read.
        """
        try:
            cookie = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1")).get(_COOKIE)
        except CookieError:
            return None
        said, _, signature = cookie.value.rpartition(".") if cookie else ("", "", "")
        ends, _, sha256 = said.partition(".")
        if not ends.isdigit() or not hmac.compare_digest(self._signed(said).encode(), signature.encode()):
            return None
        key = self._keys.known(sha256) if int(ends) > time.time() else None
        return key if key is not None and "read" in key.scopes else None

    async def answer(self, request: Request) -> Response:
        """The page that asks for a key, the answer to one that was given, or the end of a session."""
        if request.url.path == SIGN_OUT:
            gone = RedirectResponse(SIGN_IN, 303)
            gone.delete_cookie(_COOKIE, path="/")
            return gone
        sought = _own_path(request.query_params.get("next", "/"))
        if request.method != "POST":
            return self._page(sought, "")
        given = parse_qs((await request.body()).decode(errors="replace"), max_num_fields=5).get("key", [""])[0].strip()
        try:
            key = self._keys.find(given)
        except KeysError:
            return self._page(sought, "The keys of this server cannot be read; whoever runs it mends them.", 503)
        if key is None or "read" not in key.scopes:
            return self._page(
                sought, "That is no key that may read. Whoever runs this makes one: recsys keys add.", 403
            )
        said = f"{int(time.time()) + 3600 * HOURS}.{hashlib.sha256(given.encode()).hexdigest()}"
        response = RedirectResponse(sought, 303)
        response.set_cookie(
            _COOKIE,
            f"{said}.{self._signed(said)}",
            max_age=3600 * HOURS,
            httponly=True,
            samesite="strict",
            # A proxy in front that does TLS says so; without one, a browser would not send it back.
            secure=request.headers.get("x-forwarded-proto", request.url.scheme) == "https",
        )
        return response

    def _signed(self, said: str) -> str:
        return hmac.new(self._secret, said.encode(), hashlib.sha256).hexdigest()

    def _page(self, sought: str, error: str, status: int = 200) -> Response:
        action = f"{SIGN_IN}?next={quote(sought, safe='/')}"
        said = f'<p class="bad" role="alert">{html.escape(error)}</p>' if error else ""
        return HTMLResponse(Template(_PAGE.read_text()).substitute(action=html.escape(action), said=said), status)


def _own_path(given: str) -> str:
    """A path of this server, and no address elsewhere that looks like one."""
    return given if given.startswith("/") and not given.startswith(("//", "/\\")) and given.isprintable() else "/"
