"""What a night costs: seconds and peak memory of each asset, on the default data in a temporary folder."""

from __future__ import annotations

import os
import tempfile
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def run() -> Iterator[str]:
    """Land the default data and build the first two demo nights; report the second."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"RECSYS_DATA": folder, "DAGSTER_HOME": f"{folder}/.dagster"}
        from recsys_assets.assets.raw import history_files, land_files
        from recsys_assets.profile_file import load_profile
        from recsys_jobs.definitions import nightly_job
        from recsys_jobs.run import dagster_instance, run_night

        profile = load_profile()
        started = time.perf_counter()
        land_files(profile, history_files(profile), "history", lambda _: None)
        yield f"landing: {time.perf_counter() - started:.1f} s"
        job = nightly_job(profile)
        with dagster_instance() as instance:
            for night in profile.demo_nights[:2]:
                started = time.perf_counter()
                run_night(profile, job, night, instance, lambda *_: None)
                yield f"night {night}: {time.perf_counter() - started:.1f} s"
            run_id = instance.get_runs(limit=1)[0].run_id
            for entry in instance.all_logs(run_id):
                event = entry.dagster_event
                if event is None or not event.is_step_materialization:
                    continue
                made = event.step_materialization_data.materialization
                if made.partition == str(night):
                    cost = [made.metadata[name].value for name in ("seconds", "peak_memory_mb")]
                    yield f"{made.asset_key.to_user_string():36s} {cost[0]:8.2f} s {cost[1]:8.0f} MB"
