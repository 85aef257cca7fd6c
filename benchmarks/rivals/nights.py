"""Nights of ours as a process: seconds, processor seconds and peak memory of each, and of each step.

    python -m benchmarks.rivals.nights FOLDER NIGHT [NIGHT ...]

Lands FOLDER as history (``own``: the profile's own deliveries; ``none``: nothing), then builds the nights in turn.
Prints one JSON object a night. Steps that run at the same time share its seconds, so those of all steps add up to the
time in which any ran.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from pathlib import Path
from uuid import uuid4


class Steps:
    """What each step of a run cost, out of the run's events as they happen."""

    def __init__(self) -> None:
        self.costs: dict[str, dict[str, float]] = {}
        self._running: set[str] = set()
        self._since = _now()
        self._lock = threading.Lock()

    def follow(self, entry: object) -> None:
        """Take an event in, in the thread in which it happens."""
        event = getattr(entry, "dagster_event", None)
        if event is None or event.step_key is None:
            return
        with self._lock:
            self._share()
            if event.is_step_start:
                self._running.add(event.step_key)
                self.costs[event.step_key] = {"seconds": 0.0, "cpu_seconds": 0.0, "peak_mb": 0.0}
            elif event.is_step_success:
                self._running.discard(event.step_key)
            elif event.is_step_materialization:
                for name, value in event.step_materialization_data.materialization.metadata.items():
                    if name == "peak_memory_mb":
                        self.costs[event.step_key]["peak_mb"] = float(value.value)

    def _share(self) -> None:
        """Share the time since the last event between the steps that ran."""
        now = _now()
        for step in self._running:
            for place, name in enumerate(("seconds", "cpu_seconds")):
                self.costs[step][name] += (now[place] - self._since[place]) / len(self._running)
        self._since = now


def main(folder: str, *nights: str) -> None:
    """Land, build, and tell."""
    from recsys_assets.assets.raw import history_files, land_files
    from recsys_assets.profile_file import load_profile
    from recsys_jobs.definitions import nightly_job
    from recsys_jobs.executor import execute
    from recsys_jobs.run import dagster_instance

    profile = load_profile()
    # The audit is a proof beside the night, of the same code again: what it costs is measured by `benchmarks checks`.
    profile = profile.model_copy(update={"audit": os.environ.get("AUDIT", "off")})
    if folder != "none":
        files = history_files(profile) if folder == "own" else [Path(folder)]
        land_files(profile, files, "history", lambda _: None)
    job = nightly_job(profile)
    for night in nights:
        steps = Steps()
        with dagster_instance() as instance:
            run_id = str(uuid4())
            instance.add_event_listener(run_id, steps.follow)
            started = _now()
            execute(job, night, instance, run_id=run_id)
            wall, cpu = (after - before for after, before in zip(_now(), started, strict=True))
        told = {"night": night, "seconds": wall, "cpu_seconds": cpu, "steps": steps.costs}
        # Each step begins its peak anew, which takes the process's own with it.
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        told["peak_mb"] = max(own, *(step["peak_mb"] for step in steps.costs.values()))
        print(json.dumps(told), flush=True)


def _now() -> tuple[float, float]:
    return time.perf_counter(), sum(os.times()[:4])


if __name__ == "__main__":
    main(*sys.argv[1:])
