"""Say why a document is among the results, in facts that can be checked on its page. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from kb.analysis.analyse import analyse
from kb.documents import Article, Document, Ticket
from kb.plain_text import sections, text_fields
from search.answers import Reason
from search.fix_side import shortened
from search.snippets import LENGTH, in_small_letters

MOST_IDENTIFIERS = 3
SIMILAR = 0.40
"""A passage less similar than this says nothing; the floor under which a document is not found by meaning alone."""
_READ = 100_000
_ANALYSED = 20_000
"""Characters analysed where an identifier is not found as written, because the document spells it in another form."""

_SECTION_NAMES = (
    (re.compile(r"symptom|problem|issue|meaning|error", re.IGNORECASE), "symptoms"),
    (re.compile(r"root cause|cause|reason|ursache|grundursache", re.IGNORECASE), "root_cause"),
    (re.compile(r"resolution|solution|fix|mitigation|lösung|behebung", re.IGNORECASE), "resolution"),
    (re.compile(r"workaround|umgehung", re.IGNORECASE), "workaround"),
    (re.compile(r"summary|zusammenfassung", re.IGNORECASE), "summary"),
)


def identifier_reasons(
    document: Document, identifiers: Sequence[tuple[str, str]], *, with_fix: bool = True
) -> tuple[Reason, ...]:
    """Return the identifiers of the query that the document holds, with the field that holds each.

    `identifiers` are (as written in the query, canonical). Fields are those of a ticket, or of an article `title`,
    `error_signatures`, `body` or the section: `symptoms`, `root_cause`, `resolution`, `workaround`, `summary`.
    """
    fields = [(field, text[:_READ]) for field, text in _fields(document, with_fix)]
    looks = [in_small_letters(text) for _, text in fields]
    found: list[Reason] = []
    for written, canonical in identifiers:
        # Most stand in no field, which a plain look tells sooner than a pattern.
        wanted = in_small_letters(written), in_small_letters(canonical)
        possible = [one for one, look in zip(fields, looks, strict=True) if any(each in look for each in wanted)]
        place = _place_as_written(possible, (written, canonical))
        if place is not None:
            found.append(Reason("identifier", value=written, field=place))
        if len(found) == MOST_IDENTIFIERS:
            return tuple(found)
    if found:
        return tuple(found)
    for field, text in fields:
        held = {one.value for one in analyse(text[:_ANALYSED], document.language).identifiers}
        for written, canonical in identifiers:
            if canonical in held:
                return (Reason("identifier", value=written, field=field),)
    return ()


def holds_on_problem_side(document: Document, identifiers: Sequence[tuple[str, str]], *, strict: bool) -> bool:
    """Say whether a document that holds one of the identifiers holds it outside a ticket's resolution.

    An identifier that is written in another form than in the query is nowhere found as written; then it counts as being
    on the problem side unless `strict`.
    """
    if not isinstance(document, Ticket) or not document.resolution.strip():
        return True
    spellings = [spelling for pair in identifiers for spelling in pair]
    if _place_as_written(_fields(document, with_fix=False), spellings) is not None:
        return True
    return not strict and _place_as_written(_fields(document, with_fix=True), spellings) is None


def phrase_reasons(phrases: Sequence[str]) -> tuple[Reason, ...]:
    """Return the quoted phrases, every one of which the document holds."""
    return tuple(Reason("phrase", value=phrase) for phrase in phrases)


def passage_reasons(passage: str | None, similarity: float | None) -> tuple[Reason, ...]:
    """Return the most similar passage, when it is similar at all."""
    if similarity is None or similarity < SIMILAR:
        return ()
    return (Reason("similar_passage", passage=shortened(passage or "", LENGTH) or None, similarity=similarity),)


def shared_reasons(ticket: Ticket, document: Document) -> tuple[Reason, ...]:
    """Return the service and components that a ticket has in common with a document."""
    found = []
    if ticket.service and document.service and ticket.service.casefold() == document.service.casefold():
        found.append(Reason("same_service", value=document.service))
    shared = shared_components(ticket, document)
    if shared:
        found.append(Reason("same_component", value=", ".join(shared)))
    return tuple(found)


def shared_components(ticket: Ticket, document: Document) -> tuple[str, ...]:
    """Return the components of the document that the ticket has too, in the document's order."""
    if not (ticket.components and document.components):
        return ()
    held = {component.casefold() for component in ticket.components}
    return tuple(component for component in document.components if component.casefold() in held)


def _place_as_written(fields: Iterable[tuple[str, str]], spellings: Sequence[str]) -> str | None:
    if not spellings:
        return None
    pattern = _written(tuple(spellings))
    for field, text in fields:
        if pattern.search(text, 0, _READ):
            return field
    return None


@lru_cache(maxsize=256)
def _written(spellings: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, spellings))})(?!\w)", re.IGNORECASE)


def _fields(document: Document, with_fix: bool) -> Iterator[tuple[str, str]]:
    yield "title", document.title
    if isinstance(document, Article):
        yield "error_signatures", "\n".join(document.error_signatures)
        for section in sections(document.body[:_READ], document.title):
            yield _section_name(section.path), f"{' '.join(section.path)}\n{section.text}"
        return
    yield "description", document.description
    yield "environment", document.environment
    if with_fix:
        yield "resolution", text_fields(document)["fix"]


def _section_name(path: Sequence[str]) -> str:
    for heading in path:
        for pattern, name in _SECTION_NAMES:
            if pattern.match(heading):
                return name
    return "body"
