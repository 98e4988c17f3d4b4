"""Say how far a document agrees with a question on identifiers, and whether that puts it before all that do not.

*Strong* identifiers name one problem: an error code, an event with its cue, an update, an advisory, a GUID, a class of
exception. *Weak* ones (a version, a host, a path, a status code, a number that merely stands there) say where a problem
is: they are evidence, and never decide alone.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kb.analysis.analyse import Identifier
from kb.analysis.telling import kind_of
from search.lanes import Lanes

MOST_ASKED = 20
"""Identifiers that are looked up one by one, the strongest first."""
STRONG = 0.8
"""From this strength on an identifier decides."""
COMMON_SHARE = 0.002
COMMON_AT_LEAST = 10
"""An identifier held by more documents than both this share of the index and this many is common, and decides nothing:
of a class of exception that every other ticket names nobody can tell which problem it is. On titanium's `tune` MRR@10
is .608 with this share, .601 with five times as much and .611 when no identifier decides.
"""

_STRENGTHS: Mapping[str, float] = {
    "error_code": 1.0,
    "event_id": 1.0,
    "kb": 1.0,
    "cve": 1.0,
    "guid": 0.9,
    "exception": 0.8,
    "code": 0.9,
    "status_code": 0.3,
    "host": 0.3,
    "ip": 0.3,
    "path": 0.2,
    "version": 0.1,
    "number": 0.3,
}
_NUMBER = re.compile(r"-?\d{1,2}|[1-5]\d\d")
_SMALL_HEX = re.compile(r"0x[0-9a-f]{1,2}")
_LONG_HEX = re.compile(r"0x[0-9a-f]{8}(?<!0000)")
_VENDOR_CODE = re.compile(r"[a-z]{2,10}[-_]?\d{4,7}|[a-z]{2}\d\d-\d{3}")


def strength(value: str, kind: str) -> float:
    """Return how much an identifier tells of which problem it is, 0 to 1, whatever the index holds.

    A number of a kind that needs a cue ("error 809") tells less when it is short, since many things count from one, and
    when it may be a status of HTTP. Of the codes that nothing announces those count that are built like a vendor's
    (`ORA-12154`, `AADSTS50076`) or fill 32 bits; models and settings ("GT-P7510") look alike and tell less.
    """
    if kind == "error_code" and (_NUMBER.fullmatch(value) or _SMALL_HEX.fullmatch(value)):
        return 0.4
    if kind == "event_id" and value.isdigit():
        return 0.4
    if kind == "status_code" and value.count(".") == 2:
        return 0.9  # what a mail server answers ("5.7.26") names one reason
    if kind == "code" and not (_VENDOR_CODE.fullmatch(value) or _LONG_HEX.fullmatch(value)):
        return 0.5
    return _STRENGTHS.get(kind, 0.1)


def stands_for_the_problem(text: str, title: int) -> Callable[[Identifier], bool]:
    """Return whether an identifier of a ticket's text decides where it stands: in its first `title` characters, what
    somebody wrote, or an error line; not in code, nor in what a log says beside its errors.
    """
    ends = [at for at, char in enumerate(text) if char == "\n"]
    starts = [0, *(at + 1 for at in ends)]
    lines = text.split("\n")

    def decides(one: Identifier) -> bool:
        return one.start < title or kind_of(lines[bisect_right(starts, one.start) - 1]) in ("prose", "error")

    return decides


@dataclass(frozen=True, slots=True)
class AskedIdentifier:
    """An identifier of a question: its canonical value, its strength, and whether it stands where it decides."""

    value: str
    strength: float
    decides: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """What documents hold of a question's identifiers.

    `held`: value → ids of the candidates that hold it. `counts`: value → about how many documents of the index do;
    what no candidate holds is missing from both. `size` is that of the index. With `only_rare` a common identifier
    decides nothing.
    """

    asked: tuple[AskedIdentifier, ...]
    held: Mapping[str, frozenset[str]]
    counts: Mapping[str, int]
    size: int
    only_rare: bool = True

    @property
    def exact_tiers(self) -> frozenset[str]:
        """Return the ids of the documents that hold an identifier that decides: they come before all others."""
        return frozenset[str]().union(*(self.held[value] for value in self.deciding))

    @property
    def unknown(self) -> tuple[str, ...]:
        """Return the values that would decide and that no candidate holds, where none that decides is held."""
        strong = [one.value for one in self.asked if one.decides and one.strength >= STRONG]
        return () if any(value in self.held for value in strong) else tuple(strong)

    @property
    def deciding(self) -> tuple[str, ...]:
        """Return the values that decide: strong, where they stand for the problem, and not common in the index."""
        return tuple(
            one.value
            for one in self.asked
            if one.decides and one.strength >= STRONG and one.value in self.held and not self._is_common(one.value)
        )

    def most_telling_first(self, spellings: Sequence[tuple[str, str]]) -> list[str]:
        """Return identifiers, given as (written, canonical), as written: the strong before the weak, of equally strong
        ones the rarest in the index, what it does not hold last, and else in the order given.
        """
        strengths = {one.value: one.strength for one in self.asked}
        ordered = sorted(
            spellings,
            key=lambda one: (-strengths.get(one[1], 0.0), self.counts.get(one[1]) or self.size + 1),
        )
        return [written for written, _ in ordered]

    def _is_common(self, value: str) -> bool:
        return self.only_rare and self.counts[value] > max(COMMON_AT_LEAST, COMMON_SHARE * self.size)


def asked_identifiers(
    identifiers: Iterable[Identifier], decides: Callable[[Identifier], bool]
) -> tuple[AskedIdentifier, ...]:
    """Return the identifiers of a question, none twice, the strongest first and else in text order, at most
    `MOST_ASKED`. One value takes its strongest mention, and decides if any mention does.
    """
    found: dict[str, AskedIdentifier] = {}
    for one in identifiers:
        before = found.get(one.value)
        now = AskedIdentifier(one.value, strength(one.value, one.kind), decides(one))
        if before is not None:
            now = AskedIdentifier(one.value, max(before.strength, now.strength), before.decides or now.decides)
        found[one.value] = now
    return tuple(sorted(found.values(), key=lambda one: -one.strength)[:MOST_ASKED])


def agreement(
    lanes: Lanes,
    asked: Sequence[AskedIdentifier],
    ids: Sequence[str],
    exact: Collection[str],
    holds: Callable[[str, str], bool] = lambda document_id, value: True,
    *,
    only_rare: bool = True,
) -> Agreement:
    """Return what candidates hold of the identifiers. `exact` are those that may hold any at all.

    `holds` has the last word on a document and a value: of a past ticket only the problem side counts.
    """
    possible = [one for one in ids if one in exact]
    size = lanes.size
    held: dict[str, frozenset[str]] = {}
    counts: dict[str, int] = {}
    for one in asked:
        scored = lanes.identified(one.value, possible)
        if scored:
            # The score of an identifier is its idf, ln((N + 1) / (n + 0.5)).
            counts[one.value] = round((size + 1) / math.exp(max(scored.values())) - 0.5)
            held[one.value] = frozenset(each for each in scored if holds(each, one.value))
    return Agreement(tuple(asked), held, counts, size, only_rare)
