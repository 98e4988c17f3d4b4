"""Benchmarks, run by hand; tests assert no times."""
