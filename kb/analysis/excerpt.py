"""Excerpt: which part of a long text is read.

What broke stands in one line of a log, wherever that is; so the lines that name an error are looked for in all of it,
cheaply, before anything is read closely.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_LONGEST_LINE = 1_000
"""Characters from which on a line is taken in pieces: a megabyte without a line break is read like any other."""
_BEFORE, _AFTER = 1, 3
"""Lines kept beside one that names an error: what was tried, and the first frames or what the program says of it."""
_MOST_ALIKE = 3
"""Lines that are kept of those that differ in numbers alone."""

_NUMBERS = re.compile(r"[0-9]+|0x[0-9a-fA-F]+")
_ACCESS = re.compile(
    r"(?=[^\"]{0,100}(?:\d{1,3}\.){3}\d|[\da-fA-F:]{2,45} )[^\"]{7,300}"
    r"\"(?:GET|POST|PUT|HEAD|DELETE|OPTIONS|PATCH|CONNECT|PROPFIND|REPORT) [^\"]{1,2000} HTTP/\d(?:\.\d)?\""
    r" (\d{3}) (?:\d+|-)"
)
_LOUD = re.compile(
    r"\b(?:ERROR|FATAL|SEVERE|CRITICAL|CRIT|EMERG|ALERT|PANIC|FEHLER|SCHWERWIEGEND|KRITISCH)\b"
    r"|\[(?:error|fatal|crit|emerg|alert)\]|Caused by:|(?:Exception|Error|Fault)(?=:|\s*$|\()|\b[Pp]anic:"
    r"|\bkernel panic|(?:^|\s)(?:[Ee]rror|[Ff]atal|FATAL|[Ff]ehler)(?: [\w-]{1,12})?:"
)
_CODE = re.compile(r"\b[A-Z]{2,8}-\d{4,6}\b|\b0x[89c-eC-E][0-9a-fA-F]{7}\b")
_LOUD_CUES = (
    "error", "fatal", "severe", "crit", "emerg", "alert", "panic", "fehler", "schwerwiegend", "kritisch", "caused by",
    "exception", "fault",
)  # fmt: skip
"""What a loud line holds in lower case: a plain look is several times faster than a pattern with many branches."""
_FAULT_CUES = (
    *_LOUD_CUES[:2], "panic", "exception", "fehler", "fail", "crash", "denied", "refused", "reject", "unreachable",
    "abort", "timed out", "timeout", "time-out", "cannot", "can't", "could not", "unable", "invalid", "not found",
    "no such", "segmentation", "killed", "too many", "out of memory", "no space", "fehlgeschlagen", "gescheitert",
    "verweiger", "abgelehnt", "abgebrochen", "abgestürzt", "abgestuerzt", "kann nicht", "konnte nicht",
    "nicht gefunden", "nicht erreichbar", "ungültig", "ungueltig", "überschreitung", "ueberschreitung",
)  # fmt: skip
_SHORTEST_CUE = min(len(cue) for cue in (*_LOUD_CUES, *_FAULT_CUES))
"""Characters below which a line names no error: no code and no line of a web server is that short either."""


def access_status(line: str) -> int | None:
    """Return the status of a web server's access line ("IP … "GET … HTTP/1.1" 200 …"); None of any other line."""
    match = _ACCESS.match(line[: 2 * _LONGEST_LINE]) if " HTTP/" in line else None
    return int(match[1]) if match else None


def telling_excerpt(text: str, longest: int) -> tuple[str, bool]:
    """Return at most `longest` characters of a text, in its order, and whether something is missing; in linear time.

    Half of it is for lines that name an error, wherever they stand, with what stands beside them: those that say so
    loudly first, then words of failure, then what a web server refused. The rest is three parts beginning and one part
    end.
    """
    if len(text) <= longest:
        return text, False
    lines = [piece for line in text.splitlines() for piece in _pieces(line)]
    kept: set[int] = set()
    left = longest // 2
    for found in _by_loudness(lines):
        left -= _keep(_ends(found, left, lines), lines, kept, left)
    left = longest - sum(len(lines[at]) + 1 for at in kept)
    tail = left // 4
    _fill(range(len(lines) - 1, -1, -1), lines, kept, tail)
    left = longest - sum(len(lines[at]) + 1 for at in kept)
    _fill(range(len(lines)), lines, kept, left)
    return "\n".join(lines[at] for at in sorted(kept)), True


def _pieces(line: str) -> Iterable[str]:
    if len(line) <= _LONGEST_LINE:
        return (line,)
    return (line[at : at + _LONGEST_LINE] for at in range(0, len(line), _LONGEST_LINE))


def _by_loudness(lines: Sequence[str]) -> tuple[list[int], list[int], list[int]]:
    """Return where lines that name an error stand, the loud, the others, and the refusals of a web server."""
    loud: list[int] = []
    others: list[int] = []
    refused: list[int] = []
    seen: dict[str, int] = {}
    whole: set[str] = set()
    for at, line in enumerate(lines):
        if len(line) < _SHORTEST_CUE:  # megabytes of blank lines cost next to nothing
            continue
        status = access_status(line)
        if status is not None:
            found = refused if status >= REFUSED else None
        else:
            folded = line.lower()
            if _holds(folded, _LOUD_CUES) and _LOUD.search(line):
                found = loud
            else:
                found = others if _holds(folded, _FAULT_CUES) or _CODE.search(line) else None
        if found is None or line in whole:
            continue
        shape = _NUMBERS.sub("0", line)
        if (alike := seen.get(shape, 0)) < _MOST_ALIKE:
            seen[shape] = alike + 1
            whole.add(line)
            found.append(at)
    return loud, others, refused


def _holds(text: str, cues: Iterable[str]) -> bool:
    # A loop: a generator costs more than what it asks.
    for cue in cues:  # noqa: SIM110
        if cue in text:
            return True
    return False


REFUSED = 400
"""The status of HTTP from which on a request was not answered as asked (RFC 9110, section 15)."""


def _ends(found: Sequence[int], longest: int, lines: Sequence[str]) -> Sequence[int]:
    """Return of places those at the beginning and the end when their lines are together longer than `longest`."""
    if sum(len(lines[at]) + 1 for at in found) <= longest:
        return found
    kept: list[int] = []
    for part, share in ((found, longest * 3 // 4), (found[::-1], longest // 4)):
        for at in part:
            share -= len(lines[at]) + 1
            if share < 0:
                break
            kept.append(at)
    return sorted(set(kept))


def _keep(found: Sequence[int], lines: Sequence[str], kept: set[int], longest: int) -> int:
    """Add places, then as far as there is room what stands beside them; return the characters that were added."""
    beside = (
        near
        for at in found
        for near in range(max(at - _BEFORE, 0), min(at + _AFTER + 1, len(lines)))
        if access_status(lines[near]) is None
    )
    return _fill((*found, *beside), lines, kept, longest)


def _fill(places: Iterable[int], lines: Sequence[str], kept: set[int], longest: int) -> int:
    """Add places in their order until there is no room for the next; return the characters that were added."""
    added = 0
    for at in places:
        if at in kept:
            continue
        if added + len(lines[at]) + 1 > longest:
            break
        added += len(lines[at]) + 1
        kept.add(at)
    return added
