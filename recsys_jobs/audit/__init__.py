"""The future-perturbation audit: proof that a night never saw what came after it."""
