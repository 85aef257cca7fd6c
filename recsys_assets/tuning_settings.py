"""Settings of tuning: whether a deployment looks for better settings by itself, when, and for how long."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, field_validator, model_validator

_UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds_of(budget: str) -> float:
    """Seconds of a duration such as ``30s``, ``10m`` or ``2h``.

    Raises
    ------
    ValueError
        When it is none, or no time at all.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh])", budget.strip())
    if not found or float(found[1]) == 0:
        raise ValueError(f"{budget!r} is no length of time; write 30s, 10m or 2h")
    return float(found[1]) * _UNITS[found[2]]


class TuningSettings(BaseModel):
    """Settings of the job ``tune`` (``[tuning]``)."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    schedule: str | None = Field(default=None, pattern=r"^\S+( \S+){4}$")
    """When the newest built night is tuned, as cron has it, in UTC: ``"0 4 * * 1"`` on Mondays at four. None: never."""
    trials: PositiveInt | None = None
    """Trials of each algorithm."""
    budget: str | None = None
    """Time for all algorithms together, ``"2h"``, in equal shares; without it and ``trials`` an hour."""
    algorithms: list[str] = Field(default_factory=list)
    """Those that are tuned; empty: all that have a search space."""

    @field_validator("budget")
    @classmethod
    def _budget_is_a_time(cls, budget: str | None) -> str | None:
        if budget is not None:
            seconds_of(budget)
        return budget

    @model_validator(mode="after")
    def _ends_by_one_rule(self) -> TuningSettings:
        if self.trials and self.budget:
            raise ValueError("trials and budget both say when tuning ends; keep one")
        return self
