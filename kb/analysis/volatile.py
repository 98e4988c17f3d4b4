"""Volatile: what of a log's line is another every time, though the problem is the same.

Times, memory addresses, threads, processes, the ids of requests and runs, line numbers, clients' ports and durations.
"""

from __future__ import annotations

import re

LONGEST_LINE = 2_000
"""Characters of a line in which volatile parts are looked for; the rest stays as it is."""

_CLOCK = r"\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d{1,9})?(?: ?[AP]M)?(?: ?(?:Z|UTC|GMT|CES?T|[+-]\d\d:?\d\d))?(?!\w|:\d)"
_DAY = (
    r"(?:(?:19|20)\d\d[-/.]\d\d[-/.]\d\d|\d\d?[./]\d\d?[./](?:19|20)?\d\d|\d\d-\d\d|\d\d/(?:[A-Z][a-z]{2})/\d{4}"
    r"|(?:[A-Z][a-z]{2},? )?(?:\d\d? )?(?:Jan|Feb|Mar|Mrz|Apr|May|Mai|Jun|Jul|Aug|Sep|Oct|Okt|Nov|Dec"
    r"|Dez)[a-z]?[ .]{1,2}"
    r"(?:\d\d?,? ?)?(?:(?:19|20)\d\d,?)?)"
)
_STAMP = re.compile(rf"[\[(]?(?:{_DAY}(?:[ T:,]{{1,2}}|, )|\b(?=\d\d:\d\d:\d\d[.,]\d)){_CLOCK}[\])]?")
"""A day with a time of day, or a time to a fraction of a second; a day alone may be when something changed."""
_LEADING = re.compile(
    rf"\s*(?:[\[(]?{_CLOCK}[\])]?(?=\s)|\[\s{{0,6}}\d{{1,7}}\.\d{{3,9}}\]|\d{{10}}(?:\.\d{{3,6}}"
    rf"|\d{{3}})?(?=\s))[ :|-]*"
)
_RUN_ID = re.compile(
    r"[\[({\"']?\b(?!(?:instance|message)[-_ ]?id\b[\"']?\s?(?:[:=]|ist|is)?\s?[\"'{(\[]?\d{1,10}(?![\w:-]))"
    r"(?:(?:x[-_])?(?:request|trace|span|session|correlation|transaction|activity|operation|invocation"
    r"|run|job|task"
    r"|connection|thread|process|client[-_ ]request|message|instance|anforderungs|sitzungs|vorgangs|korrelations"
    r"|prozess)[-_ ]?"
    r"(?:id|uuid|guid|kennung)|tid|pid|rid|uuid|traceid)\b[\"']?\s?(?:[:=]|ist|is)?\s?[\"'{(\[]?"
    r"(?=[\w.:-]*\d)[\w.:-]{1,64}[\"'})\]]{0,3}[,;]?|\btimestamp\s?:(?=\s)",
    re.IGNORECASE,
)
"""An instance or message id that is a mere number says which event it is, so it stays."""
_PROCESS = re.compile(
    r"(?<=[A-Za-z_])(?i:(?<!error)(?<!err)(?<!errno)(?<!fehler)(?<!code)(?<!status)(?<!exit)(?<!event)(?<!ereignis)"
    r"(?<!exception)(?<!ausnahme)(?<!number)(?<!nummer)(?<!fault))\[\d{1,7}\](?=:)"
    r"|(?<![\w/])([VDIWEFS]/[^():]{1,60})\(\s{0,6}\d{1,7}\)(?=:)"
)
"""The process behind a name, as `nginx[1234]:` and Android's `E/Camera(  311):`; `Error(1603):` names an error."""
_THREAD = re.compile(
    r"[\[(\"'](?:main|(?:[\w.:/ #@-]{0,60}?(?:thread|worker|exec|executor|pool|dispatcher|scheduler|timer|nio|io"
    r"|task|job)"
    r"[\w.:/ #@-]{0,40}?\d{1,6}))[\])\"'](?! (?:failed|not))|\b(?:thread|worker)[-#]\d{1,6}\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?<=\w)@[0-9a-f]{5,16}\b|\b0x(?!f{8}[8c])[0-9a-f]{9,16}\b", re.IGNORECASE)
_SOURCE_LINE = re.compile(
    r"\((?:[\w$-]{1,80}\.(?:java|kt|scala|groovy|cs|vb|cpp|c|m|mm|js|ts)(?::\d{1,7}){1,2}|Native Method"
    r"|Unknown Source)\)"
    r"|(?<=\.)(java|kt|scala|groovy|cs|vb|cpp|cc|c|h|m|mm|js|ts|jsx|tsx|mjs|py|rb|go|php|pl|rs|swift)"
    r"(?::(?:line |Zeile )?\d{1,7}){1,2}\b"
    r"|(?<=[\"'])?,? (?:line|Zeile) \d{1,7}(?=,? in |\s*$)",
)
_CLIENT_PORT = re.compile(
    r"(?<=\d\.\d|\.\d\d|\d\d\d):(?:3[3-9]|[45]\d|6[0-5])\d{3}\b|(?<=\d):(?:3[3-9]|[45]\d|6[0-5])\d{3}\b(?!\.)"
)
_DURATION = re.compile(
    r"\b\d{1,9}(?:[.,]\d{1,6})? ?(?:ms|msecs?|milliseconds?|millisekunden|µs|us|ns)\b"
    r"|\b\d{1,6}\.\d{1,9} ?s(?:ec(?:onds)?)?\b"
)
_SPACES = re.compile(r"[ \t]{2,}")


def without_volatile(line: str) -> str:
    """Return a line without what changes every time; a line of nothing else comes back as it was."""
    if not _MAY_HOLD.search(line):
        return line
    head, tail = line[:LONGEST_LINE], line[LONGEST_LINE:]
    head = (
        _LEADING.sub("", _STAMP.sub(" ", head), count=1).lstrip(" :|,-")
        if begins_with_time(head)
        else _STAMP.sub(" ", head)
    )
    head = _RUN_ID.sub(" ", head)
    head = _PROCESS.sub(lambda match: (match[1] or "").rstrip(), head)
    head = _THREAD.sub(" ", head)
    head = _ADDRESS.sub("", head)
    head = _SOURCE_LINE.sub(lambda match: match[1] or "", head)
    head = _CLIENT_PORT.sub("", head)
    head = _DURATION.sub(" ", head)
    head = _SPACES.sub(" ", head).strip() if head != line[:LONGEST_LINE] else head
    return head + tail if any(map(str.isalnum, head)) else line


_MAY_HOLD = re.compile(r"\d|\[main\]|\((?:Native Method|Unknown Source)\)")


def begins_with_time(line: str) -> bool:
    """Say whether a line begins as those of a log do, with a day and time or a time alone."""
    start = line[:60].lstrip()
    return bool(_STAMP.match(start) or _LEADING.match(start))
