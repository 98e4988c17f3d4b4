"""Mail: what of a text that came as a mail is not about the problem.

Header blocks, greetings, signatures, disclaimers, quote marks and the reply and ticket marks of a subject are the same
in every mail of a person or a house, so they make strangers look alike.
"""

from __future__ import annotations

import re

LONGEST_SIGNATURE = 12
"""Lines after a closing formula that may belong to it; what follows is text again, whatever it says."""

_TICKET_WORD = r"(?:ticket|case|request|incident|vorgang|fall|anfrage)"
_TITLE_MARKS = re.compile(
    r"(?:\s|(?:re|aw|antw|antwort|fwd?|wg|sv|tr)(?:\[\d{1,3}\]|\(\d{1,3}\))?\s?:"
    rf"|[\[(]\s?(?:{_TICKET_WORD}\s?[:#-]?\s?#?[A-Z]{{0,10}}-?|#\s?)\d{{1,20}}\s?[\])]|##\d{{1,20}}##"
    r"|\[(?:external|extern|ext)\]:?)+",
    re.IGNORECASE,
)
_TICKET_TAG = re.compile(
    r"\[\s?(?:(?:ticket|case|request|incident|vorgang|fall|anfrage)\s?[:#-]?\s?#?|#\s?)\d{1,20}\s?\]", re.IGNORECASE
)
_QUOTE = re.compile(r"[ \t]{0,3}(?:>[ \t]?)+")
_HEADER = re.compile(
    r"\s{0,8}\*{0,2}(from|von|sent|gesendet|date|datum|to|an|cc|kopie|bcc|subject|betreff|reply-to|antwort an"
    r"|importance"
    r"|wichtigkeit|priority|message-id|attachments|anlagen)\s?:\*{0,2}(?:\s+|$)(.*)",
    re.IGNORECASE | re.DOTALL,
)
_SUBJECTS = frozenset({"subject", "betreff"})
_SENDERS = frozenset({"from", "von"})
_SENT = frozenset({"sent", "gesendet"})
_CITED = re.compile(
    r"\s{0,8}(?:[-_]{3,}\s?(?:original message|original appointment|forwarded message|urspr(?:ü|ue)ngliche nachricht"
    r"|weitergeleitete nachricht)\s?[-_]{0,20}|begin forwarded message:|anfang der weitergeleiteten (?:e-mail"
    r"|nachricht):"
    r"|[-_]{20,}|(?:on|am) .{6,120} (?:wrote|schrieb)(?: .{1,80})?:)\s*",
    re.IGNORECASE,
)
_ANSWERED = re.compile(
    r"\s{0,8}[-_]{3,}\s?(?:original message|original appointment|urspr(?:ü|ue)ngliche (?:nachricht|mail|e-mail))"
    r"\s?[-_]{0,20}\s*",
    re.IGNORECASE,
)
_NAME = r"@?(?:[A-ZÀ-ÖØ-Þ][\w'’-]{0,28}[a-zß-ÿ]|[A-Z]\.)"
"""A word written as a name; `VPN` is none."""
_SALUTED = (
    r"(?i:all|alle|alles|team|teams|there|again|zusammen|support|everyone|everybody|together|it|helpdesk|service-?desk"
    r"|kolleg(?:en|innen)|colleagues?|folks|guys|leute|liebe[rs]?|damen|herrn?|frau|sir|madam|mrs?|ms|dr|prof)\.?"
)
_GREETING = re.compile(
    r"\s{0,8}(?i:sehr geehrte[rs]?|dear|liebe[rs]?|hallo|hello|hi|hey|moin(?: moin)?|servus|gr(?:üß|ue(?:ss|ß)) gott"
    r"|guten (?:tag|morgen|abend)|good (?:morning|afternoon|evening|day))"
    rf"(?: {_SALUTED}){{0,4}}"
    rf"(?:(?: {_NAME}){{0,2}}(?: (?:and|und|or|oder|&)(?: (?:{_SALUTED}|{_NAME})){{1,2}})?\s?[,!]"
    rf"|(?: {_NAME})?\.?\s*$)\s*"
)
"""Whom a mail greets: a few names or words for all, before a comma or the line's end. A sentence may follow."""
_CLOSING = re.compile(
    r"\s{0,8}(?:mit (?:freundlichen|besten|herzlichen|vielen) gr(?:ü|ue)(?:ß|ss)en|(?:(?:freundliche|viele|beste"
    r"|sch(?:ö|oe)ne"
    r"|liebe|herzliche) )?gr(?:ü|ue)(?:ß|ss)e?n?|gru(?:ß|ss)|mfg|(?:(?:best|kind|warm|kindest|many) )?regards"
    r"|best wishes|sincerely(?: yours)?|yours (?:sincerely|faithfully|truly)|cheers)"
    r"(?:,? (?:aus|from|und|and|to|an|nach|i\.a\.|i\. a\.)(?: \S{1,30}){1,5}| (?:\S{2,30}){1,2})?\s?[,.!]?\s*",
    re.IGNORECASE,
)
_SHORT_CLOSING = re.compile(rf"\s{{0,8}}(?i:vg|lg|bg)((?:,? (?:aus |from )?{_NAME}){{1,2}})?\s?[,.!]?\s*")
_CONTACT = re.compile(
    r"\s{0,8}(?:(?:tel|telefon|phone|fax|mobile?|e-?mail)\b.*|\S{1,80}@\S{1,80}|(?:https?://|www\.)\S{1,200}"
    r"|[+(]?\d[\d ()/+-]{5,30})\s*",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"\s{0,8}(?:many thanks|thanks|thank you|thx|vielen dank|besten dank|herzlichen dank|danke(?: sch(?:ö|oe)n)?)"
    r"(?: (?:in advance|im voraus|a lot|so much|very much|and (?:best|kind) regards|und (?:viele |beste )?gr(?:ü"
    r"|ue)(?:ß|ss)e"
    r"|for your (?:help|support|time)|f(?:ü|ue)r (?:die|ihre|eure|deine) (?:hilfe|unterst(?:ü|ue)tzung|m(?:ü|ue)he)))?"
    r"\s?[,.!]{0,3}\s*",
    re.IGNORECASE,
)
_DELIMITER = re.compile(r"-- ?")
_DISCLAIMER = re.compile(
    r"(?:this|diese) (?:e-?mail|message|nachricht).{0,80}(?:confidential|vertraulich|intended (?:only|solely)"
    r"|privileged)"
    r"|if you (?:are not|have received this).{0,60}(?:recipient|in error)|wenn sie (?:nicht der richtige adressat"
    r"|diese e-?mail"
    r" irrt)|consider the environment before|denken sie an die umwelt\b|^\s{0,8}sent from my "
    r"|^\s{0,8}von meinem .{2,30} gesendet"
    r"|^\s{0,8}gesendet von (?:mail|outlook)|^\s{0,8}get outlook for|outlook f(?:ü|ue)r (?:ios"
    r"|android) (?:beziehen|herunterladen)"
    r"|(?:caution|vorsicht|achtung|warning): ?(?:(?:this|diese) (?:e-?mail|mail|message|nachricht)\b.{0,40}\b)?"
    r"extern(?:al|e[mnrs]?)? (?:e-?mail|mail|message|nachricht|sender|absender|source|quelle)"
    r"(?=\s*(?:[.!,:;)\]*]|$)| [–-] )"
    r"|(?:e-?mail|mail|message) (?:has )?originated from outside",
    re.IGNORECASE,
)
_CONTENT = re.compile(
    r"\b(?:errors?|fehler\w*|exception|failed|fehlgeschlagen|PS:|P\.S\.|0x[0-9a-f]{4,8})|\b\d{4,}\b.{0,40}\bid\b",
    re.IGNORECASE,
)


def plain_title(title: str) -> str:
    """Return a title without the marks of replies, forwards and ticket systems; a title of nothing else stays."""
    match = _TITLE_MARKS.match(title)
    rest = title[match.end() :] if match else title
    return _TICKET_TAG.sub(" ", rest).strip() or title


def without_decoration(lines: list[str]) -> list[str]:
    """Return the lines of a mail that are about something, in order, without quote marks; of a subject its words.

    Blank lines stay. A text of nothing but decoration comes back as it was.
    """
    kept = said_lines(lines)
    return kept if any(line.strip() for line in kept) else lines


def said_lines(lines: list[str], *, subjects: bool = True) -> list[str]:
    """Return the same, with nothing of a text of decoration, and with the words of subjects only on request."""
    kept: list[str] = []
    bare = [_QUOTE.sub("", line[:LONGEST_LINE], count=1) + line[LONGEST_LINE:] for line in lines]
    at = 0
    while at < len(bare):
        line = bare[at]
        if not line.strip():
            kept.append(line)
            at += 1
            continue
        head = line[:LONGEST_LINE]
        after = _after_headers(bare, at, kept, subjects=subjects)
        if after > at:
            at = after
        elif _DELIMITER.fullmatch(line) or _CLOSING.fullmatch(head) or _closes_shortly(bare, at):
            at = _after_signature(bare, at + 1)
        elif _CITED.fullmatch(head) or _THANKS.fullmatch(head) or _DISCLAIMER.search(head):
            at += 1
        else:
            greeting = _GREETING.match(head)
            if rest := (line[greeting.end() :] if greeting else line):
                kept.append(rest)
            at += 1
    return kept


def is_citation(line: str) -> bool:
    """Say whether a line announces the mail that was answered; one that was forwarded is announced on purpose."""
    return bool(_ANSWERED.fullmatch(line[:LONGEST_LINE]))


def header_names(lines: list[str], at: int) -> frozenset[str]:
    """Return the names of the header block that begins at a line, in lower case."""
    names: list[str] = []
    for line in lines[at : at + _LONGEST_HEADER]:
        match = _HEADER.fullmatch(_QUOTE.sub("", line[:LONGEST_LINE], count=1))
        if match is None:
            break
        names.append(match[1].lower())
    return frozenset(names)


_LONGEST_HEADER = 12
LONGEST_LINE = 400
"""Characters of a line that are looked at: formulas are short, and patterns must not run along a line of a megabyte."""


def _after_headers(lines: list[str], at: int, kept: list[str], *, subjects: bool) -> int:
    """Return where the run of header-like lines that begins at a line ends; keep its subject where `subjects` are
    wanted, or all of it when it is none.

    `From:` with `To:` may be a sentence or a move of files: a header names its subject and one thing more, or its
    sender with the day it was sent or an address. The run is read once: each line tried again as a beginning would
    take time with its square.
    """
    end = at
    while end < len(lines) and _HEADER.fullmatch(lines[end][:LONGEST_LINE]):
        end += 1
    found = [match for line in lines[at:end] if (match := _HEADER.fullmatch(line[:LONGEST_LINE]))]
    names = {match[1].lower() for match in found}
    is_sent = names & _SENDERS and (names & _SENT or any("@" in match[2] for match in found))
    if len(names) < 2 or not (names & _SUBJECTS or is_sent):
        kept.extend(lines[at:end])
        return end
    told = [plain_title(match[2].strip()) for match in found if match[1].lower() in _SUBJECTS]
    if subjects and told and told[-1]:
        kept.append(told[-1])
    return end


def _closes_shortly(lines: list[str], at: int) -> bool:
    """Say whether a line is a closing of two letters: alone, or with a name and no more than contacts below.

    `LG Monitor` above a sentence is a device.
    """
    match = _SHORT_CLOSING.fullmatch(lines[at][:LONGEST_LINE])
    if not match or not match[1]:
        return match is not None
    for line in lines[at + 1 : at + 1 + LONGEST_SIGNATURE]:
        head = line[:LONGEST_LINE]
        if _CITED.fullmatch(head) or _HEADER.fullmatch(head) or _DELIMITER.fullmatch(line):
            return True
        if head.strip() and not _CONTACT.fullmatch(head):
            return False
    return True


def _after_signature(lines: list[str], at: int) -> int:
    """Return where a signature ends: before a cited mail or what speaks of an error, else with its last line."""
    said = 0
    while at < len(lines) and said < LONGEST_SIGNATURE:
        if not lines[at].strip():
            at += 1
            continue
        head = lines[at][:LONGEST_LINE]
        if _HEADER.fullmatch(head) and at + 1 < len(lines) and _HEADER.fullmatch(lines[at + 1][:LONGEST_LINE]):
            break
        if _CITED.fullmatch(head) or _CONTENT.search(head) or len(lines[at]) > _LONGEST_CONTACT:
            break
        said += 1
        at += 1
    return at


_LONGEST_CONTACT = 120
"""Characters of a line in a signature: name, department, address, telephone. A longer one is a sentence."""
