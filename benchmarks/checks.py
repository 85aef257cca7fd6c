"""What the checks and the audit cost: their share of a night's seconds, by the clock and of all processors.

    RECSYS_PROFILE=movielens HISTORY=FOLDER python -m benchmarks checks

`HISTORY` is a folder of delivered files, for a profile that names none.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recsys_assets.nights import Night
    from recsys_assets.profile import Profile

N_SHOWN, N_RUNS = 8, 3


def run() -> Iterator[str]:
    """Land the history of the profile (``RECSYS_PROFILE``), build its first demo night, and report its second.

    That one is built several times, with the audit and without in turns: beside it, each costs more.
    """
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"RECSYS_DATA": folder, "DAGSTER_HOME": f"{folder}/.dagster"}
        from recsys_assets.assets.raw import history_files, land_files
        from recsys_assets.profile_file import load_profile
        from recsys_jobs.definitions import nightly_job
        from recsys_jobs.run import dagster_instance, run_night

        profile = load_profile()
        given = os.environ.get("HISTORY")
        land_files(profile, [Path(given)] if given else history_files(profile), "history", lambda _: None)
        first, second = profile.demo_nights[:2]
        with dagster_instance() as instance:
            run_night(profile, nightly_job(profile), first, instance, lambda *_: None)
        yield f"profile {profile.name}"
        # The first build of a night writes the log since the night before: those that are measured are built again.
        _build(profile.model_copy(update={"audit": "off"}), second)
        times: dict[str, list[tuple[float, float]]] = {"off": [], "sample": []}
        for _ in range(N_RUNS):
            for audit, costs in times.items():
                lines, cost = _build(profile.model_copy(update={"audit": audit}), second)
                costs.append(cost)
        off, sample = (tuple(median(each) for each in zip(*costs, strict=True)) for costs in times.values())
        yield from lines
        yield f"night {second} without its audit: {off[0]:.1f} s, {off[1]:.1f} CPU seconds (medians of {N_RUNS})"
        yield (
            f"with its audit: {sample[0]:.1f} s, {sample[1]:.1f} CPU seconds, so the audit costs "
            f"{sample[0] / off[0] - 1:.1%} and {sample[1] / off[1] - 1:.1%} more"
        )


def _now() -> tuple[float, float]:
    """Seconds by the clock, and of all processors, those of processes that were waited for included."""
    return time.perf_counter(), sum(os.times()[:4])


def _build(profile: Profile, night: Night) -> tuple[list[str], tuple[float, float]]:
    """Build one night; what its steps of checks and its detectors cost, Dagster's part of them included, and itself."""
    from recsys_jobs.definitions import nightly_job
    from recsys_jobs.executor import execute
    from recsys_jobs.run import dagster_instance

    job, run_id = nightly_job(profile), str(uuid4())
    begun: dict[str, tuple[float, float]] = {}
    spent: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])

    def follow(entry: object) -> None:
        event = getattr(entry, "dagster_event", None)
        if event is None or event.step_key is None:
            return
        now = _now()
        if event.is_step_start:
            begun[event.step_key] = now
        elif event.is_step_success or event.is_step_failure:
            for i in (0, 1):
                spent[event.step_key][i] += now[i] - begun[event.step_key][i]

    with dagster_instance() as instance:
        instance.add_event_listener(run_id, follow)
        started = _now()
        execute(job, night.isoformat(), instance, run_id=run_id)
        whole = tuple(after - before for after, before in zip(_now(), started, strict=True))
    checks = {step: cost for step, cost in spent.items() if step.endswith("__checks")}
    n_checks = sum(name.name.endswith("__checks") and len(name.output_dict) for name in job.graph.node_defs)
    wall, cpu = (sum(cost[i] for cost in checks.values()) for i in (0, 1))
    lines = [
        f"{n_checks} checks in {len(checks)} steps: {wall:.1f} s ({wall / whole[0]:.1%} of {whole[0]:.1f} s), "
        f"{cpu:.1f} CPU seconds ({cpu / whole[1]:.1%})"
    ]
    if found := spent.get("audits__detectors"):
        lines.append(f"the detectors: {found[0]:.1f} s ({found[0] / whole[0]:.1%})")
    slowest = sorted(checks.items(), key=lambda item: -item[1][0])[:N_SHOWN]
    lines += [f"{step:44s} {seconds:6.2f} s {processor:6.2f} CPU seconds" for step, (seconds, processor) in slowest]
    return lines, (whole[0], whole[1])
