"""What exists: each asset of a night as a step, and the factory that makes Dagster's assets of them; only wiring."""
