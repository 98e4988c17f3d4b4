"""Benchmarks, run by hand: `python -m tests.benchmarks` prints one table. Tests assert no times."""
