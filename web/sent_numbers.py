"""Read numbers that forms and addresses send."""

from __future__ import annotations

MOST_DIGITS = 9
"""What any database column and any language holds; nothing that is counted here comes near."""


def number_in(text: str) -> int | None:
    """Return the whole number that a text is, `None` for anything else and for more than `MOST_DIGITS` digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None
