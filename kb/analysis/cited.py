"""Cited mail: where a mail repeats an older one, and whether that is still part of the question.

Below a new question stands what was said of another problem, perhaps years ago; its codes and names must not answer the
new one. Of a mail that only passes another on, the cited one is the question.
"""

from __future__ import annotations

import re

from kb.analysis.mail import LONGEST_LINE, header_names, is_citation, said_lines
from kb.analysis.stems import stop_words

FEWEST_WORDS = 3
"""Different words beyond stop words, greetings and `_EMPTY` from which on a mail asks something by itself."""

_MOST_BROKEN = 2
"""Lines that a line of citation may be broken into."""
_TIME_OR_ADDRESS = r"(?=.*(?:\d{1,2}[:.]\d\d|@))"
_DATED = r"(?=.*(?:\d{4}|\d{1,2}\.\s?\d{1,2}\.\d\d))"
_WROTE = re.compile(
    rf"\s{{0,8}}{_DATED}{_TIME_OR_ADDRESS}(?:(?:on|am|den) .{{6,160}} (?:wrote|schrieb)(?: .{{1,120}})?"
    r"|.{2,120} (?:(?:schrieb am|wrote on) .{6,80}|hat am .{6,80} geschrieben))\s?:\s*",
    re.IGNORECASE,
)
_WROTE_SHORT = re.compile(r"\s{0,8}.{0,160}\b(?:wrote|schrieb|geschrieben)\b.{0,120}:\s*", re.IGNORECASE)
_ONE_LINE_HEADER = re.compile(
    r"\s{0,8}\*{0,2}(?:von|from)\s?:\*{0,2}\s.{1,200}\b(?:gesendet|sent|datum|date)\s?:.{0,200}", re.IGNORECASE
)
_SENDERS = frozenset({"from", "von"})
_SENT = frozenset({"sent", "gesendet", "date", "datum"})
_POINTS_BELOW = re.compile(
    r"\b(?:s\.|siehe|see|vgl\.|wie|as)(?: (?:die|the|mail|e-mail|nachricht|message|described|beschrieben|weiter|error"
    r"|fehler|log|thread)){0,3} (?:unten|untenstehend\w*|below|anhängend\w*|nachfolgend\w*|folgend\w*)\b"
    r"|\b(?:mail|e-mail|message|thread|conversation|nachricht|anfrage|request|error|log) (?:below|unten)\b"
    r"|\b(?:untenstehend|unten stehend|nachstehend|nachfolgend)\w*\b"
    r"|\b(?:forward(?:ed|ing)?|weitergeleitet\w*|leite .{0,40}weiter)\b",
    re.IGNORECASE,
)
_FOLLOWING = re.compile(r"\b(?:folgende\w?|following|this|diese\w?)\b", re.IGNORECASE)
"""Points at quote marks alone; above an announced mail it mostly points at the problem ("folgendes Problem")."""
_WORD = re.compile(r"\w[\w.:-]*\w|\w")
_EMPTY = frozenset(
    [
        "fyi",
        "zk",
        "zki",
        "zkn",
        "ztk",
        "info",
        "infos",
        "information",
        "kenntnis",
        "kenntnisnahme",
        "bitte",
        "please",
        "pls",
        "danke",
        "dank",
        "thanks",
        "thank",
        "hallo",
        "hello",
        "hi",
        "hey",
        "siehe",
        "see",
        "below",
        "unten",
        "anbei",
        "weiterleitung",
        "forward",
        "fwd",
        "fw",
        "wg",
        "aw",
        "re",
        "prüfen",
        "prüfung",
        "pruefen",
        "check",
        "look",
        "schau",
        "schauen",
        "schaut",
        "ansehen",
        "anschauen",
        "angucken",
        "mal",
        "nochmal",
        "noch",
        "immer",
        "still",
        "weiterhin",
        "nach",
        "wie",
        "vor",
        "erneut",
        "again",
        "already",
        "schon",
        "update",
        "updates",
        "status",
        "news",
        "neues",
        "neuigkeiten",
        "stand",
        "rückmeldung",
        "rueckmeldung",
        "antwort",
        "feedback",
        "reply",
        "answer",
        "hilfe",
        "help",
        "helfen",
        "advise",
        "assist",
        "handle",
        "bearbeiten",
        "bearbeitung",
        "übernehmen",
        "kümmern",
        "problem",
        "problems",
        "issue",
        "issues",
        "thema",
        "ticket",
        "vorgang",
        "anfrage",
        "request",
        "mail",
        "email",
        "besteht",
        "bestehen",
        "persists",
        "exists",
        "remains",
        "geht",
        "gehen",
        "works",
        "work",
        "working",
        "funktioniert",
        "funktionieren",
        "gelöst",
        "behoben",
        "solved",
        "fixed",
        "resolved",
        "hier",
        "here",
        "dazu",
        "darum",
        "any",
        "anyone",
        "jemand",
        "kann",
        "könnt",
        "können",
        "could",
        "can",
        "would",
        "team",
        "kollegen",
        "colleagues",
        "support",
        "erledigen",
        "erledigt",
        "erinnerung",
        "reminder",
        "kindly",
        "schnell",
        "schnelle",
        "quick",
        "soon",
        "asap",
        "dringend",
        "urgent",
        "gibt",
        "etwas",
        "nachfrage",
    ]
)


def without_cited(text: str) -> str:
    """Return a mail without the older ones that it cites; a text that cites none as it was.

    All of it stays when nothing of substance stands beside what is cited, when the text points at it ("see below"),
    when the last line before it ends with a colon, or when it is marked as forwarded.
    """
    lines = text.splitlines()
    at = _citation(lines)
    if at is None:
        return text
    start, after, is_quoted = at
    above = lines[:start]
    below = [line for line in lines[after:] if not _is_quoted(line)] if is_quoted else []
    own = above + below
    is_announced = after > start
    if _is_pointed_at(above, is_announced) or not asks_by_itself(own):
        return text
    return "\n".join(own)


def asks_by_itself(lines: list[str]) -> bool:
    """Say whether lines of a mail hold a question of their own: some words beyond courtesy and "see below"."""
    stops = stop_words("de") | stop_words("en")
    words = {
        word
        for line in said_lines(lines, subjects=False)
        for word in _WORD.findall(line[:LONGEST_LINE].lower())
        if word in _NEGATIONS or not (word in _EMPTY or word in stops)
    }
    return len(words) >= FEWEST_WORDS


_NEGATIONS = frozenset({"nicht", "kein", "keine", "keinen", "no", "not", "cannot"})
"""Stop words by which three words become a question: "Outlook startet nicht"."""


def _is_pointed_at(above: list[str], is_announced: bool) -> bool:
    last = next((line for line in reversed(above) if line.strip("-_ \t")), "")
    if not is_announced and _FOLLOWING.search(last[-LONGEST_LINE:]):
        return True
    return last.rstrip().endswith(":") or any(_POINTS_BELOW.search(line[:LONGEST_LINE]) for line in above)


def _citation(lines: list[str]) -> tuple[int, int, bool] | None:
    """Return where the first cited mail begins, where its text does, and whether it is the lines with quote marks."""
    last = max((at for at, line in enumerate(lines) if line.strip() and not _is_quoted(line)), default=-1)
    for at, line in enumerate(lines):
        head = line[:LONGEST_LINE]
        start = head.lstrip(" \t*")[:1].lower()
        if _is_quoted(head):
            # Nobody announces it: a mail when it goes on to the end over several lines, else a message quoted.
            if at > last and len(lines) - at >= _LONG_QUOTE:
                return at, at, True
            continue
        if not start:
            continue
        if start in "-_" and is_citation(head):
            return at, at + 1, False
        if start in "vf" and at and (_ONE_LINE_HEADER.fullmatch(head) or _is_header(lines, at)):
            return at, at + 1, False
        for count in range(1, _MOST_BROKEN + 1):
            if _is_wrote(lines[at : at + count + _GAP], count):
                return at, at + count, _first_is_quoted(lines[at + count : at + count + _GAP])
    return None


_LONG_QUOTE = 3
"""Lines with quote marks that nobody announces from which on they are a mail."""
_GAP = 2
"""Lines among which a quote mark is looked for after its announcement: a blank one may stand between."""


def _is_wrote(lines: list[str], count: int) -> bool:
    """Say whether the first `count` lines are one that names who wrote what follows, and when.

    "Am Montag schrieb das Programm:" announces a log; without date and time only quote marks tell it from a citation.
    """
    if len(lines) < count or lines[count - 1][-8:].rstrip()[-1:] != ":":
        return False
    joined = " ".join(line[:LONGEST_LINE].strip() for line in lines[:count])
    if _WROTE.fullmatch(joined):
        return True
    return count == 1 and _first_is_quoted(lines[count:]) and bool(_WROTE_SHORT.fullmatch(joined))


def _first_is_quoted(lines: list[str]) -> bool:
    return _is_quoted(next((line for line in lines if line.strip()), ""))


def _is_quoted(line: str) -> bool:
    return line[:8].lstrip().startswith(">")


def _is_header(lines: list[str], at: int) -> bool:
    """Say whether a header block begins at a line; the first of a text is the mail's own."""
    names = header_names(lines, at)
    if not (_SENDERS & names and _SENT & names):
        return False
    return at > _LONGEST_OWN or any(line.strip() and not header_names([line], 0) for line in lines[:at])


_LONGEST_OWN = 12
"""Lines that the header of the mail itself has at most."""
