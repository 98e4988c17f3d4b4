"""Telling lines: what a pasted mail, log or stack trace says of the problem.

What somebody wrote stays. Of a machine's output stay the lines that name an error, with the first frames of the
application itself; every line once, without what changes every time.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from kb.analysis.excerpt import REFUSED, access_status
from kb.analysis.mail import plain_title, without_decoration
from kb.analysis.volatile import begins_with_time, without_volatile

LineKind = Literal["prose", "error", "log", "frame", "code"]

MOST_FRAMES = 2
"""Frames of the application kept after each error: where it broke. The others tell how it came there."""

_LOOKED_AT = 1_000
_LEVEL = r"(?:TRACE|DEBUG|VERBOSE|INFO|INFORMATION|NOTICE|WARN|WARNING|WARNUNG)"
_FAULT_LEVEL = r"(?:ERROR|FATAL|SEVERE|CRITICAL|CRIT|EMERG|ALERT|PANIC|FEHLER|SCHWERWIEGEND|KRITISCH)"
_QUIET = re.compile(
    rf"\s*(?:[\[(<|]{_LEVEL}[\])>|:\s]|{_LEVEL}(?:\s?[\])>:|]|$))|\s*[VDIW]/[\w.$-]{{1,40}}\s?[(:]"
    r"|\[(?:info|debug|warn|trace)\]"
)
_BARE_LEVEL = re.compile(rf"\s*{_LEVEL}\s")
_MACHINE = re.compile(
    rf"(?:^|[\s\[(<|]){_LEVEL}(?:[\])>|:\s]|$)|\b(?:Info|Information|Warning|Debug|Verbose)(?:\s{{2}}|[\]|])"
    r"|(?i:\blevel=|\[(?:trace|debug|info|notice|warn|warning|main)\])|\[\d{1,6}\]|\[[a-z_]{2,30}:[a-z]{2,10}\]"
    r"|(?i:\[[^\]]{0,60}(?:thread|worker|exec|pool|nio|timer|task)[^\]]{0,40}\d)|[A-Za-z_)]\[\d{1,7}\]:"
    r"|\b[a-z][\w$]{0,60}(?:\.[a-z_$][\w$]{0,60}){1,12}\.[A-Z]\w"
    r"|\b\w{1,40}=\S{1,200} (?:.{0,80} )?\w{1,40}=\S|\b(?:GET|POST|PUT|HEAD|DELETE|OPTIONS|PATCH) /"
)
"""What only a machine writes behind the time: level, thread, logger, process, pairs of names and values, a request."""
_MACHINE_TIME = re.compile(
    r"\s*[\[(]?(?:(?:19|20)\d\d-\d\d-\d\dT\d\d:|.{0,30}?\d\d:\d\d:\d\d[.,]\d|\s{0,6}\d{1,7}\.\d{3,9}\]|\d{10}"
    r"|[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d )"
)
"""A time as nobody types it: with a `T`, to a fraction of a second, since the start, or as syslog writes it."""
_SECONDS = re.compile(r".{0,40}?\d:\d\d:\d\d\b")
LINES_OF_A_LOG = 3
"""Lines that begin alike, with a time to the second or a bare level, and are a log though no more speaks for it."""
_LOUD = re.compile(
    rf"(?:^|[\s\[(<|]){_FAULT_LEVEL}(?:[\])>|:\s]|$)|^\s*[EF]/[\w.$-]{{1,40}}\s?[(:]|\[(?:error|fatal|crit|emerg"
    rf"|alert)\]"
)
_CALLED = (
    r"\s*(?:at|bei) (?:"
    r"(?:async |new |\(wrapper [\w-]{1,40}\) )?(?=[^\s(]{0,200}[\w$>\]`]\.[\w$<.])[\w$<>`/+@.:,\[\]~-]{2,200}"
    r"(?:(?:, [\w.,`\]]{1,80}){0,4}\(| \(.*\) \[0x)"
    r"|.{0,200}[A-Za-z>\]/_-]\d{0,4}:\d{1,7}:\d{1,7}\)?\s*$"
    r"|.{0,200}\.(?:java|kt|scala|groovy|clj|cs|vb|fs|cpp|cc|c|h|m|mm|jsx?|[mc]js|tsx?|py|rb|go|php|pl|rs|swift|vue)"
    r":\d{1,7}\)?\s*$"
    r"|.{0,400}\bin .{1,300}:(?:line|Zeile) \d{1,7}\.?\s*$"
    r"|.{1,200}\((?:<anonymous>|index \d{1,6}|native|Native Method|Unknown Source)\)\s*$)"
)
"""A frame behind `at` names what was called with dots before its parenthesis, or a file and a line; prose does not."""
_NUMBERED = (
    r"\s*#\d{1,3}\s+(?:0x[0-9a-f]{4,16} (?:in |.{0,200}:\d)|pc [0-9a-f]{6,16}\s|<signal handler|\{main\}"
    r"|\[internal function\]|[^\s(]{1,200}\((?!s\))|[^\s(]{1,200} \((?:\)|\w{1,40}=|package:|\S{1,200}:\d))"
)
"""A numbered frame has an address or a call; `#1 Open Outlook` is a step."""
_FRAME = re.compile(
    rf"{_CALLED}|{_NUMBERED}"
    r"|\s*File \"[^\"]{1,300}\", line \d+"
    r"|\s*\.\.\. \d+ (?:more|common frames)"
    r"|\s*\d{1,3}\s{1,6}\S{1,80}\s{1,30}0x[0-9a-f]{6,16}\s.*"
    r"|\s*[\w$]+(?:\.[\w$<>]+){2,30}\([\w$ ]{1,80}(?:\.\w{1,6}(?::\d+)?)?\)\s*$"
)
_LIBRARY = re.compile(
    r"(?:at |bei |File \")?\W{0,4}(?:javax?|jdk|sun|com\.sun|kotlinx?|scala|groovy|android|androidx|dalvik"
    r"|com\.android|org\.springframework"
    r"|org\.apache|org\.hibernate|org\.eclipse|org\.junit|org\.mozilla|io\.netty|reactor|System|Microsoft|MS|node:"
    r"|internal/)[.:$/(]"
    r"|node_modules|site-packages|dist-packages|/usr/lib/python|/lib/python\d|\bnode:internal|<frozen |libsystem"
    r"|UIKit|CoreFoundation"
    r"|\.\.\. \d+ "
)
_RAISED = re.compile(
    r"\s*(?:(?:caused by|suppressed|verursacht durch|root cause|ursache|nested exception is)\s?:"
    r"|(?:an )?unhandled |uncaught "
    r"|exception in thread|terminating app due to|\*{2,3} )"
    r"|\s*(?:\w+[.:$]{1,2})*[A-Z]\w{2,80}(?:Exception|Error|Fault)\b(?=\s*(?::|$|\())",
    re.IGNORECASE,
)
_TRACEBACK = re.compile(r"\s*Traceback \(most recent call last\):?\s*")
_FAULT_WORD = re.compile(
    r"\b(?:errors?|exceptions?|fail(?:s|ed|ure|ures|ing)?|fatal|panic|crash(?:ed|es)?|denied|refused|rejected"
    r"|unreachable|aborted"
    r"|timed out|time-?out|cannot|can't|could not|unable|invalid|not found|no such|segmentation fault|killed"
    r"|fehler\w{0,12}|fehlgeschlagen|gescheitert|verweigert|abgelehnt|abgebrochen|abgest(?:ü|ue)rzt|kann nicht"
    r"|konnte nicht"
    r"|nicht gefunden|nicht erreichbar|ung(?:ü|ue)ltig|zeit(?:ü|ue)berschreitung)\b"
    r"|(?<![a-z])(?:Error|Exception)(?![a-z])|\b0x[89cCdDeE][0-9a-fA-F]{7}\b|\b[A-Z]{2,8}-?\d{4,6}\b",
    re.IGNORECASE,
)
_CODE = re.compile(
    r".*[{;]\s*(?://.*)?$|\s*[})\]]+[;,)\s]*$|\s*(?://|/\*|\*/|<!--|</?[A-Za-z][\w.:-]*[ />]"
    r"|[\w.]+\s?[:=]\s?(?:\S.*,)$)|\s*[\w.]+\(.*\)\s*$"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of what was pasted, cleaned, and what it is."""

    text: str
    kind: LineKind


@dataclass(frozen=True, slots=True)
class Told:
    """What a text tells, in its order.

    `text` is what to look for by its words: all but the lines of a log that name no error and the frames behind the
    first ones. `gist` is what to compare by its meaning: the same without code and frames, since a model reads little
    of a text; MRR@10 of the semantic lane on titanium's `tune` is .529 with all of it and .543 with the gist. `errors`
    are the error lines alone.
    """

    text: str
    gist: str
    errors: tuple[str, ...]


@lru_cache(maxsize=4)  # of one ticket its meaning is asked for, and then its words
def told(text: str) -> Told:
    """Return what a pasted text tells, in time linear in its length. Of a text with anything in it something stays."""
    lines = read_lines(text)
    is_spoken = any(line.text.strip() for line in lines if line.kind in ("prose", "error"))
    said = _joined(_kept(lines) if is_spoken else lines)
    gist = _joined([line for line in _kept(lines) if line.kind in ("prose", "error")]) if is_spoken else said
    return Told(
        text=said if said.strip() else text,
        gist=gist if gist.strip() else text,
        errors=tuple(dict.fromkeys(line.text.strip() for line in lines if line.kind == "error")),
    )


def telling_title(title: str) -> str:
    """Return a title without the marks of replies and ticket systems, and without what changes every time."""
    return without_volatile(plain_title(title))


def read_lines(text: str) -> list[Line]:
    """Return the lines of a text with their kinds, cleaned of mail's decoration and of what changes every time."""
    found: list[Line] = []
    cleaned = without_decoration(text.splitlines())
    for line, kind in zip(cleaned, _kinds(cleaned), strict=True):
        found.append(Line(without_volatile(line) if line.strip() else "", kind))
    return found


def _kinds(lines: list[str]) -> list[LineKind]:
    """Return the kind of each line; lines that begin alike as those of a log do are one when there are several."""
    kinds = [kind_of(line) for line in lines]
    shapes = [_shape(line[:_LOOKED_AT]) if kind == "prose" else "" for line, kind in zip(lines, kinds, strict=True)]
    counted = Counter(shapes)
    return [
        "log" if shape and counted[shape] >= LINES_OF_A_LOG else kind for shape, kind in zip(shapes, kinds, strict=True)
    ]


def _shape(head: str) -> str:
    """Return how a line begins when a log might begin so, else nothing; people note times to the minute."""
    if _BARE_LEVEL.match(head):
        return "level"
    if begins_with_time(head) and (match := _SECONDS.match(head)):
        return re.sub(r"\d+", "0", match[0])
    return ""


def kind_of(line: str) -> LineKind:
    """Return what one line is; prose is what is nothing else."""
    head = line[:_LOOKED_AT]
    if not head.strip():
        return "prose"
    if (status := access_status(head)) is not None:
        return "error" if status >= REFUSED else "log"
    if _FRAME.match(head) or _TRACEBACK.fullmatch(head):
        return "frame"
    if _RAISED.match(head) or _LOUD.search(head):
        return "error"
    if _QUIET.match(head) or begins_with_time(head) or _BARE_LEVEL.match(head):
        if _FAULT_WORD.search(head):
            return "error"
        return "log" if _is_logged(head) else "prose"
    return "code" if _CODE.match(head) else "prose"


def _is_logged(head: str) -> bool:
    """Say whether a line with a time or a level is a log's: a person notes `10:30 User says it is slow` as well."""
    if level := _BARE_LEVEL.match(head):
        rest = head[level.end() :]
        return bool(_QUIET.match(head) or begins_with_time(rest) or _MACHINE.search(rest))
    return bool(not begins_with_time(head) or _MACHINE_TIME.match(head) or _MACHINE.search(head))


def _kept(lines: list[Line]) -> list[Line]:
    kept: list[Line] = []
    seen: set[str] = set()
    frames = 0
    for line in lines:
        if line.kind == "log" or (line.text and line.kind != "code" and line.text in seen):
            continue
        if line.kind == "error":
            frames = MOST_FRAMES
        elif line.kind == "frame":
            if not frames or _LIBRARY.search(line.text[:_LOOKED_AT]):
                continue
            frames -= 1
        seen.add(line.text)
        kept.append(line)
    return kept


def _joined(lines: list[Line]) -> str:
    parts: list[str] = []
    for line in lines:
        if line.text or (parts and parts[-1]):
            parts.append(line.text)
    return "\n".join(parts)
