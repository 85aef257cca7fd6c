"""A night of ours beside the script, as bars of stages: ``PICTURE=docs/images/rivals.png`` with `benchmarks rivals`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Compared = tuple[str, dict[str, float], dict[str, float]]
"""Title, seconds of the script by stage, and of our night by stage."""
MIN_SHARE = 0.05
"""Least part of the longest bar that has its name in it."""


def draw(compared: Sequence[Compared], file: Path) -> None:
    """Write a PNG of one panel a data set: two bars of stages, the longest stage of each first."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 1.9 * len(compared)), layout="constrained")
    for axes, (title, *bars) in zip(figure.subplots(len(compared), 1, squeeze=False)[:, 0], compared, strict=True):
        longest = max(sum(stages.values()) for stages in bars)
        for row, stages in enumerate(bars):
            left = 0.0
            for place, (stage, seconds) in enumerate(sorted(stages.items(), key=lambda item: -item[1])):
                axes.barh(row, seconds, left=left, color=f"C{place % 10}", edgecolor="white", linewidth=0.5)
                if seconds >= MIN_SHARE * longest:
                    axes.text(left + seconds / 2, row, stage, ha="center", va="center", fontsize=7, color="white")
                left += seconds
            axes.text(left, row, f" {left:.0f} s", va="center", fontsize=8)
        axes.set(title=title, yticks=(0, 1), yticklabels=("script", "a night of ours"), xlabel="seconds")
        axes.invert_yaxis()
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=110)
