"""What a step shows people on its asset's page, as data: tables and pictures in Markdown.

What belongs here: nothing of Dagster, so that steps run without it. `assets.metadata` hands it to Dagster.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recsys_assets.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MARKDOWN = re.compile(
    r"[\\`*~<>\[\]|&!$@^]"
    r"|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])"  # Within a word it means nothing, and names of columns stay readable.
    r"|:(?=//)|(?<=www)\."  # Addresses become links by themselves.
)
"""What Markdown acts on inside a line, with GitHub's extensions."""


@dataclass(frozen=True)
class Markdown:
    """Text that is shown as Markdown."""

    text: str


def markdown_table(rows: Iterable[Mapping[str, Any]]) -> Markdown:
    """Rows as a Markdown table."""
    rows = list(rows)
    if not rows:
        return Markdown("no rows")
    head = list(rows[0])
    lines = ["| " + " | ".join(map(_cell, head)) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(_cell(row[name]) for name in head) + " |" for row in rows]
    return Markdown("\n".join(lines))


def picture(png: bytes, title: str) -> Markdown:
    """A PNG picture."""
    return Markdown(f"![{title}](data:image/png;base64,{base64.b64encode(png).decode()})")


def _cell(value: Any) -> str:
    """One value on one line: floats to six digits, and nothing in a delivered text is taken for Markdown or HTML."""
    text = f"{value:.6g}" if isinstance(value, float) else "null" if value is None else str(value)
    return _MARKDOWN.sub(r"\\\g<0>", visible(text))
