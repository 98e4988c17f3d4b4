"""Cues: numbers that are identifiers because of the word before them ("Event ID 4625", "Fehler 809", "HTTP 503")."""

from __future__ import annotations

import re

from kb.analysis.shape import Found

CUES: dict[str, str] = {
    **dict.fromkeys(("error", "errors", "err", "fehler", "fehlern", "fehlers", "errno", "fehlermeldung"), "error"),
    **dict.fromkeys(("errorcode", "fehlercode", "fehlercodes", "fehlernummer", "code", "codes", "exitcode"), "code"),
    **dict.fromkeys(("error_code", "exit_code", "return_code"), "code"),
    "exit": "exit",
    "cve": "cve",
    **dict.fromkeys(("msg", "meldung"), "msg"),
    **dict.fromkeys(("stopcode", "returncode", "exitstatus", "rueckgabecode", "beendigungscode", "sqlcode"), "code"),
    **dict.fromkeys(("event", "events", "ereignis", "ereignisse", "ereignissen"), "event"),
    **dict.fromkeys(("eventid", "eventids", "ereignisid", "ereigniskennung", "eventcode", "event_id"), "event"),
    **dict.fromkeys(
        ("http", "https", "httpstatus", "statuscode", "statuscodes", "httpcode", "status", "status_code"), "http"
    ),
    **dict.fromkeys(("kb", "kba"), "kb"),
    **dict.fromkeys(("version", "versions", "versionen", "release", "build"), "version"),
    "sqlstate": "sqlstate",
    **dict.fromkeys(("ora", "tns", "pls", "rman", "aadsts"), "vendor"),
}
"""A folded word → what a number after it is."""

_GAP = r"-?(?:[^\S\n]|&nbsp;|[:=#(\[\"'“”„*_`|<>.]){0,8}"
_NOUN = (
    r"(?:(?:exit|status|error|stop|fehler|codes?|statuscode|fehlercode|ids?|kennung|numbers?|no|nr|num|nummer|article"
    r"|artikel|is|was|ist|war|of|von)\b" + _GAP + ")"
)
_AFTER = r"(?!\w|[.,:]\d| ?%)"
_STATUS = r"(?:10[0-3]|20[0-8]|226|30[0-8]|4[0-4]\d|451|49[4-9]|5[0-2]\d|530|598|599)"
_MORE = re.compile(r"(?:[^\S\n]|[,/|&]|\b(?:and|or|und|oder)\b){1,8}(\d{2,6})" + _AFTER)

_MINUS = r"(?:(?<=[\s:=(])-)?"
# One digit says little: it needs the noun ("error code 5", "Event ID 4").
_TAILS = {
    "error": re.compile(_GAP + rf"(?:{_NOUN}{{1,3}}({_MINUS}\d{{1,6}})|({_MINUS}\d{{2,6}}))" + _AFTER, re.IGNORECASE),
    "code": re.compile(_GAP + _NOUN + rf"{{0,3}}({_MINUS}\d{{2,6}})" + _AFTER, re.IGNORECASE),
    "event": re.compile(_GAP + rf"(?:{_NOUN}{{1,3}}(\d{{1,6}})|(\d{{2,6}}))" + _AFTER, re.IGNORECASE),
    "http": re.compile(r"(?:/[1-3](?:\.\d)?)?" + _GAP + _NOUN + rf"{{0,3}}({_STATUS})" + _AFTER, re.IGNORECASE),
    "kb": re.compile(_GAP + _NOUN + r"{0,3}(\d{5,8})" + _AFTER, re.IGNORECASE),
    "version": re.compile(r"(?:[^\S\n]|[:=*]){0,3}[vV]?(\d{1,6}(?:\.\d{1,6}){1,4}|\d{4,6})" + _AFTER),
    "sqlstate": re.compile(_GAP + r"([0-9A-Z]{5})\b(?:\] ?\[(\d{3,5})\])?", re.IGNORECASE),
    # An exit has a number only with its noun, SQL Server's message only with its level.
    "exit": re.compile(r"[^\S\n-]?" + _NOUN + rf"{{1,3}}({_MINUS}\d{{2,6}})" + _AFTER, re.IGNORECASE),
    "msg": re.compile(r"[^\S\n](\d{2,6})(?=,[^\S\n]?(?:level|ebene|schweregrad|severity)\b)", re.IGNORECASE),
    "cve": re.compile(r"[^\S\n]{1,2}((?:19|20)\d\d-\d{4,7})" + _AFTER),
    "vendor": re.compile(r"[^\S\n]([1-9]\d{3,6}|0\d{4,6})" + _AFTER),
    "smtp": re.compile(r"[\s#-]{1,3}([245]\.\d{1,3}\.\d{1,3})" + _AFTER),
    "reason": re.compile(
        r"\)?[^\S\n]{1,2}\(?(?:errors?|fehler|not found|service unavailable|bad gateway|gateway time-?out"
        r"|internal server|unauthori[sz]ed|forbidden|too many requests|bad request"
        r"|method not allowed|request time-?out)\b",
        re.IGNORECASE,
    ),
}
_MOST_ENUMERATED = 40
_SMTP = re.compile(r"[245]\d\d")
_REASON = re.compile(r"[45]\d\d")
_PREFIXES = {"event": "event id ", "http": "http ", "kb": "kb"}
_KINDS = {"event": "event_id", "http": "status_code", "kb": "kb", "version": "version"}


def cue_of(surface: str) -> str:
    """Return what a word announces about the number after (or, for a status, around) it, or "" for most words."""
    if surface in CUES:
        return CUES[surface]
    if surface.endswith("fehler"):
        return "error"  # "Systemfehler 53", "Laufzeitfehler 1004"
    if len(surface) == 3 and _SMTP.fullmatch(surface):
        return "smtp"
    return ""


def after_cue(text: str, cue: str, word: str, start: int, end: int) -> list[Found]:
    """Return the identifiers that the cue word at `text[start:end]` announces, spans in `text`, in text order.

    A number that its cue qualifies comes twice: qualified ("event id 4625", the span from the cue on) and by itself
    ("4625"), so that a query with the bare number still agrees while the full form agrees better.
    """
    if cue == "smtp":
        return _status(text, start, end)
    match = _TAILS[cue].match(text, end)
    if match is None:
        return []
    if cue == "sqlstate":
        return [Found(match[i].lower(), "error_code", *match.span(i)) for i in (1, 2) if match[i]]
    if cue == "cve":
        return [Found("cve-" + match[1], "cve", start, match.end(1))]
    if cue == "vendor":
        return [Found(word + ("" if word == "aadsts" else "-") + match[1], "code", start, match.end(1))]
    found: list[Found] = []
    while match is not None and len(found) < _MOST_ENUMERATED:
        value, kind = match[match.lastindex or 0], _KINDS.get(cue, "error_code")
        number = match.span(match.lastindex or 0)
        if cue in _PREFIXES:
            found.append(Found(_PREFIXES[cue] + value, kind, start, number[1]))
        if cue != "kb":
            found.append(Found(value, kind, *number))
        match = _MORE.match(text, number[1]) if cue not in ("version", "msg") else None
        start = match.start(1) if match else 0
    return found


def _status(text: str, start: int, end: int) -> list[Found]:
    """Return a mail status ("550 5.1.1") with its inner code, or a web status with its reason ("503 Service …")."""
    code = text[start:end]
    if match := _TAILS["smtp"].match(text, end):
        whole = Found(f"{code} {match[1]}", "status_code", start, match.end(1))
        return [whole, Found(match[1], "status_code", *match.span(1))]
    if _REASON.fullmatch(code) and _TAILS["reason"].match(text, end):
        return [Found(f"http {code}", "status_code", start, end), Found(code, "status_code", start, end)]
    return []
