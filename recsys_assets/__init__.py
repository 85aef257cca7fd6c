"""The asset graph: what exists, and how it is stored, checked and computed."""

import os

# Before OpenMP is loaded: threads that wait by spinning take the cores from whoever has work, LightGBM's own included.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
