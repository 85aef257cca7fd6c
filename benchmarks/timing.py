"""Paired timings: two ways of doing the same, in turn, so that a machine's drift falls on both."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def compare(names: tuple[str, str], one: Callable[[], object], other: Callable[[], object], n: int = 7) -> str:
    """Median seconds of both after a warm-up, and the median of the pairs' ratios."""
    pairs = [(_seconds(one), _seconds(other)) for _ in range(n + 1)][1:]
    first, second = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    return f"{names[0]} {first:.3f} s, {names[1]} {second:.3f} s, ratio {ratio:.2f} (median of {n} pairs)"


def _seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def run() -> Iterator[str]:
    """Nothing to measure here: this is what the others measure with."""
    yield "used by the other benchmarks"
