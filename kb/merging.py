"""Merge what two people changed in one text. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from kb.matching import matches

Hunk = tuple[int, int, list[str]]
"""First line of the base, line behind the last, and what stands there instead."""


def merged(base: str, mine: str, theirs: str) -> str | None:
    """Return the text with both changes of `base`, `None` where they touch the same or neighbouring lines.

    The three-way merge of `diff3`: what one side alone changed is taken from it; what both changed alike is taken once.
    """
    lines = base.split("\n")
    mine_hunks, theirs_hunks = _hunks(lines, mine.split("\n")), _hunks(lines, theirs.split("\n"))
    result: list[str] = []
    at = 0
    while mine_hunks or theirs_hunks:
        if mine_hunks and theirs_hunks and mine_hunks[0] == theirs_hunks[0]:
            hunk = mine_hunks.pop(0)
            theirs_hunks.pop(0)
        elif mine_hunks and theirs_hunks and _touch(mine_hunks[0], theirs_hunks[0]):
            return None
        else:
            comes_first = not theirs_hunks or (bool(mine_hunks) and mine_hunks[0][0] < theirs_hunks[0][0])
            hunk = (mine_hunks if comes_first else theirs_hunks).pop(0)
        result += [*lines[at : hunk[0]], *hunk[2]]
        at = hunk[1]
    return "\n".join(result + lines[at:])


def _hunks(base: Sequence[str], changed: Sequence[str]) -> list[Hunk]:
    """Return what was changed, in order, with at least one unchanged line between any two."""
    found: list[Hunk] = []
    at, now = 0, 0
    for old, new, size in [*matches(base, changed), (len(base), len(changed), 0)]:
        if at < old or now < new:
            found.append((at, old, list(changed[now:new])))
        at, now = old + size, new + size
    return found


def _touch(one: Hunk, other: Hunk) -> bool:
    """Say whether two changes overlap or have no unchanged line between them."""
    return one[0] <= other[1] and other[0] <= one[1]
