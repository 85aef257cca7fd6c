"""Detectors of leaks that trusted data brings along; arrays in, findings out."""
