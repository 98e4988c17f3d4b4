"""Tell a home that is in use from one that is not, so that a mistyped --home is not answered from nothing."""

from __future__ import annotations

from pathlib import Path

from kb.errors import NotFound
from kb.settings import Settings, read_settings


def settings_in_use(home: Path) -> Settings:
    """Return the settings of a home that holds a store. Raises NotFound when it holds none, ConfigurationError."""
    settings = read_settings(home)
    if not settings.store_path.exists():
        raise NotFound(f"{home} holds no store; check --home and KB_HOME, or begin with `kb serve` or `kb import`")
    return settings
