"""Match two sequences: what stayed, in order, in bounded time. Pure.

Patience matching (Bram Cohen, 2006): what is unique on both sides and in the same order stayed; between such anchors
the same again. A stretch without anchors is compared by `difflib`, which is quadratic in bad cases, only while it is
short; in a long one only what stands at the same distance from its beginning is taken to be the same. That also holds
for what is left once looking for anchors has taken `_STEPS` for each item, or comparing all of `_ALL_PAIRS`: so the
time is linear in both sides, whatever they hold.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

_MOST_PAIRS = 10_000
"""Pairs of a stretch without anchors that are still compared: about 100 lines with 100, a few milliseconds."""
_ALL_PAIRS = 1_000_000
"""Pairs of all short stretches together."""
_STEPS = 8
"""Items looked at for each item of both sides: edits nest few anchors within anchors; made-up texts many."""
_FREE_STEPS = 100_000
"""Steps that a short text has in any case."""


class Match(NamedTuple):
    """`size` items from `old` on one side are those from `new` on the other; positions count from 0."""

    old: int
    new: int
    size: int


def matches(old: Sequence[str], new: Sequence[str]) -> list[Match]:
    """Return what is the same on both sides, in order, not overlapping, neighbours joined."""
    found: list[Match] = []
    waiting = [(0, len(old), 0, len(new))]
    steps, pairs = _FREE_STEPS + _STEPS * (len(old) + len(new)), _ALL_PAIRS
    while waiting:
        a, a_end, b, b_end = waiting.pop()
        if head := _alike(old, new, a, b, 1, min(a_end - a, b_end - b)):
            found.append(Match(a, b, head))
            a, b = a + head, b + head
        if tail := _alike(old, new, a_end - 1, b_end - 1, -1, min(a_end - a, b_end - b)):
            a_end, b_end = a_end - tail, b_end - tail
            found.append(Match(a_end, b_end, tail))
        if a == a_end or b == b_end:
            continue
        steps -= a_end - a + b_end - b
        anchors = _anchors(old, new, a, a_end, b, b_end) if steps >= 0 else []
        if not anchors:
            of_stretch = (a_end - a) * (b_end - b)
            is_short = of_stretch <= min(_MOST_PAIRS, pairs)
            pairs -= of_stretch if is_short else 0
            found += (_compared if is_short else _at_same_distance)(old[a:a_end], new[b:b_end], a, b)
            continue
        for x, y in anchors:
            found.append(Match(x, y, 1))
            waiting.append((a, x, b, y))
            a, b = x + 1, y + 1
        waiting.append((a, a_end, b, b_end))
    return _joined(sorted(found))


def _alike(old: Sequence[str], new: Sequence[str], a: int, b: int, step: int, most: int) -> int:
    """Return how many items in a row are the same from these two places on, forwards or backwards."""
    count = 0
    while count < most and old[a + step * count] == new[b + step * count]:
        count += 1
    return count


def _anchors(old: Sequence[str], new: Sequence[str], a: int, a_end: int, b: int, b_end: int) -> list[tuple[int, int]]:
    """Return the longest run, in order on both sides, of items that are unique on both."""
    counts_old = Counter(old[at] for at in range(a, a_end))
    counts_new = Counter(new[at] for at in range(b, b_end))
    place_in_new = {new[at]: at for at in range(b, b_end) if counts_new[new[at]] == 1}
    pairs = [
        (at, place_in_new[old[at]]) for at in range(a, a_end) if counts_old[old[at]] == 1 and old[at] in place_in_new
    ]
    ends: list[int] = []  # the smallest place in `new` at which a run of each length ends
    at_end: list[int] = []  # the pair that does
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        before.append(at_end[length - 1] if length else -1)
        if length == len(ends):
            ends.append(place)
            at_end.append(number)
        else:
            ends[length], at_end[length] = place, number
    run: list[tuple[int, int]] = []
    number = at_end[-1] if at_end else -1
    while number >= 0:
        run.append(pairs[number])
        number = before[number]
    return run[::-1]


def _compared(old: Sequence[str], new: Sequence[str], a: int, b: int) -> list[Match]:
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return [Match(a + block.a, b + block.b, block.size) for block in blocks if block.size]


def _at_same_distance(old: Sequence[str], new: Sequence[str], a: int, b: int) -> list[Match]:
    return [Match(a + at, b + at, 1) for at, (one, two) in enumerate(zip(old, new, strict=False)) if one == two]


def _joined(found: list[Match]) -> list[Match]:
    joined: list[Match] = []
    for one in found:
        last = joined[-1] if joined else None
        if last is not None and (last.old + last.size, last.new + last.size) == (one.old, one.new):
            joined[-1] = Match(last.old, last.new, last.size + one.size)
        else:
            joined.append(one)
    return joined
