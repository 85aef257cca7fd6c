"""Ranking metrics and their uncertainty: plain arrays in, plain arrays out."""
