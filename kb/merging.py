"""Say how two texts differ line by line, and merge what two people changed in one text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal

Span = tuple[int, int]
Hunk = tuple[int, int, list[str]]
"""First line, line behind the last, and what stands there instead."""

CONTEXT = 3
"""Unchanged lines shown around a change, as `diff -u` does."""
LONGEST_MARKED = 2_000
"""Characters of a line within which changed words are marked."""
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of two texts side by side.

    `before` and `after` are the lines, `None` where one side has none; `before_number` and `after_number` count them
    from 1. The spans are half-open ranges of code points that differ. A `gap` stands for `hidden` unchanged lines.
    """

    kind: Literal["same", "changed", "removed", "added", "gap"]
    before: str | None = None
    after: str | None = None
    before_number: int | None = None
    after_number: int | None = None
    before_spans: tuple[Span, ...] = ()
    after_spans: tuple[Span, ...] = ()
    hidden: int = 0


def side_by_side(before: str, after: str, context: int = CONTEXT) -> tuple[Row, ...]:
    """Return two texts side by side, in order; long unchanged runs are a gap. Nothing when they are the same."""
    old, new = before.split("\n"), after.split("\n")
    if old == new:
        return ()
    rows: list[Row] = []
    for tag, i, i_end, j, j_end in _opcodes(old, new):
        if tag == "equal":
            is_first, is_last = i == 0 and j == 0, i_end == len(old) and j_end == len(new)
            rows += _unchanged(old[i:i_end], i, j, 0 if is_first else context, 0 if is_last else context)
        else:
            rows += _changed(old[i:i_end], new[j:j_end], i, j)
    return tuple(rows)


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


def _opcodes(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """Yield the opcodes of difflib. What both begin and end with is set aside first: in a long text that is nearly all,
    and looking for it line by line takes minutes where lines repeat."""
    shortest = min(len(old), len(new))
    head = next((at for at in range(shortest) if old[at] != new[at]), shortest)
    tail = next((at for at in range(shortest - head) if old[-1 - at] != new[-1 - at]), shortest - head)
    if head:
        yield "equal", 0, head, 0, head
    matcher = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail])
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        yield tag, i + head, i_end + head, j + head, j_end + head
    if tail:
        yield "equal", len(old) - tail, len(old), len(new) - tail, len(new)


def _unchanged(lines: Sequence[str], i: int, j: int, leading: int, trailing: int) -> Iterator[Row]:
    hidden = len(lines) - leading - trailing
    for at, line in enumerate(lines):
        if hidden > 1 and leading <= at < leading + hidden:
            if at == leading:
                yield Row("gap", hidden=hidden)
            continue
        yield Row("same", line, line, i + at + 1, j + at + 1)


def _changed(old: Sequence[str], new: Sequence[str], i: int, j: int) -> Iterator[Row]:
    for at, (one, other) in enumerate(zip_longest(old, new)):
        if one is None:
            yield Row("added", after=other, after_number=j + at + 1)
        elif other is None:
            yield Row("removed", before=one, before_number=i + at + 1)
        else:
            before_spans, after_spans = _word_spans(one, other)
            yield Row("changed", one, other, i + at + 1, j + at + 1, before_spans, after_spans)


def _word_spans(one: str, other: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Return what differs within two lines; the whole of lines that have little in common or are long."""
    old, new = _WORDS.findall(one), _WORDS.findall(other)
    whole = ((0, len(one)),) if one else (), ((0, len(other)),) if other else ()
    if max(len(one), len(other)) > LONGEST_MARKED:
        return whole
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < 0.4:
        return whole
    spans: tuple[list[Span], list[Span]] = ([], [])
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        for words, start, end, found in ((old, i, i_end, spans[0]), (new, j, j_end, spans[1])):
            if start < end:
                begin = sum(map(len, words[:start]))
                found.append((begin, begin + sum(map(len, words[start:end]))))
    return tuple(spans[0]), tuple(spans[1])


def _hunks(base: Sequence[str], changed: Sequence[str]) -> list[Hunk]:
    return [(i, i_end, list(changed[j:j_end])) for tag, i, i_end, j, j_end in _opcodes(base, changed) if tag != "equal"]


def _touch(one: Hunk, other: Hunk) -> bool:
    """Say whether two changes overlap or have no unchanged line between them."""
    return one[0] <= other[1] and other[0] <= one[1]
