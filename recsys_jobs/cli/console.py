"""The terminal, as commands see it: text is shown as it is, whoever delivered it.

What belongs here: the one console of the command line, and its tables. No string is taken for rich's markup, an emoji's
name or something to highlight, and no control character reaches the terminal (`recsys_assets.visible`). Style by
``style=``, ``end_section=`` and columns, never by markup.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import rich.console
import rich.table
from rich.segment import Segment
from rich.text import Text

from recsys_assets.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import ConsoleOptions, RenderableType
    from rich.status import Status


def several_lines(lines: Iterable[str]) -> Text:
    """A cell of a table that has several lines."""
    return Text("\n".join(map(visible, lines)))


class Table(rich.table.Table):
    """A table that cuts nothing off: a long word goes on in the next line of its cell."""

    def add_column(self, *header: Any, **options: Any) -> None:
        """Add a column, as rich does."""
        super().add_column(*header, **{"overflow": "fold", **options})


class Console(rich.console.Console):
    """A console for delivered text: a string is one line of plain text, in a table as in a sentence.

    Parameters
    ----------
    stderr
        Whether it writes to standard error.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        # Into a pipe or a file there is no width to keep to: a table is better read unfolded.
        is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
        super().__init__(
            width=None if is_terminal or "COLUMNS" in os.environ else 120,
            stderr=stderr,
            markup=False,
            emoji=False,
            highlight=False,
        )

    def render_str(self, text: str, **options: Any) -> Text:
        """Strings, cells, titles: all of them come through here to be laid out."""
        return super().render_str(visible(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What comes as laid-out text (`rich.text.Text`, a bar's words) does not come through `render_str`."""
        for segment in super().render(renderable, options):
            text = segment.text
            if segment.control or text.isprintable() or text == "\n":
                yield segment
            else:
                yield Segment("\n".join(map(visible, text.split("\n"))), segment.style)

    def status(self, status: RenderableType, **options: Any) -> Status:
        """A spinner with a text; rich would take a string for markup."""
        return super().status(Text(visible(status)) if isinstance(status, str) else status, **options)

    def print_lines(self, text: str, style: str | None = None) -> None:
        """Print a text of our own making that has several lines, unfolded."""
        for line in text.split("\n"):
            self.print(line, style=style, soft_wrap=True)
