"""When things run: jobs, schedules, sensors and the command line."""

import os

import recsys_assets  # noqa: F401  # Before Dagster: it turns off what libraries would report.

# What is written here is about people, Dagster's and MLflow's files too; see `recsys_assets.storage.private`.
os.umask(0o077)
