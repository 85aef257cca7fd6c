"""What is wrong in a profile's tables ``[policy.<rule>]``, each with its place and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recsys_assets.ranking.policies import rules
from recsys_assets.wrong_settings import did_you_mean, refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from recsys_assets.wrong_settings import Location


def problems_of_policy(policy: Mapping[str, dict[str, Any]]) -> list[tuple[Location, str]]:
    """What is wrong in ``[policy]``, each with its place: unknown rules, and settings that a rule refuses."""
    known, problems = rules(), list[tuple["Location", str]]()
    for name, given in policy.items():
        if name in known:
            problems += refused(known[name].Settings, given, ("policy", name))
        else:
            said = f"is no rule{did_you_mean(name, known)}; known are {', '.join(known)}"
            problems.append((("policy", name), said))
    return problems
