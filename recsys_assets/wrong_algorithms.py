"""What is wrong in a profile's tables ``[algorithms.<name>]``, each with its place and what to do.

What belongs here: names, titles and settings of algorithms and of their instances. How a place becomes a line of the
file is the work of `recsys_assets.profile_file`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from recsys_assets.algorithms import registry
from recsys_assets.algorithms.instances import ABOUT, configured
from recsys_assets.ranking import CONFIGURATIONS
from recsys_assets.wrong_settings import did_you_mean, refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from recsys_assets.wrong_settings import Location

    Problems = list[tuple[Location, str]]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
"""Names that folders, tables, assets and columns can have."""
_TAKEN = {*CONFIGURATIONS, "published", "trending", "newcomers", "lists", "best"}
"""Other lists in grades and candidates, the table of all candidates, and a feature: ``best_rank``."""
_MODELS = "reranker"
"""What the names of other models and of their rankings begin with."""


def problems_of_algorithms(tables: Mapping[str, dict[str, Any]]) -> Problems:
    """Say what is wrong with the algorithms and instances of a profile.

    Parameters
    ----------
    tables : mapping of str to dict
        As of `algorithms.instances.configured`.

    Returns
    -------
    list of tuple of Location and str
        Empty: nothing.
    """
    known, problems = registry(), list[tuple["Location", str]]()
    for name, table in tables.items():
        below, of = ("algorithms", name), table.get("algorithm", name)
        title = table.get("title", "none of its own")
        if not (isinstance(title, str) and title.strip() and title.isprintable() and len(title) <= 100):
            problems.append(((*below, "title"), "a title is one line of text, of 100 characters at most"))
        if not isinstance(of, str) or of not in known:
            problems.append(_unknown(name, table, known))
            continue
        settings = {setting: value for setting, value in table.items() if setting not in ABOUT}
        problems += refused(known[of].Settings, settings, below)
        if of != name and (said := _no_name_of_an_instance(name, of, known)):
            problems.append((below, said))
    return problems or _same_titles(tables)


def _unknown(name: str, table: Mapping[str, Any], known: Iterable[str]) -> tuple[Location, str]:
    there = f"known are {', '.join(known)}"
    if "algorithm" not in table:
        said = f"algorithm {name!r} is unknown{did_you_mean(name, known)}; {there}"
        return ("algorithms", name), f'{said}. An instance of one of them says so: algorithm = "..."'
    of = table["algorithm"]
    return ("algorithms", name, "algorithm"), f"there is no algorithm {of!r}{did_you_mean(str(of), known)}; {there}"


def _no_name_of_an_instance(name: str, of: str, known: Iterable[str]) -> str | None:
    """Why an instance cannot have a name; None: it can."""
    if name in known:
        return f"is an algorithm itself, so no instance of {of} can have its name; call the instance {of}_2, say"
    if not _NAME.fullmatch(name):
        return (
            f"{name!r} can name no instance: tables, folders and features are called like it. Begin with a small "
            f"letter and go on with small letters, digits and _, 60 characters in all: {of}_2, say"
        )
    if name in _TAKEN or name.startswith(_MODELS):
        return f"{name!r} is what other models or lists are called; call the instance {of}_2, say"
    return None


def _same_titles(tables: Mapping[str, Mapping[str, Any]]) -> Problems:
    """Instances that people could not tell from what stands before them."""
    titles, problems = dict[str, str](), list[tuple["Location", str]]()
    for name, (algorithm, _) in configured(tables).items():
        if algorithm.title in titles and ABOUT & tables[name].keys():
            said = f"is called {algorithm.title!r} like {titles[algorithm.title]}; give it a title of its own"
            problems.append((("algorithms", name), said))
        titles.setdefault(algorithm.title, name)
    return problems
