"""Nothing is reported to anyone: the switches that turn off what our dependencies would send to their makers.

What belongs here: one switch for each dependency that reports by itself. In the lock these are Dagster (its pages and
its daemon upload what was run) and MLflow (its client does). OpenTelemetry, which MLflow brings along, sends nothing
until somebody names a place to send it to.

`recsys_assets` imports this module before anything else, so it holds for the command line, the code location, the
runs and the benchmarks. Dagster's own commands load the project's file ``.env`` instead, which says the same; a test
holds the two equal.
"""

from __future__ import annotations

import os

SWITCHES = {
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",  # What several libraries heed by convention; MLflow wants this very word.
}
"""Variables of the environment, and the values that turn reporting off."""

os.environ.update(SWITCHES)
