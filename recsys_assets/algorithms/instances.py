"""Recommenders as a profile names them: algorithms under their own names, and instances of them under others.

What belongs here: from the tables ``[algorithms.<name>]`` to classes and settings; nothing about any one algorithm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from recsys_assets.algorithms import registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recsys_assets.algorithms import Recommender

ABOUT = frozenset({"algorithm", "title"})
"""Keys of a table that are no setting of its algorithm."""
_TELLS_NOTHING = {"n_candidates", "weight"}
"""Settings that say how many are listed and how much they count, and nothing of what is listed."""


def configured(
    tables: Mapping[str, Mapping[str, Any]],
) -> dict[str, tuple[type[Recommender], Recommender.Settings]]:
    """Find the recommender of each of a profile's tables, with its settings.

    Parameters
    ----------
    tables : mapping of str to mapping
        By name: the settings of the algorithm of that name, or with ``algorithm`` those of an instance of another one;
        ``title`` is what people read instead of the algorithm's title and the settings of the instance.

    Returns
    -------
    dict of str to tuple of type and Settings
        In order of name. An instance is a subclass of its algorithm with a name, title and description of its own, so
        that whatever goes by an algorithm's name goes by the instance's: models, lists, features, grades.

    Raises
    ------
    KeyError
        If there is no such algorithm; a profile that names one is refused before (`recsys_assets.wrong_algorithms`).
    ValidationError
        If the algorithm refuses the settings; so is such a profile.
    """
    known, found = registry(), {}
    for name, table in sorted(tables.items()):
        algorithm = known[table.get("algorithm", name)]
        settings = {setting: value for setting, value in table.items() if setting not in ABOUT}
        found[name] = _named(name, algorithm, table), algorithm.Settings(**settings)
    return found


def _named(name: str, algorithm: type[Recommender], table: Mapping[str, Any]) -> type[Recommender]:
    is_instance = name != algorithm.name
    if not is_instance and "title" not in table:
        return algorithm
    own = {
        "__module__": algorithm.__module__,  # It decides the code version.
        "__doc__": algorithm.__doc__,
        "name": name,
        "title": table["title"] if "title" in table else f"{algorithm.title} ({_told(algorithm, table) or name})",
        "description": algorithm.description + (f" An instance of {algorithm.name}." if is_instance else ""),
    }
    return cast("type[Recommender]", type(name, (algorithm,), own))


def _told(algorithm: type[Recommender], table: Mapping[str, Any]) -> str:
    """What a table sets, in words: ``half life 1 day``; in the order of the settings, not of the file."""
    parts = []
    for setting in algorithm.Settings.model_fields:
        if setting in table and setting not in _TELLS_NOTHING:
            value, words = table[setting], setting.removesuffix("_days").replace("_", " ")
            shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            unit = "" if words == setting.replace("_", " ") else " day" if value == 1 else " days"
            parts.append(f"{words} {shown}{unit}")
    return ", ".join(parts)
