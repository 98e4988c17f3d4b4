"""Find bursts: tickets opened within a short time that all resemble one of them. Pure.

A ticket is the *centre* of a burst when, within some window of time that holds it, enough tickets resemble it, itself
counted. Its burst are those tickets and, as long as no gap between two of them is longer than a window, the others
that resemble it, before and after. A ticket belongs to one burst; where it could be in several, the centre that most
tickets resemble comes first, of equals the earliest. Everything depends on the tickets alone, not on the order in
which they came to be known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ALIKE = 0.55
"""From this likeness on one ticket resembles another. On titanium's `tune` 0.5 finds 66 % of the injected bursts with
1.0 false candidates a week, 0.55 as many with 0.8, 0.6 finds 65 % with 0.6 (`python -m tests.quality.incidents HOMES
--sweep`). Not 0.6, because short tickets of a service desk about one fault are seldom so close: of four reports in
other words the middle one has likenesses of .45 to .55.
"""
NOT_ENGLISH = 0.15
"""What the default model, which knows English alone, finds alike in any two texts of another language: of 88 German
example tickets on different subjects the median cosine is .30, of as many English ones .18. It is taken off.
"""
SAME_IDENTIFIER = 0.2
"""What an error code or another strong identifier in common adds: two who tell the same code in other words, or in
another language, report one problem.
"""

Times = NDArray[np.int64]
"""Microseconds since the epoch: whole numbers, so that what lies just within a window does."""
Flags = NDArray[np.bool_]
Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Texts:
    """What tickets are compared by, row by row: unit vectors `(count, dimension)`, whether a row is to be corrected for
    not being English, and the strong identifiers of each.
    """

    vectors: Rows
    foreign: Flags
    identifiers: Sequence[frozenset[str]]


@dataclass(frozen=True, slots=True)
class Burst:
    """Rows of one burst in order of time; `most` is how many of them lie within one window."""

    centre: int
    rows: tuple[int, ...]
    most: int


def likenesses(some: Texts, others: Texts) -> Rows:
    """Return how alike each of `some` and each of `others` are, `(some, others)`: the cosine, corrected and raised."""
    alike: Rows = some.vectors @ others.vectors.T
    if some.foreign.any() and others.foreign.any():
        both = np.ix_(some.foreign, others.foreign)
        alike[both] = (alike[both] - NOT_ENGLISH) / (1 - NOT_ENGLISH)
    here, there = _holders(some.identifiers), _holders(others.identifiers)
    raised = np.zeros(alike.shape, dtype=bool) if here.keys() & there.keys() else None
    if raised is not None:
        for value in here.keys() & there.keys():
            raised[np.ix_(here[value], there[value])] = True
        alike[raised] += SAME_IDENTIFIER
    return np.minimum(alike, np.float32(1.0), out=alike)


def bursts(times: Times, alike: Flags, size: int, window: int) -> list[Burst]:
    """Return the bursts among tickets that are in order of time, the largest first.

    `alike[i, j]` says that j resembles i, symmetric, itself included. `size` tickets within
    `window` microseconds, its end included, make a burst.
    """
    count = len(times)
    left = np.ones(count, dtype=bool)
    able = np.count_nonzero(alike, axis=1) >= size
    found: list[Burst] = []
    rows = np.flatnonzero(able)
    peaks = most_within(times, alike[rows], rows, window)
    rows = rows[peaks >= size]
    while len(rows):
        held = alike[rows] & left
        peaks = most_within(times, held, rows, window)
        enough = peaks >= size
        rows, held, peaks = rows[enough], held[enough], peaks[enough]
        if not len(rows):
            break
        best = int(np.argmax(np.count_nonzero(held, axis=1)))
        members = _chain(times, np.flatnonzero(held[best]), int(rows[best]), window)
        found.append(Burst(int(rows[best]), tuple(int(row) for row in members), int(peaks[best])))
        left[members] = False
        rows = rows[left[rows]]
    return found


def most_within(times: Times, alike: Flags, rows: NDArray[np.intp], window: int) -> NDArray[np.intp]:
    """Return for each of `rows` how many tickets that resemble it lie within one window that holds it.

    `alike` has one row for each of `rows` and a column for each of `times`.
    """
    if not len(rows):
        return np.zeros(0, dtype=np.intp)
    first = np.searchsorted(times, times[rows] - window, side="left")
    last = np.searchsorted(times, times[rows] + window, side="right")
    columns = np.arange(len(times))
    near = alike & (columns >= first[:, None]) & (columns < last[:, None])
    counted = np.zeros((len(rows), len(times) + 1), dtype=np.int32)
    np.cumsum(near, axis=1, dtype=np.int32, out=counted[:, 1:])
    ends = np.searchsorted(times, times + window, side="right")
    within = counted[:, ends] - counted[:, :-1]
    # A window that begins behind a ticket holds fewer of its neighbours than the one that begins with it.
    return np.asarray(within.max(axis=1), dtype=np.intp)


def _chain(times: Times, rows: NDArray[np.intp], centre: int, window: int) -> NDArray[np.intp]:
    """Return those of `rows` around the centre between which no gap is longer than a window."""
    at = int(np.searchsorted(rows, centre))
    gaps = np.diff(times[rows]) > window
    begin = int(np.flatnonzero(gaps[:at])[-1]) + 1 if gaps[:at].any() else 0
    end = at + 1 + int(np.flatnonzero(gaps[at:])[0]) if gaps[at:].any() else len(rows)
    return rows[begin:end]


def _holders(identifiers: Sequence[frozenset[str]]) -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = {}
    for row, values in enumerate(identifiers):
        for value in values:
            found.setdefault(value, []).append(row)
    return found
