"""Prove that a night saw nothing that came after it."""
