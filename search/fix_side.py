"""Say what fixed a problem, for display: a ticket's resolution, an article's front matter and sections. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from kb.documents import Article, Document, Ticket
from kb.errors import InvalidInput
from kb.json_values import time_from
from kb.plain_text import inline_text, plain_text
from kb.post_mortems import RESOLUTION_KINDS
from kb.steps import before_steps, steps_of
from kb.tickets import resolution_kind
from search.answers import ProblemState, Resolution
from search.labelled_parts import labelled_parts

LONGEST_SUMMARY = 400
"""Characters; answers show the gist, the document the rest."""
MOST_STEPS = 20
LONGEST_SECTION = 8_000
"""Characters of a section that is handed on whole, with its code blocks; of a longer one only the steps are."""
LONGEST_TICKET = 20_000
"""Characters of a ticket's description that are looked at for what it calls its cause or a workaround."""
_READ = 200_000
"""Characters of an article that are looked at: a pasted log below it holds no fix."""

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r" {0,3}(?:```|~~~)")
_RESOLUTION = re.compile(
    r"(?:resolution|solution|fix|mitigation|remediation|how to fix|apply the patch"
    r"|lösung|behebung|fehlerbehebung|abhilfe|wenden sie den patch an)",
    re.IGNORECASE,
)
_PROCEDURE = re.compile(
    r"(?:steps?(?! to reproduce)\b|procedure|what to do|instructions|remedy|patch|answer|recovery|troubleshoot(?:ing)?$"
    r"|(?:possible|potential|recommended|suggested) (?:solution|resolution|fix|step|action|check)|(?:method|option) \d"
    r"|vorgehen|vorgehensweise|schritte|anleitung|was tun)",
    re.IGNORECASE,
)
"""Headings below which a document without a section of the other names says what to do."""
_RESOLVED_BY = re.compile(
    r"\b(?:resolved|fixed|solved|mitigated|remediated|corrected|addressed) by\b"
    r"|\b(?:behoben|gelöst|beseitigt) (?:durch|mit)\b|\bdurch\b[^.]{3,80}\b(?:behoben|gelöst|beseitigt)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÄÖÜ])")
_ROOT_CAUSE = re.compile(
    r"(?:(?:the )?(?:root|underlying) (?:cause|issue|problem)|cause|reason|contributing factors|grundursache|ursache)",
    re.IGNORECASE,
)
_WORKAROUND = re.compile(r"(?:workaround|temporary fix|umgehung|problemumgehung|behelfslösung)", re.IGNORECASE)
_MITIGATION = re.compile(r"mitigation", re.IGNORECASE)
_NOTHING_YET = re.compile(
    r"[\s*_#>]*(?:there is |es gibt )?(?:no\b|none\b|not yet\b|tbd\b|pending\b|unknown\b|keine?\b|noch (?:nicht|kein))",
    re.IGNORECASE,
)
"""How a section begins that says that there is no fix."""
_SAYS_NOTHING = re.compile(
    r"\W*(?:none|no|n/?a|unknown|tbd|pending|not (?:yet )?(?:known|found|clear)|under investigation"
    r"|keine?r?s?|unbekannt|offen|noch (?:unbekannt|offen|unklar)|wird untersucht)?\W*",
    re.IGNORECASE,
)
"""What stands in a field that nobody could fill in."""
_NUMBER = re.compile(r"^\d+[.)]?\s+")


@dataclass(frozen=True, slots=True)
class FixSide:
    """What is known of the fix; every field empty where nothing is."""

    resolution: Resolution | None = None
    root_cause: str | None = None
    workaround: str | None = None
    known_error: bool = False
    status: ProblemState | None = None
    resolved_at: datetime | None = None


def fix_side(document: Document, as_of: datetime | None = None) -> FixSide:
    """Return the fix side of a document.

    With `as_of`, what a ticket learned at or after that time is left out: it is shown as the open ticket that it was.
    A resolution whose time is unknown counts as learned at the ticket's last update.
    """
    if isinstance(document, Ticket):
        return _of_ticket(document, as_of)
    return _of_article(document)


def is_resolved(ticket: Ticket, as_of: datetime | None = None) -> bool:
    """Say whether a ticket was resolved before `as_of`, or by now; the time is that of `fix_side`."""
    return not ticket.is_open and was_known(ticket, as_of)


def was_known(ticket: Ticket, as_of: datetime | None) -> bool:
    """Say whether what a ticket says of its fix was known before `as_of`; without `as_of` it is."""
    learned_at = ticket.resolved_at or ticket.updated_at
    return as_of is None or (learned_at is not None and learned_at < as_of)


def shortened(text: str, longest: int = LONGEST_SUMMARY) -> str:
    """Return the text on one line, cut at a word with an ellipsis when it is longer."""
    line = " ".join(text[: longest * 4].split())
    if len(line) <= longest:
        return line
    cut = line.rfind(" ", longest // 2, longest)
    return line[: cut if cut > 0 else longest - 1].rstrip(" ,;:") + "…"


def _of_ticket(ticket: Ticket, as_of: datetime | None) -> FixSide:
    if not was_known(ticket, as_of):
        return FixSide(status="open")
    told, stated = labelled_parts(ticket.resolution[:_READ]), labelled_parts(ticket.description[:LONGEST_TICKET])
    kind = resolution_kind(ticket.resolution_code, ticket.resolution)
    text = told.fix or told.plain
    if not text and told.workaround and not ticket.resolution_code:
        kind, text = "workaround", told.workaround
    text = text or ticket.resolution
    root_cause = _stated(ticket, "root_cause") or _short(told.cause) or _short(stated.cause)
    workaround = _stated(ticket, "workaround") or _short(told.workaround) or _short(stated.workaround)
    if kind == "workaround":
        workaround = workaround or _short(text)
    return FixSide(
        resolution=_resolution(kind, text) if text.strip() or kind != "none" else None,
        root_cause=root_cause,
        workaround=workaround,
        known_error=ticket.extra.get("known_error") is True or (ticket.is_open and bool(root_cause or workaround)),
        status="open" if ticket.is_open else "resolved",
        resolved_at=None if ticket.is_open else ticket.resolved_at,
    )


def _of_article(article: Article) -> FixSide:
    fixes: list[tuple[str, str]] = []
    causes, workarounds, procedures = [], [], []
    for heading, markdown in _raw_sections(article.body[:_READ]):
        name = _NUMBER.sub("", heading)
        if _WORKAROUND.match(name):
            workarounds.append(markdown)
        elif _RESOLUTION.match(name):
            fixes.append((_kind_of(name, markdown), markdown))
        elif _ROOT_CAUSE.match(name):
            causes.append(markdown)
        elif _PROCEDURE.match(name):
            procedures.append(markdown)
    if not (fixes or workarounds):
        fixes = _told_otherwise(article, procedures)
    if not (causes and workarounds):
        labelled = labelled_parts(article.body[:LONGEST_TICKET])
        causes = causes or [labelled.cause]
        workarounds = workarounds or ([labelled.workaround] if labelled.workaround else [])
    stated = article.extra.get("resolution_kind")
    kind = stated if isinstance(stated, str) and stated in RESOLUTION_KINDS else None
    resolution = None
    is_unfixed = kind is None and bool(workarounds) and all(found == "none" for found, _ in fixes)
    if fixes and not is_unfixed:
        found, markdown = fixes[0]
        kind = kind or found
        resolution = _resolution(kind, markdown, is_markdown=True)
    elif workarounds and kind in (None, "workaround"):
        resolution = _resolution("workaround", workarounds[0], is_markdown=True)
    elif kind is not None and kind != "none":
        resolution = Resolution(kind, "")
    resolved_at = _moment(article.extra.get("resolved_at"))
    known_error = article.kind == "known-error" or article.extra.get("known_error") is True
    status: ProblemState | None = None
    if article.kind == "post-mortem" or resolved_at is not None:
        status = "resolved"
    elif known_error:
        status = "resolved" if kind == "permanent_fix" else "open"
    if resolution is not None and resolution.markdown:
        resolution = replace(resolution, attachments=article.attachments)
    return FixSide(
        resolution=resolution,
        root_cause=_stated(article, "root_cause") or (_gist(causes[0]) if causes else None),
        workaround=_stated(article, "workaround") or (_gist(workarounds[0]) if workarounds else None),
        known_error=known_error,
        status=status,
        resolved_at=resolved_at,
    )


def _told_otherwise(article: Article, procedures: list[str]) -> list[tuple[str, str]]:
    """Return kind and Markdown of what an article without a section for it says of its fix: under a label, in a
    procedure, or, where a post-mortem tells it in passing, in the sentence that says by what it was resolved.
    """
    if fix := labelled_parts(article.body[:LONGEST_TICKET]).fix:
        return [(_kind_of("", fix), fix)]
    if procedure := next((one for one in procedures if one.strip()), None):
        return [("none", procedure)]
    if article.kind != "post-mortem":
        return []
    for paragraph in article.body[:LONGEST_TICKET].split("\n\n"):
        for sentence in _SENTENCE.split(plain_text(paragraph)):
            if _RESOLVED_BY.search(sentence):
                return [("permanent_fix", sentence)]
    return []


def _kind_of(heading: str, markdown: str) -> str:
    """Return the kind of the fix that a section tells of, for an article that states none."""
    if not markdown.strip() or _NOTHING_YET.match(markdown):
        return "none"
    if _MITIGATION.match(heading) or resolution_kind(None, markdown) == "workaround":
        return "workaround"
    return "permanent_fix"


def _resolution(kind: str, text: str, *, is_markdown: bool = False) -> Resolution:
    named = steps_of(text)
    steps = [inline_text(step) if is_markdown else step for step in named[:MOST_STEPS]]
    lead = before_steps(text, named)
    summary = shortened(plain_text(lead) if is_markdown else lead)
    whole = text.strip() if is_markdown and len(text) <= LONGEST_SECTION else ""
    return Resolution(kind, summary or shortened(" ".join(steps[:2])), tuple(shortened(step) for step in steps), whole)


def _raw_sections(markdown: str) -> Iterator[tuple[str, str]]:
    """Yield heading and Markdown of every section, its subsections included, in order of the headings."""
    lines = markdown.splitlines()
    headings: list[tuple[int, int, str]] = []
    fenced = False
    for at, line in enumerate(lines):
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and (heading := _HEADING.match(line)):
            headings.append((at, len(heading[1]), inline_text(heading[2])))
    for number, (at, level, name) in enumerate(headings):
        end = next((below for below, other, _ in headings[number + 1 :] if other <= level), len(lines))
        if number or level > 1:  # the title's section is the whole article
            yield name, "\n".join(lines[at + 1 : end])


def _gist(markdown: str) -> str | None:
    return shortened(plain_text(markdown)) or None


def _stated(document: Document, name: str) -> str | None:
    """Return what a field of this name says that the document was given beside those it must have."""
    value = document.extra.get(name)
    return _short(value) if isinstance(value, str) else None


def _short(text: str) -> str | None:
    return None if _SAYS_NOTHING.fullmatch(text.strip()) else shortened(text) or None


def _moment(value: object) -> datetime | None:
    try:
        return time_from(value, "resolved_at")
    except InvalidInput:
        return None
