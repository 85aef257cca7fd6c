"""What somebody is shown whom a release does not know: by what they like, where they are, and what is trending.

What belongs here: the same rules as sql/recommendations/newcomers.sql and sql/grades/judged_newcomers.sql, for answers
and contexts that come with a question. The tests hold one against the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from recsys_serving.reasons import GOES_WITH, LIKED
from recsys_serving.release import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from recsys_serving.release import Release

USUAL_CHAIN = ("store", "region", "country", "device", "os")
"""Kinds of scopes, the narrowest first, by which newcomers are served where a release does not tell."""
MOST_OF_A_CATEGORY = 3


@dataclass(slots=True)
class Preferences:
    """What a newcomer likes: weights above 0, by category and by id of an item."""

    categories: Mapping[str, float] = field(default_factory=dict)
    items: Mapping[str, float] = field(default_factory=dict)


def segment_of(release: Release, context: Mapping[str, str]) -> str | None:
    """The first scope of the release's chain that a context tells; None: what is trending everywhere is as good."""
    for kind in release.chain or USUAL_CHAIN:
        if kind == "all":
            return None
        if kind in context and release.scopes.place(f"{kind}:{context[kind]}") is not None:
            return f"{kind}:{context[kind]}"
    return None


def liked(release: Release, preferences: Preferences) -> tuple[list[Row], set[int]]:
    """What goes with what somebody likes, best first, and the places of the items they named, which are not shown.

    Each list, of what is trending in a category or of what goes with an item, gives its item at place n the weight of
    the answer divided by n, so that an answer twice as heavy has twice the places (D'Hondt's method).
    """
    named = {
        place: weight
        for item, weight in preferences.items.items()
        if (place := release.items.place_of_id(item)) is not None
    }
    # An item's points in all; then what gave most of them, the greater id first: of equal ones it is named.
    points: dict[int, float] = {}
    most: dict[int, tuple[float, int]] = {}
    lists: list[tuple[int, float, Iterable[int]]] = [
        *((place, weight, (item for item, _ in release.similar(place, 1_000))) for place, weight in named.items()),
        *(
            (-1, weight, (item for item, _, _ in release.trending(f"category:{category}")))
            for category, weight in preferences.categories.items()
        ),
    ]
    for evidence, weight, found in lists:
        for rank, item in enumerate(found, 1):
            if item not in named:
                given = weight / rank
                points[item] = points.get(item, 0.0) + given
                most[item] = max(most.get(item, (0.0, -1)), (given, evidence))
    ordered = sorted(points, key=lambda item: (-points[item], item))
    rows = [
        Row(item, 1 - place / len(ordered), LIKED if most[item][1] < 0 else GOES_WITH, most[item][1])
        for place, item in enumerate(ordered)
    ]
    return rows, set(named)


def spread(release: Release, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The same rows with at most `MOST_OF_A_CATEGORY` of a category, then as many more of each, and so on."""
    seen: dict[int, int] = {}
    turns = []
    for row in rows:
        category = release.category[row[0]]
        seen[category] = seen.get(category, -1) + 1
        turns.append(seen[category] // MOST_OF_A_CATEGORY if category >= 0 else 0)
    return [rows[place] for place in sorted(range(len(rows)), key=lambda place: (turns[place], place))]
