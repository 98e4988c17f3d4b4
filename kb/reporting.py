"""Say how long work tells a person what it is doing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
"""Returns the time now, aware, in UTC."""
Say = Callable[[str], None]
"""Tells a person one line about what is happening."""
Progress = Callable[[int, int], None]
"""Tells how many of how many are done."""
