"""Fill an article with the facts of the ticket that it is written from. Pure.

Facts alone: what a ticket does not say is left to the author, and what is guessed is marked as an inference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType

from kb.access import all_may_read, narrower
from kb.analysis.analyse import analyse
from kb.analysis.mail import plain_title, without_decoration
from kb.analysis.telling import kind_of
from kb.documents import JSON, Article, Ticket
from kb.plain_text import whole_lines, without_comments
from kb.post_mortem_sections import is_german, is_written, section_key, with_section
from kb.section_places import PlacedSection, placed_sections
from kb.tickets import resolution_kind
from kb.timeline import FACT, INFERENCE, TimelineRow, in_order, with_timeline
from search.fix_side import FixSide, fix_side
from search.labelled_parts import labelled_parts

MOST_LINES = 60
"""Lines of a ticket that are quoted; the ticket is linked for the rest."""
LONGEST_LINE = 500
MOST_SIGNATURES = 8
MOST_NOTES = 30
LONGEST_SIGNATURE = 160
_TELLING = ("error_code", "exception", "event_id", "cve")
_CODE = ("code",)
"""Codes are telling where they hold digits: `ORA-12154`, not the name of a command."""
_SYMPTOMS = ("symptoms", "symptome", "when to use", "wann anwenden", "overview", "überblick")
_CAUSES = ("cause", "ursache", "background", "hintergrund")
_FIXES = ("resolution", "lösung", "steps", "schritte", "details", "einzelheiten")
_WORKAROUNDS = ("workaround",)
_QUOTED = re.compile(r"\"([^\"\n]{8,160})\"|“([^”\n]{8,160})”|„([^“”\n]{8,160})[“”]|«([^»\n]{8,160})»")
_FAULT = re.compile(
    r"\b(?:error|fail(?:s|ed|ure)?|denied|refused|rejected|cannot|can't|could not|unable|invalid|not found|timed? ?out"
    r"|unreachable|expired|unacceptable|exception|fehler\w*|fehlgeschlagen|verweigert|abgelehnt|abgelaufen|kann nicht"
    r"|konnte nicht|nicht gefunden|nicht erreichbar|ungültig|zeitüberschreitung)\b|\d{3,}",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"[\s\[(*-]{0,4}(?:(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<day>\d\d)"
    r"|(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>(?:19|20)\d\d))?"
    r"[T, ]{0,2}(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::[0-5]\d)?(?: Uhr)?[ ]?"
    r"(?P<zone>Z|UTC|GMT|CES?T|MES?Z|[+-]\d\d:?\d\d)?"
    r"[\])]?[\s:,–-]{1,4}(?P<text>\S.{2,})"
)
_ITEM = re.compile(r"[ \t]*(?:[-*+]|\d{1,3}[.)])[ \t]+\S")
_INNER = re.compile(r"(?<=[^>\s])>|(?<=[^>\s] )>")
_LINKED = re.compile(r"(\\*)\](?=[(\[:])")
"""What makes a link or picture of the words before it, and the address of one that is named elsewhere."""
_HELD = "\ue000"
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "opened": "Ticket opened: {title}",
        "resolved": "Ticket resolved",
        "duplicate": "Reported again",
        "said": "Users' words:",
        "errors": "Exact errors:",
        "environment": "Environment:",
        "impact": "Reported in {count} tickets: {tickets}.",
        "impact_one": "Reported in one ticket: {tickets}.",
    },
    "de": {
        "opened": "Ticket eröffnet: {title}",
        "resolved": "Ticket gelöst",
        "duplicate": "Erneut gemeldet",
        "said": "Worte der Betroffenen:",
        "errors": "Genaue Fehler:",
        "environment": "Umgebung:",
        "impact": "Gemeldet in {count} Tickets: {tickets}.",
        "impact_one": "Gemeldet in einem Ticket: {tickets}.",
    },
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a ticket's text says: what people wrote, and the error lines among a machine's output; in their order."""

    words: tuple[str, ...]
    errors: tuple[str, ...]


def filled_article(template: Article, ticket: Ticket, others: Sequence[Ticket]) -> Article:
    """Return an article that begins with a template's text and holds what a ticket tells.

    `others` are tickets of the same problem: its duplicates, or those of its incident. An article is for no more
    readers than the ticket is, and names no other ticket that one of its readers may not read.
    """
    audience = narrower(template.audience, ticket.audience)
    others = [one for one in others if all_may_read(audience, one.audience)]
    language = template.language
    fix = fix_side(ticket)
    said = said_in(ticket.description)
    words = _WORDS["de" if is_german(language) else "en"]
    extra: dict[str, JSON] = {**template.extra, "source_tickets": [ticket.id, *(one.id for one in others)]}
    article = replace(
        template,
        title=plain_title(ticket.title),
        audience=audience,
        service=ticket.service or template.service,
        components=tuple(dict.fromkeys((*template.components, *ticket.components))),
        tags=tuple(dict.fromkeys((*template.tags, *ticket.tags))),
        error_signatures=signatures_of(ticket),
    )
    body = template.body
    if article.kind == "post-mortem":
        extra |= _fields(ticket, fix)
        body = _put(body, "symptoms", _symptoms(ticket, said, words), language)
        body = _put(body, "impact", _impact(ticket, others, words) if others else "", language)
        body = _put(body, "root_cause", fix.root_cause or "", language)
        body = _put(body, "resolution", _fix_of(ticket), language)
        body = _put(body, "workaround", fix.workaround or "", language)
        body = with_timeline(body, timeline_rows(ticket, others, language), language)
    else:
        body = _put_below(body, _SYMPTOMS, _symptoms(ticket, said, words))
        body = _put_below(body, _CAUSES, fix.root_cause or "")
        body = _put_below(body, _FIXES, _fix_of(ticket))
        body = _put_below(body, _WORKAROUNDS, fix.workaround or "")
        if resolution_kind(ticket.resolution_code, ticket.resolution) != "none":
            extra["resolution_kind"] = resolution_kind(ticket.resolution_code, ticket.resolution)
    return replace(article, body=body, extra=MappingProxyType(extra))


def said_in(text: str) -> Said:
    """Return what a text says without mail's decoration; lines of logs and frames of stack traces are left out."""
    words: list[str] = []
    errors: dict[str, None] = {}
    for line in _undecorated(text):
        kind = kind_of(line)
        if kind == "error":
            errors[line.strip()[:LONGEST_LINE]] = None
        elif kind == "prose" and not _note_of(line):
            words.append(line.strip()[:LONGEST_LINE])
    return Said(tuple(words[:MOST_LINES]), tuple(errors)[:MOST_LINES])


def signatures_of(ticket: Ticket) -> tuple[str, ...]:
    """Return the telling identifiers of a ticket as they are written, and the messages that it quotes."""
    text = "\n".join(
        line
        for part in (plain_title(ticket.title), ticket.description, ticket.environment)
        for line in _undecorated(part)
        if kind_of(line) in ("prose", "error")
    )
    found: dict[str, str] = {}
    for one in analyse(text, ticket.language).identifiers:
        written = text[one.start : one.end].strip()
        if one.kind in _TELLING or (one.kind in _CODE and re.search(r"\d{2}", written)):
            found.setdefault(one.value, written)
    messages = [next(part for part in match.groups() if part) for match in _QUOTED.finditer(text)]
    quoted = [one.strip() for one in messages if _FAULT.search(one) and len(one.split()) > 1]
    return tuple(dict.fromkeys((*found.values(), *quoted)))[:MOST_SIGNATURES]


def timeline_rows(ticket: Ticket, others: Sequence[Ticket], language: str) -> tuple[TimelineRow, ...]:
    """Return what the tickets tell with a time, in order: when they came and were resolved, and dated notes."""
    words = _WORDS["de" if is_german(language) else "en"]
    rows: list[TimelineRow] = []
    if ticket.opened_at is not None:
        rows.append(_row(ticket.opened_at, ticket, words["opened"].format(title=plain_title(ticket.title)), FACT))
    rows += [_row(one.opened_at, one, words["duplicate"], FACT) for one in others[:MOST_NOTES] if one.opened_at]
    rows += _notes(ticket)
    if ticket.resolved_at is not None and not ticket.is_open:
        rows.append(_row(ticket.resolved_at, ticket, words["resolved"], FACT))
    return in_order(tuple(dict.fromkeys(rows)))


def with_similar(article: Article, chosen: Sequence[tuple[str, str, str]]) -> Article:
    """Return an article that names what happened before: (title, address, when) of each, as links."""
    lines = "\n".join(
        f"- [{_link_text(title)}]({address.replace('(', '%28').replace(')', '%29')}){f', {when}' if when else ''}"
        for title, address, when in chosen
    )
    return replace(article, body=_put(article.body, "similar", lines, article.language)) if lines else article


def _fields(ticket: Ticket, fix: FixSide) -> dict[str, JSON]:
    told: dict[str, JSON] = {
        "owner_team": ticket.assignment_group,
        "detected_at": _moment(ticket.opened_at),
        "resolved_at": None if ticket.is_open else _moment(ticket.resolved_at),
        "root_cause": fix.root_cause,
        "configuration_items": [ticket.configuration_item] if ticket.configuration_item else None,
    }
    if not ticket.is_open:
        told["resolution_kind"] = resolution_kind(ticket.resolution_code, ticket.resolution)
    for name in ("started_at", "acknowledged_at", "mitigated_at", "problem_id", "severity"):
        value = ticket.extra.get(name)
        told[name] = value if isinstance(value, str) and value.strip() else None
    return {name: value for name, value in told.items() if value is not None}


def _symptoms(ticket: Ticket, said: Said, words: Mapping[str, str]) -> str:
    parts: list[str] = []
    quoted = "\n".join(f"> {_plain(line)}".rstrip() for line in _trimmed(said.words))
    if quoted:
        parts.append(f"{words['said']}\n\n{quoted}")
    if said.errors:
        fence = "`" * max(3, *(len(run) + 1 for line in said.errors for run in re.findall(r"`+", line)), 3)
        parts.append(f"{words['errors']}\n\n{fence}text\n" + "\n".join(said.errors) + f"\n{fence}")
    environment = " ".join(ticket.environment.split())[: LONGEST_LINE * 2]
    if environment:
        parts.append(f"{words['environment']} {_plain(environment)}")
    return "\n\n".join(parts)


def _impact(ticket: Ticket, others: Sequence[Ticket], words: Mapping[str, str]) -> str:
    ids = [ticket.id, *(one.id for one in others)]
    shown = ", ".join(ids[:MOST_NOTES]) + (", …" if len(ids) > MOST_NOTES else "")
    return words["impact" if len(ids) > 1 else "impact_one"].format(count=len(ids), tickets=shown)


def _fix_of(ticket: Ticket) -> str:
    """Return what a ticket says of its fix, as its author wrote it, without a mail's decoration."""
    told = labelled_parts(ticket.resolution)
    text = told.fix or told.plain or ("" if told.cause or told.workaround else ticket.resolution)
    lines: list[str] = []
    for line in _trimmed(_undecorated(text))[:MOST_LINES]:
        if _ITEM.match(line) and lines and lines[-1].strip() and not _ITEM.match(lines[-1]):
            lines.append("")  # a list right below a paragraph would be read as part of it
        lines.append(_plain(line))
    return "\n".join(lines)


def _notes(ticket: Ticket) -> Iterator[TimelineRow]:
    """Yield the dated notes that people left in a ticket; one without a day or zone is an inference.

    A zone that nobody wrote is not made up: the time lacks it, and whoever writes says which it was.
    """
    count = 0
    for line in _undecorated(f"{ticket.description}\n\n{ticket.resolution}"):
        match = _note_of(line)
        if match is None or kind_of(line) != "prose" or count == MOST_NOTES:
            continue
        day = _day_of(match) or (ticket.opened_at.astimezone(UTC).strftime("%Y-%m-%d") if ticket.opened_at else "")
        if day:
            count += 1
            is_whole = _day_of(match) and match["zone"]
            time = f"{day} {int(match['hour']):02}:{match['minute']} {match['zone'] or ''}".rstrip()
            event = " ".join(match["text"].split())[:LONGEST_LINE]
            yield TimelineRow(time, ticket.id, _plain(event), FACT if is_whole else INFERENCE)


def _note_of(line: str) -> re.Match[str] | None:
    return _NOTE.match(line[:LONGEST_LINE])


def _day_of(match: re.Match[str]) -> str:
    if match["year"]:
        return f"{match['year']}-{match['month']}-{match['day']}"
    return f"{match['y']}-{int(match['m']):02}-{int(match['d']):02}" if match["y"] else ""


def _row(at: datetime, ticket: Ticket, event: str, kind: str) -> TimelineRow:
    return TimelineRow(at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"), ticket.id, _plain(event), kind)


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).replace(microsecond=0).isoformat()


def _put(body: str, key: str, text: str, language: str) -> str:
    """Return the body with a text in one of the sections that post-mortems have, which is made where it lacks."""
    if not text:
        return body
    section = next((one for one in placed_sections(body) if section_key(one.heading) == key), None)
    return with_section(body, key, text, language) if section is None else _inserted(body, section, text)


def _put_below(body: str, names: Sequence[str], text: str) -> str:
    """Return the body with a text below the first heading of one of these names, else below one of its own."""
    if not text:
        return body
    section = next((one for one in placed_sections(body) if one.heading.strip().casefold() in names), None)
    if section is not None:
        return _inserted(body, section, text)
    return f"{body.rstrip()}\n\n## {names[0].capitalize()}\n\n{text}\n".lstrip("\n")


def _inserted(body: str, section: PlacedSection, text: str) -> str:
    held, after = body[section.text_start : section.own_end], body[section.own_end :].lstrip("\n")
    if not is_written(without_comments(held)):  # of a template's text what speaks to the author stays
        held = "\n" + "".join(line for line in whole_lines(held) if line.startswith("<!--"))
    before = (body[: section.text_start] + held).rstrip("\n")
    return f"{before}\n\n{text}\n" + (f"\n{after}" if after else "")


def _undecorated(text: str) -> list[str]:
    """Return the lines of a text without a mail's decoration; a `>` within a line is no mark of a quote."""
    lines = [_INNER.sub(_HELD, line) for line in text.splitlines()]
    return [line.replace(_HELD, ">") for line in without_decoration(lines)]


def _trimmed(lines: Sequence[str]) -> list[str]:
    """Return the lines without blank ones at either end or twice in a row."""
    kept: list[str] = []
    for line in lines:
        if line.strip() or (kept and kept[-1].strip()):
            kept.append(line)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept


def _link_text(title: str) -> str:
    """Return a title as the text of a link, which no sign in it ends."""
    return re.sub(r"[\\\[\]()]", r"\\\g<0>", " ".join(title.split())).replace("<", "\\<")


def _plain(line: str) -> str:
    """Return a line that Markdown shows as it is: no tag, comment, link, picture, heading or rule comes of it."""
    line = _LINKED.sub(lambda one: one[0] if len(one[1]) % 2 else f"{one[1]}\\]", line.replace("<", "\\<"))
    return re.sub(r"^(\s{0,3})(#{1,6}\s|={2,}\s*$|-{3,}\s*$|`{3,}|~{3,})", r"\1\\\2", line)
