"""Which route a path is of, for answers that no route was asked for: 304, and what the front layer refuses.

What belongs here: finding it without the application, in some microseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable

    from starlette.routing import BaseRoute

NONE = "none"
"""What a path is counted under that no route has."""


class Paths:
    """Paths of routes.

    Parameters
    ----------
    routes
        Those that have a path of their own; others are passed over.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._whole: set[str] = set()
        self._by_depth: dict[int, list[tuple[re.Pattern[str], str]]] = {}
        self._deep: list[tuple[re.Pattern[str], str]] = []
        for route in routes:
            path: str | None = getattr(route, "path", None)
            pattern: re.Pattern[str] | None = getattr(route, "path_regex", None)
            if path is None or pattern is None:
                continue
            if "{" not in path:
                self._whole.add(path)
            elif ":path}" in path:
                self._deep.append((pattern, path))
            else:
                self._by_depth.setdefault(path.count("/"), []).append((pattern, path))

    def of(self, path: str) -> str:
        """The route of a path, as it is written; `NONE` where there is none."""
        if path in self._whole:
            return path
        for pattern, route in [*self._by_depth.get(path.count("/"), []), *self._deep]:
            if pattern.match(path):
                return route
        return NONE
