"""Settings of the detectors: what becomes of a night they find fault with, and what they are to leave alone."""

from __future__ import annotations

from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

Consequence = Literal["error", "warn", "off"]
"""``error`` stops the night before it is published, ``warn`` only tells, ``off`` does not look."""
DETECTORS = ("column_knows_the_future", "feature_separates_labels", "clock_is_off")
"""Names of the detectors, and of their checks."""


class DetectorSettings(BaseModel):
    """Settings of every detector (``[detectors]``)."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )

    column_knows_the_future: Consequence = "warn"
    """A column says more of what came after a cutoff than its entities' history explains."""
    feature_separates_labels: Consequence = "warn"
    """One feature alone says what was taken, or is another thing when it is served."""
    clock_is_off: Consequence = "warn"
    """The hours of day say that times are shifted."""
    trusted: list[str] = Field(default_factory=list)
    """Columns and features that are not judged, as findings name them (``clean.items.planned_until``): what they say of
    the future was known ahead."""
    time_zone: str | None = None
    """Where the users live, such as ``Europe/London``, by the times as the source's SQL gives them: ``UTC`` where those
    are the shop's own clock. None: hours of day are only compared with one another."""

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, zone: str | None) -> str | None:
        try:
            ZoneInfo(zone or "UTC")
        except (ZoneInfoNotFoundError, OSError, ValueError) as error:
            raise ValueError(f"{zone!r} is no time zone; write it like Europe/London") from error
        return zone

    @property
    def running(self) -> list[str]:
        """Names of the detectors that are not off."""
        return [name for name in DETECTORS if self.consequence(name) != "off"]

    def consequence(self, name: str) -> Consequence | None:
        """What becomes of a night that the check of a name finds fault with; None: it is no detector's."""
        chosen: Consequence | None = getattr(self, name) if name in DETECTORS else None
        return chosen
