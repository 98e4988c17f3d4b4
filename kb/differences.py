"""Say what differs between two texts, line by line and within lines word by word, as a person reads it. Pure.

Lines are matched first, words only within lines that changed, and both are bounded: a text of 1 MB in which many
lines changed is answered in about a second. What was left out is said (`Difference.is_cut`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from kb.matching import matches

RowKind = Literal["same", "changed", "removed", "added", "skipped"]
CONTEXT = 3
"""Unchanged lines that are shown around a change."""
MOST_ROWS = 2_000
MOST_CHARACTERS = 300_000
"""Rows and characters of one difference: more than anybody reads, and as much as a browser lays out quickly."""
MOST_WORDS = 100_000
"""Words that are compared within lines, together; after them lines are shown whole."""
LONGEST_SAME = 300
"""Characters of an unchanged line, or of an unchanged stretch within a changed one, that are shown whole."""
_KEPT = 120
"""Characters kept on either side of one that is longer."""
_ALIKE = 0.4
"""Share of words (Dice) from which a new line is an old one changed: below it, marks within would be noise."""
_MOST_PAIRS = 2_500
"""Pairs of lines of one changed stretch whose words are compared, to see which line became which."""
_LONGEST_WEIGHED = 100_000
"""Characters of such a stretch."""
_WORD = re.compile(r"\w+|[^\w\s]|\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a line; `is_changed` when it is not on the other side. `is_short` when its middle is left out."""

    text: str
    is_changed: bool = False
    is_short: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line on either side, numbers from 1 and `None` where there is none; or `skipped` lines that are the same."""

    kind: RowKind
    old: tuple[Piece, ...] = ()
    new: tuple[Piece, ...] = ()
    old_number: int | None = None
    new_number: int | None = None
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs: rows to show, and how many lines are there on one side alone (a changed line counts on both)."""

    rows: tuple[Row, ...]
    added: int
    removed: int
    is_cut: bool = False


def difference(old: str, new: str) -> Difference:
    """Return what differs between two texts; no rows when they are equal. A line ends at a line feed."""
    one, two = _lines(old), _lines(new)
    same = matches(one, two)
    kept = sum(match.size for match in same)
    added, removed = len(two) - kept, len(one) - kept
    if not added and not removed:
        return Difference((), 0, 0)
    rows: list[Row] = []
    characters = 0
    for row in _rows(one, two, same):
        characters += sum(len(piece.text) for piece in (*row.old, *row.new))
        if len(rows) == MOST_ROWS or (characters > MOST_CHARACTERS and rows):
            return Difference(tuple(rows), added, removed, is_cut=True)
        rows.append(_shortened(row) if characters > MOST_CHARACTERS else row)
    return Difference(tuple(rows), added, removed, is_cut=characters > MOST_CHARACTERS)


def line_counts(old: str, new: str) -> tuple[int, int]:
    """Return how many lines one text has that the other lacks: (added, removed). A line that only moved is neither.

    Linear, for lists of many revisions.
    """
    one, two = Counter(_lines(old)), Counter(_lines(new))
    return (two - one).total(), (one - two).total()


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _rows(old: Sequence[str], new: Sequence[str], same: Sequence[tuple[int, int, int]]) -> Iterator[Row]:
    """Yield changed rows in order, with context around them and the number of lines between."""
    words_left = [MOST_WORDS]
    a = b = 0
    for number, (x, y, size) in enumerate([*same, (len(old), len(new), 0)]):
        yield from _changed(old, new, (a, x), (b, y), words_left)
        begins = number == 0 and x == y == 0
        head = 0 if begins else min(CONTEXT, size)
        tail = 0 if x + size == len(old) and y + size == len(new) else min(CONTEXT, size - head)
        between = size - head - tail
        if between == 1:
            head, between = head + 1, 0  # a line takes no more room than the word that it was left out
        for offset in (*range(head), *range(size - tail, size)):
            if offset == size - tail and between:
                yield Row("skipped", skipped=between)
            text = _short(old[x + offset])
            yield Row("same", (text,), (text,), x + offset + 1, y + offset + 1)
        if between and not tail:
            yield Row("skipped", skipped=between)
        a, b = x + size, y + size


def _changed(
    old: Sequence[str], new: Sequence[str], of_old: tuple[int, int], of_new: tuple[int, int], words_left: list[int]
) -> Iterator[Row]:
    """Yield one changed stretch: lines that became others beside them, and those of one side alone."""
    a, a_end = of_old
    b, b_end = of_new
    for x, y in [*_pairs(old[a:a_end], new[b:b_end], words_left), (a_end - a, b_end - b)]:
        while a < of_old[0] + x:
            yield Row("removed", old=(Piece(old[a], True),), old_number=a + 1)
            a += 1
        while b < of_new[0] + y:
            yield Row("added", new=(Piece(new[b], True),), new_number=b + 1)
            b += 1
        if a < a_end and b < b_end:
            before, after = _marked(old[a], new[b])
            yield Row("changed", before, after, a + 1, b + 1)
            a, b = a + 1, b + 1


def _pairs(old: Sequence[str], new: Sequence[str], words_left: list[int]) -> Iterator[tuple[int, int]]:
    """Yield which old line became which new one, in order: the pairs that have most words in common together.

    In a long stretch, line by line.
    """
    if len(old) * len(new) <= _MOST_PAIRS and sum(map(len, (*old, *new))) <= _LONGEST_WEIGHED:
        bags = [[_words(line, words_left) for line in side] for side in (old, new)]
        yield from _best_pairs([[_likeness(one, two) for two in bags[1]] for one in bags[0]])
        return
    for at, (one, two) in enumerate(zip(old, new, strict=False)):
        if words_left[0] <= 0 or len(one) + len(two) > 8 * words_left[0]:
            return  # a word has about six characters: cheaper than counting them first
        if _likeness(_words(one, words_left), _words(two, words_left)) >= _ALIKE:
            yield at, at


def _words(line: str, words_left: list[int]) -> Counter[str]:
    if words_left[0] <= 0:
        return Counter()
    found = Counter(word for word in _WORD.findall(line) if not word.isspace())
    words_left[0] -= found.total()
    return found


def _best_pairs(likeness: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Return pairs (row, column), both growing, of the greatest likeness in sum; none below `_ALIKE`."""
    rows, columns = len(likeness), len(likeness[0]) if likeness else 0
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for x in range(rows - 1, -1, -1):
        for y in range(columns - 1, -1, -1):
            here = likeness[x][y]
            paired = here + best[x + 1][y + 1] if here >= _ALIKE else 0.0
            best[x][y] = max(paired, best[x + 1][y], best[x][y + 1])
    pairs: list[tuple[int, int]] = []
    x = y = 0
    while x < rows and y < columns:
        here = likeness[x][y]
        if here >= _ALIKE and best[x][y] == here + best[x + 1][y + 1]:
            pairs.append((x, y))
            x, y = x + 1, y + 1
        elif best[x][y] == best[x + 1][y]:
            x += 1
        else:
            y += 1
    return pairs


def _likeness(one: Counter[str], two: Counter[str]) -> float:
    """Return the Dice coefficient of two bags of words, 0 to 1."""
    total = one.total() + two.total()
    return 2 * (one & two).total() / total if total else 0.0


def _marked(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Return both lines in pieces, with the words marked that only one of them has."""
    one, two = _WORD.findall(old), _WORD.findall(new)
    before: list[Piece] = []
    after: list[Piece] = []
    a = b = 0
    for x, y, size in [*_worth_it(matches(one, two), one), (len(one), len(two), 0)]:
        if x > a:
            before.append(Piece("".join(one[a:x]), True))
        if y > b:
            after.append(Piece("".join(two[b:y]), True))
        if size:
            same = _short("".join(one[x : x + size]))
            before.append(same)
            after.append(same)
        a, b = x + size, y + size
    return tuple(before), tuple(after)


def _worth_it(same: Sequence[tuple[int, int, int]], words: Sequence[str]) -> list[tuple[int, int, int]]:
    """Return matches without those of mere space: a space that stayed between two new words makes them no clearer."""
    return [one for one in same if not "".join(words[one[0] : one[0] + one[2]]).isspace()]


def _short(text: str) -> Piece:
    """Return an unchanged stretch, without its middle when it is long."""
    if len(text) <= LONGEST_SAME:
        return Piece(text)
    return Piece(f"{text[:_KEPT]} … {text[-_KEPT:]}", is_short=True)


def _shortened(row: Row) -> Row:
    """Return a row that alone is longer than all that is shown, without the middle of its pieces."""

    def cut(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
        return tuple(
            Piece(f"{one.text[:LONGEST_SAME]} …", one.is_changed, True) if len(one.text) > LONGEST_SAME else one
            for one in pieces[:100]
        )

    return Row(row.kind, cut(row.old), cut(row.new), row.old_number, row.new_number)
