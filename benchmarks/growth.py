"""How a night grows with the events, users in proportion: seconds and peak memory of the second night at several sizes.

    SIZES=1,5,20 python -m benchmarks growth          # million events; 1 and 2 by default

The exponent is that of seconds over events, from each size to the next: 1 is in proportion.
"""

from __future__ import annotations

import math
import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rivals import CUTOFF, FIRST_DAY, FOUR, by_stage
from benchmarks.rivals.deployments import Deployment
from benchmarks.rivals.synthetic import write_events

if TYPE_CHECKING:
    from collections.abc import Iterator

USERS, ITEMS = 20_000, 10_000
"""Of each million events."""


def run() -> Iterator[str]:
    """A line a size, and what each stage takes of it."""
    earlier: tuple[float, float] | None = None
    for millions in (float(size) for size in os.environ.get("SIZES", "1,2").split(",")):
        with tempfile.TemporaryDirectory() as folder:
            events = Path(folder) / "events.parquet"
            write_events(
                events, FIRST_DAY, int(millions * 1e6), int(millions * USERS), int(math.sqrt(millions) * ITEMS)
            )
            night = CUTOFF - timedelta(days=1)
            ours = Deployment(Path(folder) / "ours", "synthetic", events).make(FOUR)
            _, second = ours.build(night - timedelta(days=7), night, lands=True)
        exponent = ""
        if earlier is not None:
            grown = math.log(second["seconds"] / earlier[1]) / math.log(millions / earlier[0])
            exponent = f", exponent {grown:.2f}"
        earlier = millions, second["seconds"]
        yield (
            f"{millions:g} million events: {second['seconds']:.1f} s, {second['cpu_seconds']:.1f} CPU s, "
            f"{second['peak_mb']:,.0f} MB{exponent}"
        )
        stages = by_stage(second["steps"])
        yield "  " + ", ".join(f"{stage} {cost[0]:.1f}" for stage, cost in stages.items() if cost[0] >= 1)
