"""Nights of ours without Dagster, checks and what only a published one needs: for benchmarks of lists and grades.

python -m benchmarks.rivals.steps NIGHT [NIGHT ...]
"""

from __future__ import annotations

import sys
from datetime import date

LEFT_OUT = ("audits.", "releases.", "tracking.", "raw.", "clean.")


def main(*nights: str) -> None:
    """Build nights in turn, each in the order of its assets."""
    from recsys_assets.assets.clean_log import write_log
    from recsys_assets.assets.making import opened, save
    from recsys_assets.assets.steps import all_steps
    from recsys_assets.profile_file import load_profile
    from recsys_jobs.graph import asset_order

    profile = load_profile()
    order = [name for name in asset_order(profile) if not name.startswith(LEFT_OUT)]
    steps = {step.name: step for step in all_steps(profile)}
    for night in map(date.fromisoformat, nights):
        for _ in write_log(profile, night, "", print):
            pass
        for step in (steps[name] for name in order if name in steps):
            with opened(profile, step, night, "") as snapshot:
                if step.prepare is not None:
                    step.prepare(snapshot)
                save(snapshot, step, step.make(snapshot), "")
        print(night, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
