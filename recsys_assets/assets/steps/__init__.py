"""The steps of a night, one module each or for a few that belong together.

Every module of this package has a function ``steps(profile)``; what it gives is made every night.
Nothing else registers a step.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recsys_assets.assets.step import Step
    from recsys_assets.profile import Profile


def all_steps(profile: Profile) -> list[Step]:
    """Every step of a profile's nights, by module and as each gives them.

    Raises
    ------
    SqlError, FeatureError
        When a SQL file that a step stands for is wrong; the message names it.
    """
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    return [step for module in modules for step in module.steps(profile)]
