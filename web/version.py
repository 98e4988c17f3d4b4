"""Say which Fixlore this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def running_version() -> str:
    """Return the version of this Fixlore, `unknown` in a tree that was never installed."""
    try:
        return version("fixlore")
    except PackageNotFoundError:
        return "unknown"
