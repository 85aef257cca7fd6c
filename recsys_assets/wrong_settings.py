"""Wrong settings as people are told of them: each with its place, its line, and what may have been meant."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel

Location = tuple[int | str, ...]
"""Where something stands in a document: keys and list positions from the top, e.g. ``("deliveries", 0, "files")``."""


class SettingsError(ValueError):
    """Settings that cannot be together, or that an algorithm refuses: each with its place below the profile."""

    def __init__(self, problems: list[tuple[Location, str]]) -> None:
        super().__init__("; ".join(f"{shown(location)}: {said}" for location, said in problems))
        self.problems = problems


def shown(location: Location) -> str:
    """A place of the profile, as TOML names it: ``algorithms.als.factors``."""
    return ".".join(map(str, location)) or "profile"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The closest of the known words as the end of a sentence; nothing where none is close."""
    close = get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def refused(kind: type[BaseModel], given: dict[str, Any], below: Location) -> list[tuple[Location, str]]:
    """What settings of their own kind refuse, with their places."""
    try:
        kind(**given)
    except ValidationError as error:
        return [
            (
                (*below, *detail["loc"]),
                f"is no setting{did_you_mean(str(detail['loc'][-1]), kind.model_fields)}"
                if detail["type"] == "extra_forbidden"
                else str(detail["msg"]),
            )
            for detail in error.errors()
        ]
    return []


def lines_of(text: str) -> dict[Location, int]:
    """Line of every setting of a TOML file, from 1, which Python's reader does not say.

    The text is read again and again, each time up to one line further. What a line adds begins there, or where the
    lines before it that were not yet whole began (a list over several lines). That costs a reading per line, so it is
    for files that are wrong.
    """
    found: dict[Location, int] = {(): 1}
    lines = text.split("\n")
    begun = 1
    for number in range(1, len(lines) + 1):
        try:
            document = tomllib.loads("\n".join(lines[:number]))
        except tomllib.TOMLDecodeError:
            continue
        for location in _locations(document, ()):
            found.setdefault(location, begun)
        begun = number + 1
    return found


def line_of(lines: dict[Location, int], location: Location) -> int:
    """Line of a setting, or of the nearest thing around it that is there."""
    while location not in lines:
        location = location[:-1]
    return lines[location]


def _locations(value: Any, here: Location) -> Iterator[Location]:
    yield here
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in inside:
        yield from _locations(below, (*here, key))
