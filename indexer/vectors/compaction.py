"""Decide which segments to merge. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

GROWTH = 4
"""A segment is rewritten when everything newer holds a quarter of its rows: a saved document rewrites a few rows, the
largest segment only after much growth, and there are never more than log4(rows) segments to search.
"""
MOST_DEAD = 0.25
"""A segment is rewritten, too, when this share of its rows is superseded or deleted: they are searched in vain."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows and documents a segment holds, how many rows of it are live, and how many deletions it keeps."""

    rows: int
    live_rows: int
    documents: int
    deletions: int


def first_to_merge(sizes: Sequence[Size]) -> int:
    """Return the number of the oldest segment to merge with all newer ones; `len(sizes)` when none is to be.

    `sizes` are in order of age, oldest first. Weight is rows and deletions together, so that deletions alone are
    merged too.
    """
    first = len(sizes)
    newer = 0
    for number in range(len(sizes) - 1, -1, -1):
        size = sizes[number]
        weight = size.rows + size.documents + size.deletions
        is_outgrown = newer > 0 and weight < GROWTH * newer
        if is_outgrown or size.rows - size.live_rows > MOST_DEAD * size.rows:
            first = number
        newer += weight
    return first
