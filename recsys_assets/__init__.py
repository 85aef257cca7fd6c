"""The asset graph: what exists, and how it is stored, checked and computed."""

import os

import recsys_assets.telemetry  # noqa: F401  # First of all: a library reads its switch when it is imported.

# Before OpenMP is loaded: threads that wait by spinning take the cores from whoever has work, LightGBM's own included.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
