"""When things run: jobs, schedules, sensors and the command line."""

import recsys_assets  # noqa: F401  # Before Dagster: it turns off what libraries would report.
