"""The outcome of an audit: what was compared, and what differs."""

from __future__ import annotations

from dataclasses import dataclass, field

from recsys_assets.nights import Night
from recsys_jobs.run import NightFailed


class AuditFailed(NightFailed):
    """A night that could not be audited; the message says why."""


@dataclass(frozen=True)
class Difference:
    """One asset that is not what it is in the plain build."""

    asset: str
    build: str
    """What it was compared with: ``deleted``, ``altered``, or ``lake`` (what the deployment holds); ``plain`` of what
    the plain build opened though it was not given it."""
    columns: tuple[str, ...]
    """Columns that differ; of a model its files; empty where it is missing in one of the two."""
    rows: tuple[str, ...]
    """A few rows, as text, of the plain build and of the other."""
    problem: str = ""
    """What the step says, where the build failed there."""


@dataclass
class Audit:
    """The outcome of one night's audit."""

    night: Night
    compared: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    """Assets in graph order, each with its fingerprint by build (``lake``, ``plain``, ``deleted``, ``altered``)."""
    differences: list[Difference] = field(default_factory=list)
    """In graph order."""
    seconds: dict[str, float] = field(default_factory=dict)
    """What each build took, its landing included; of a sample also ``sample``, what choosing it took."""
    compared_with_lake: bool = True
    users: float = 1.0
    """Share of the users it was made on."""
    confined_by: str = ""
    """What kept the builds from opening other files."""
    is_sample: bool = False
    """Whether it is the quick one, which every night has."""
    stale: str = ""
    """Why the lake may differ though nothing saw its future: it holds what other code made."""

    @property
    def passed(self) -> bool:
        """Whether the night is blind to its future."""
        return not self.differences
