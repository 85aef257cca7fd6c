"""YAML files read with the line of every key and item, so that an error can say where it is.

What belongs here: reading, and turning errors of YAML and of pydantic into sentences with file and line.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import yaml

from recsys_assets.errors import RecsysError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pydantic import ValidationError

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it: the one in Python is several times slower."""
Location = tuple[int | str, ...]
"""Where something stands in a document: keys and list positions from the top, e.g. ``("models", 0, "name")``."""


class CheckError(RecsysError):
    """Checks that are declared wrongly: one line per problem, each with file and line and what to write instead."""


class LocatedYaml:
    """A YAML document as plain data, with the line of every key and item.

    Raises
    ------
    CheckError
        When the file is empty, not valid YAML, or gives a key twice.
    """

    def __init__(self, path: Path, shown: str) -> None:
        self.shown = shown
        """The file's name in messages."""
        self._lines: dict[Location, int] = {(): 1}
        self._loader = LOADER(path.read_text())
        try:
            node = self._loader.get_single_node()
            if node is None:
                raise CheckError(f"{shown}:1: is empty. Declare `models:`, or delete the file.")
            self.data = self._plain(node, ())
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise CheckError(f"{shown}:{line}: not valid YAML: {error.problem}.") from error

    def at(self, location: Location) -> str:
        """``file:line`` of a location, or of the nearest thing around it."""
        while location not in self._lines:
            location = location[:-1]
        return f"{self.shown}:{self._lines[location]}"

    def explain(self, error: ValidationError, known: Iterable[str], location: Location = ()) -> list[str]:
        """Sentences with file and line, one for each thing that pydantic found wrong below ``location``.

        Parameters
        ----------
        known
            Keys to suggest instead of an unknown one.
        """
        sentences = []
        for detail in error.errors():
            where = (*location, *detail["loc"])
            if detail["type"] == "extra_forbidden":
                message = f"unknown key {where[-1]!r}{did_you_mean(str(where[-1]), known)}"
            else:
                message = f"{where[-1] if where else 'file'}: {detail['msg']}"
            sentences.append(f"{self.at(where)}: {message}")
        return sentences

    def _plain(self, node: yaml.Node, location: Location) -> Any:
        self._lines.setdefault(location, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item, (*location, position)) for position, item in enumerate(node.value)]
        if not isinstance(node, yaml.MappingNode):
            return self._loader.construct_object(node, deep=True)
        mapping: dict[str, Any] = {}
        for key_node, value in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            if key in mapping:
                raise CheckError(f"{self.shown}:{line}: {key!r} is given twice. Keep one.")
            self._lines[(*location, key)] = line
            mapping[key] = self._plain(value, (*location, key))
        return mapping


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Close matches as the end of a sentence; without any, everything that is known."""
    known = sorted(known)
    close = get_close_matches(word, known)
    return f"; did you mean {' or '.join(close)}?" if close else f"; known are {', '.join(known) or 'none'}."
