"""Policies: what is done to a ranking before it is published, one rule a module, arrays in and arrays out.

A module of this package that defines a `Rule` with a ``name`` is a rule, with the settings of ``[policy.<name>]``;
nothing else registers it.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

from recsys_assets.ranking.policies.base import PolicyError, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


__all__ = ["PolicyError", "Rule", "rules", "rules_in_force"]


def rules() -> dict[str, type[Rule]]:
    """Every rule of this package by its name, in order of name."""
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    found = {
        value.name: value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == module.__name__
        if "name" in vars(value)
    }
    return dict(sorted(found.items()))


def rules_in_force(policy: Mapping[str, dict[str, Any]], night: date) -> list[Rule]:
    """Rules of a profile that do anything on a night, in order of name."""
    made = [kind(policy[name]) for name, kind in rules().items() if name in policy]
    return [rule for rule in made if rule.in_force(night)]
