"""What pages are made of: text, links, tables, charts, figures side by side, and what is said where there is nothing.

What belongs here: elements. Text is always text: nothing that a release holds is ever taken for markup.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import nicegui
from nicegui import ui
from nicegui.element import Element

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Kind = Literal[
    "text", "code", "count", "figure", "share", "price", "day", "instant", "bar", "signed", "chips", "seconds"
]
_ECHARTS = Path(nicegui.__file__).parent / "elements" / "echart" / "dist"


class _Table(Element, component="table.js"):
    """Rows that can be searched, sorted, turned and taken away as a file."""


class _Chart(Element, component="chart.js", esm={"nicegui-echart": str(_ECHARTS)}):
    """An ECharts chart in the colours of the theme."""


def html(tag: str, text: str | None = None) -> Element:
    """An element with text."""
    element = Element(tag)
    element._text = text
    return element


def heading(level: Literal[1, 2, 3], text: str) -> Element:
    """A heading; the first one is the page's title, too."""
    if level == 1:
        ui.page_title(f"{text} · recsys")
    return html(f"h{level}", text)


def link(text: str, to: str) -> Element:
    """A link to a page of this server."""
    element = html("a", text)
    element._props["href"] = to
    return element


def message(text: str) -> Element:
    """What is said where there is nothing to show."""
    return html("p", text).classes("message").props("role=status")


def column(
    name: str,
    label: str,
    kind: Kind = "text",
    *,
    digits: int | None = None,
    href: str | None = None,
    beside: str | None = None,
    hint: str | None = None,
) -> dict[str, Any]:
    """A column of a table.

    Parameters
    ----------
    name
        Of the value in a row.
    label
        What stands above it.
    kind
        How a value is written.
    digits
        Behind the point, of figures.
    href
        Name of the value that is an address; the cell links to it.
    beside
        Name of the value that stands behind it, smaller.
    hint
        What the column says, where its label is not enough.
    """
    return {"name": name, "label": label, "kind": kind, "digits": digits, "href": href, "beside": beside, "hint": hint}


def table(
    caption: str,
    columns: Sequence[Mapping[str, Any]],
    rows: Iterable[Mapping[str, Any]],
    *,
    empty: str,
    download: str | None = None,
    size: int = 20,
    bare: bool = False,
) -> None:
    """A table; without rows, what is said in its place.

    Parameters
    ----------
    caption
        What it shows, for those who hear it.
    rows
        Values by name. ``detail`` of a row is what opens below it: pairs of a label and a text, or a list of texts.
        ``mark`` stands beside its first cell.
    empty
        A sentence.
    download
        From `Page.download`.
    size
        Rows a page.
    bare
        Without search, where there is little to search in.
    """
    held = [_plain(row) for row in rows]
    if not held:
        message(empty)
        return
    element = _Table().classes("rt")
    path, _, query = (download or "").partition("?")
    element._props.update(
        columns=list(columns), rows=held, caption=caption, size=size, bare=bare, download=path, query=query
    )


def chart(label: str, options: Mapping[str, Any], *, height: int = 260) -> None:
    """A chart.

    Parameters
    ----------
    label
        What it shows, for those who hear it.
    options
        ECharts' own; a colour like ``@accent`` is one of the theme, a point's ``tip`` the lines of its tooltip, and
        its ``url`` where a click leads.
    height
        In pixels.
    """
    element = _Chart().classes("chart").style(f"height: {height}px")
    element._props.update(options=dict(options), label=label)


def figures(pairs: Iterable[tuple[str, str, str]]) -> None:
    """Figures side by side: what each is, the figure, and what goes with it."""
    with html("dl").classes("figures"):
        for name, value, beside in pairs:
            with html("div"):
                html("dt", name)
                html("dd", value)
                if beside:
                    html("dd", beside).classes("beside")


def choice(label: str, options: Iterable[tuple[str, str]], chosen: str) -> None:
    """Links of which one is where the page is: text and address of each."""
    with html("nav").classes("choice").props(f'aria-label="{label}"'):
        html("span", label)
        for text, to in options:
            entry = link(text, to)
            if text == chosen:
                entry.props("aria-current=true")


def form(action: str, hidden: Mapping[str, str | None]) -> Element:
    """A form that leads to an address with its fields."""
    element = html("form").classes("ask")
    element._props.update(action=action, method="get")
    with element:
        for name, value in hidden.items():
            if value is not None:
                html("input")._props.update(type="hidden", name=name, value=value)
    return element


def field(label: str, name: str, value: str = "", *, hint: str = "", kind: str = "search") -> None:
    """A field of a form."""
    with html("label").classes("field"):
        html("span", label)
        html("input")._props.update(type=kind, name=name, value=value, placeholder=hint, autocomplete="off")


def select(label: str, name: str, options: Iterable[tuple[str, str]], chosen: str) -> None:
    """A choice of a form: value and text of each option."""
    with html("label").classes("field"):
        html("span", label)
        with html("select") as box:
            box._props["name"] = name
            for value, text in options:
                option = html("option", text)
                option._props["value"] = value
                if value == chosen:
                    option._props["selected"] = True


def checks(label: str, name: str, options: Iterable[tuple[str, str]], chosen: Iterable[str]) -> None:
    """Boxes of a form of which any number may be ticked: value and text of each."""
    ticked = set(chosen)
    with html("fieldset").classes("checks"):
        html("legend", label)
        for value, text in options:
            with html("label"):
                box = html("input")
                box._props.update(type="checkbox", name=name, value=value)
                if value in ticked:
                    box._props["checked"] = True
                html("span", text)


def submit(text: str) -> None:
    """The button of a form."""
    html("button", text)._props["type"] = "submit"


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date | datetime) else None if value != value else value
        for name, value in row.items()
    }
