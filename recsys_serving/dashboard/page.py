"""What every page is: the release it shows, its questions to it, the frame around it, and what it says when one fails.

What belongs here: from a request to a page. What stands in a page is a view's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlencode

from nicegui import ui
from nicegui.element import Element
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from recsys_serving.dashboard.formats import day
from recsys_serving.dashboard.parts import heading, html, link, message
from recsys_serving.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from recsys_serving.release import Release
    from recsys_serving.releases import Served

FOLDER = Path(__file__).parent
Body = Callable[["Page"], Awaitable[None]]


@dataclass(frozen=True)
class View:
    """One view: where it is found, and what fills it."""

    path: str
    """With ``{name:path}`` where a part of it names something."""
    title: str
    body: Body
    place: int | None
    """Place in the navigation; None: not in it."""


VIEWS: list[View] = []


class Absent(Exception):
    """What a release does not hold, or did not say in time; the message is for people."""


@dataclass
class Page:
    """A page that is being made, as views know it."""

    served: Served
    release: Release
    """The release it shows, to its end."""
    night: str | None
    """The night that was asked for; None: whichever is current."""
    query: QueryParams
    named: Mapping[str, str]
    """The parts of the path that name something."""
    status: int = 200
    _beside: list[Release] = field(default_factory=list)

    def url(self, path: str, /, **query: Any) -> str:
        """Address of a page of the same night; what is None is left out."""
        asked = {name: value for name, value in query.items() if value is not None}
        if self.night is not None:
            asked["night"] = self.night
        return path + (f"?{urlencode(asked, doseq=True)}" if asked else "")

    def here(self, **query: Any) -> str:
        """Address of this page with other parameters; what is None is left out."""
        return self.url(self._path, **({k: v for k, v in self.query.items() if k != "night"} | query))

    @property
    def _path(self) -> str:
        return quote(ui.context.client.request.url.path)

    def user_url(self, user_id: str) -> str:
        """Address of a user's page."""
        return self.url(f"/users/{quote(user_id, safe='')}")

    def item_url(self, item_id: str) -> str:
        """Address of an item's page."""
        return self.url(f"/items/{quote(item_id, safe='')}")

    def download(self, name: str, **values: Any) -> str:
        """Address of the rows of a question as a file, but for how its format ends it: ``.csv`` or ``.parquet``."""
        return f"/download/{name}?{urlencode({k: v for k, v in values.items() if v is not None} | self._night())}"

    def _night(self) -> dict[str, str]:
        return {"night": str(self.release.night)}

    async def ask(self, name: str, release: Release | None = None, /, **values: Any) -> list[dict[str, Any]]:
        """Rows of ``sql/serving/<name>.sql``, asked of the page's release or another one, in a thread.

        Raises
        ------
        Absent
            When the release lacks the table, or the answer takes too long.
        """
        asked = release or self.release
        try:
            return await asyncio.to_thread(asked.ask, name, **values)
        except LookupError:
            raise Absent(
                f"The release of {day(asked.night)} does not hold this: it was written by an earlier version, or its "
                "profile leaves it out."
            ) from None
        except TimeoutError as error:
            raise Absent(
                f"This took too long: {error}. Load the page again when less is asked of the server."
            ) from None

    def older(self) -> list[date]:
        """Nights of the releases that are kept and are older than the page's, newest first."""
        return sorted({each.night for each in self.served.list() if each.night < self.release.night}, reverse=True)

    def of_night(self, night: date) -> Release:
        """The release of another night.

        Raises
        ------
        Absent
            When none is kept, or it cannot be opened yet.
        """
        try:
            release = self.served.of_night(night)
        except Problem as problem:
            raise Absent(str(problem)) from None
        self._beside.append(release)
        return release

    def let_go(self) -> None:
        """Give back what older releases took: of the current one alone questions are asked again and again."""
        current = self.served.current()
        for release in {self.release, *self._beside} - {current}:
            release.let_go()


def view(path: str, title: str, place: int | None = None) -> Callable[[Body], Body]:
    """Make a function the body of a view.

    Parameters
    ----------
    path
        Its address, with ``{name:path}`` for what `Page.named` is to hold.
    title
        What the page is called.
    place
        Place in the navigation; None: not in it.
    """

    def register(body: Body) -> Body:
        VIEWS.append(View(path, title, body, place))
        return body

    return register


@contextmanager
def section(title: str, note: str = "", *, level: Literal[2, 3] = 2) -> Iterator[Element]:
    """A part of a page, with a heading; what the release does not hold is said in it, and the page goes on."""
    with html("section").classes("part") as part:
        if title:
            heading(level, title)
        if note:
            html("p", note).classes("note")
        try:
            yield part
        except Absent as absent:
            message(str(absent))


def serve_views(served: Served, *, signs_out: bool) -> None:
    """Give each view its route.

    Parameters
    ----------
    signs_out
        Whether pages have a way to sign out.
    """
    ui.add_css(FOLDER / "theme.css", shared=True)
    ui.add_head_html(f"<script>{(FOLDER / 'theme.js').read_text()}</script>", shared=True)
    for each in sorted(VIEWS, key=lambda each: each.path.count("{")):
        route = _route(each, served, signs_out)
        # Each question has its own limit of time; a page that asks several is not given up because of all together.
        ui.page(each.path, title=f"{each.title} · recsys", response_timeout=60.0)(route)


def _route(of: View, served: Served, signs_out: bool) -> Callable[[Request], Awaitable[Response | None]]:
    async def page(request: Request) -> Response | None:
        night = request.query_params.get("night") or None
        try:
            release = served.of_night(date.fromisoformat(night)) if night else served.current()
        except (Problem, ValueError) as error:
            status = error.status if isinstance(error, Problem) else 422
            said = (
                str(error) if isinstance(error, Problem) else f"{night} is no night: one is a UTC day like 2017-10-31."
            )
            with _frame(of, None, signs_out):
                heading(1, of.title)
                message(said)
                link("Go to the current release", "/")
            return ui.context.client.build_response(request, status)
        shown = Page(served, release, night, request.query_params, request.path_params)
        with _frame(of, shown, signs_out):
            try:
                await of.body(shown)
            except Absent as absent:
                message(str(absent))
            except Exception:
                shown.status = 500
                logging.getLogger(__name__).exception("A page could not be made")
                message(
                    "That is a fault of recsys, not of what you asked. The server's log has the traceback; please "
                    "report it."
                )
            finally:
                shown.let_go()
        return ui.context.client.build_response(request, shown.status) if shown.status != 200 else None

    return page


@contextmanager
def _frame(of: View, page: Page | None, signs_out: bool) -> Iterator[None]:
    """Header, navigation and the choice of a night around a page."""
    client = ui.context.client
    with client.layout:
        header = html("header").classes("top")
        header.move(client.layout, target_index=0)
    with header:
        link("Skip to the content", "#content").classes("skip")
        link("recsys", page.url("/") if page else "/").classes("brand")
        with html("nav").props('aria-label="Views"'):
            for each in sorted((each for each in VIEWS if each.place is not None), key=lambda each: each.place or 0):
                entry = link(each.title, page.url(each.path) if page else each.path)
                if each.path.split("/")[1] == of.path.split("/")[1]:
                    entry.props("aria-current=page")
        with html("div").classes("tools"):
            if page is not None:
                _nights(page)
            html("button", "Theme").props('type=button id=theme aria-label="Theme: as the system"')
            if signs_out:
                link("Sign out", "/sign-out")
    with html("div").classes("content").props("id=content tabindex=-1"):
        yield


def _nights(page: Page) -> None:
    """The choice of a release; the current one is followed, an older one is named in the address."""
    current = page.served.current().night
    nights = sorted({current, *(each.night for each in page.served.list())}, reverse=True)
    label = html("label").classes("night")
    with label:
        html("span", "Night")
        with html("select").props("id=night"):
            for night in nights[:400]:
                text = f"{day(night)}{' (current)' if night == current else ''}"
                option = html("option", text).props(f'value="{"" if night == current else night}"')
                if night == page.release.night:
                    option.props("selected")
