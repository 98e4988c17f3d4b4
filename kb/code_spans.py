"""Say where the code spans of one line stand: between two runs of backticks of the same length. Pure."""

from __future__ import annotations

import re
from collections import defaultdict

_TICKS = re.compile(r"`+")


def code_spans(line: str) -> tuple[tuple[int, int], ...]:
    """Return begin and end of each span, its backticks included, in order; linear in the line.

    A run that no later one of its length closes opens nothing (CommonMark 0.31, 6.1).
    """
    if "`" not in line:
        return ()
    runs = [match.span() for match in _TICKS.finditer(line)]
    of_length: defaultdict[int, list[int]] = defaultdict(list)
    for number, (begin, end) in reversed(list(enumerate(runs))):
        of_length[end - begin].append(number)
    spans: list[tuple[int, int]] = []
    number = 0
    while number < len(runs):
        begin, end = runs[number]
        alike = of_length[end - begin]
        while alike and alike[-1] <= number:
            alike.pop()
        if alike:
            number = alike.pop()
            spans.append((begin, runs[number][1]))
        number += 1
    return tuple(spans)
