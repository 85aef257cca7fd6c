"""What a detector says of one column, feature or clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from recsys_assets.evaluation.uncertainty import Floats


@dataclass(frozen=True)
class Finding:
    """One line of ``audits.detectors``, suspicious or not."""

    detector: str
    subject: str
    """What was looked at, such as ``clean.items.price``."""
    measure: str
    """What ``value`` is."""
    value: float | None = None
    """None: it was not judged, and ``reason`` says why."""
    reference: float | None = None
    """What the value is held against."""
    threshold: float | None = None
    """Size from which on the value is suspicious."""
    p: float | None = None
    """P-value, corrected for the number of columns; None where nothing is tested by chance."""
    n: int = 0
    """How many entities, rows or events it rests on."""
    is_suspicious: bool = False
    reason: str = ""
    """The likely reason where it is suspicious; why it was not judged where there is no value."""


def rounded(findings: Iterable[Finding]) -> list[Finding]:
    """Findings with four digits: what matrix products give beyond them differs with the threads.

    Values that are not finite become None.
    """
    return [
        replace(
            found,
            value=_digits(found.value, "{:.4f}"),
            reference=_digits(found.reference, "{:.4f}"),
            threshold=_digits(found.threshold, "{:.4f}"),
            p=_digits(found.p, "{:.2e}"),
        )
        for found in findings
    ]


def corrected(p: Sequence[float]) -> Floats:
    """P-values corrected for their number (`uncertainty.holm`); empty for none."""
    import numpy as np

    from recsys_assets.evaluation.uncertainty import holm

    return holm(np.asarray(p, dtype=np.float64))


def _digits(value: float | None, form: str) -> float | None:
    import math

    return float(form.format(value)) if value is not None and math.isfinite(value) else None
