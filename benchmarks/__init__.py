"""What proves a claim about speed or quality: one module per claim, each run by `python -m benchmarks [name ...]`."""
