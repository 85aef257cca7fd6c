"""What routes share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from recsys_serving.metrics import Metrics

if TYPE_CHECKING:
    from recsys_serving.journal import Journal
    from recsys_serving.releases import Served


@dataclass
class Services:
    """What routes share; each finds it in ``app.state.services``."""

    served: Served
    """The releases."""
    journal: Journal | None
    """Where feedback goes; None: it is not taken."""
    no_journal: str = ""
    """Why not, as a sentence."""
    metrics: Metrics = field(default_factory=Metrics)
    """Counts."""
