"""Search spaces: between which values a study may look for a setting, said beside the setting itself.

What belongs here: the two marks that a setting's annotation may carry, and reading them. Which values are sensible is
said in each algorithm's own file, one line a setting::

    decay_days: Annotated[PositiveFloat, Between(3, 180, log=True)] = 30.0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel


@dataclass(frozen=True)
class Between:
    """Numbers from the lowest to the highest one, both included; whole ones where the setting is whole.

    Parameters
    ----------
    log
        Whether equal ratios are looked at alike, not equal differences: for what is a matter of its size.
    """

    low: float
    high: float
    log: bool = False

    def holds(self, value: Any) -> bool:
        """Whether a value lies in between."""
        return isinstance(value, int | float) and self.low <= value <= self.high


@dataclass(frozen=True)
class Choice:
    """One of the values that a setting of type ``Literal`` can have."""

    values: tuple[Any, ...] = ()
    """Found out from the setting's type by `search_space`."""

    def holds(self, value: Any) -> bool:
        """Whether a value is one of them."""
        return value in self.values


Space = dict[str, Between | Choice]
"""Where to look for each setting that can be tuned, by its name."""


def search_space(settings: type[BaseModel], written: Mapping[str, Any]) -> Space:
    """Read what can be tuned off the settings of an algorithm.

    Parameters
    ----------
    settings : type of BaseModel
        ``Recommender.Settings`` of the algorithm.
    written : mapping of str to Any
        Settings that somebody wrote by hand: these stand, so they are not looked for.

    Returns
    -------
    dict of str to Between or Choice
        In the order of the settings; empty: there is nothing to tune.
    """
    space: Space = {}
    for name, field in settings.model_fields.items():
        mark = next((mark for mark in field.metadata if isinstance(mark, Between | Choice)), None)
        if mark is not None and name not in written:
            space[name] = Choice(get_args(field.annotation)) if isinstance(mark, Choice) else mark
    return space


def is_whole(settings: type[BaseModel], name: str) -> bool:
    """Whether a setting is a whole number."""
    return settings.model_fields[name].annotation is int
