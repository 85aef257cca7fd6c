"""What proves a claim about speed or quality: one module per claim, each run by `python -m benchmarks [name ...]`."""

import recsys_assets  # noqa: F401  # Before the libraries that are measured: it turns off what they would report.
