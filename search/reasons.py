"""Say why a document is among the results, in facts that can be checked on its page. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from kb.analysis.analyse import analyse, analyse_query
from kb.documents import Article, Document, Ticket
from kb.plain_text import sections, text_fields
from kb.vocabulary import same_form
from search.answers import Reason, Snippet
from search.expansion import Expansion, Target
from search.fix_side import shortened
from search.snippets import LENGTH, marked_words

MOST_IDENTIFIERS = 3
MOST_WORDS = 8
MOST_OTHER_WORDS = 4
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
    found: list[Reason] = []
    for written, canonical in identifiers:
        place = _place_as_written(document, (written, canonical), with_fix=with_fix)
        if place is not None:
            found.append(Reason("identifier", value=written, field=place))
        if len(found) == MOST_IDENTIFIERS:
            return tuple(found)
    if found:
        return tuple(found)
    for field, text in _fields(document, with_fix):
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
    if _place_as_written(document, spellings, with_fix=False) is not None:
        return True
    return not strict and _place_as_written(document, spellings, with_fix=True) is None


def phrase_reasons(phrases: Sequence[str]) -> tuple[Reason, ...]:
    """Return the quoted phrases, every one of which the document holds."""
    return tuple(Reason("phrase", value=phrase) for phrase in phrases)


def other_word_reasons(
    expansions: Sequence[Expansion], title: str, shown: Snippet, language: str
) -> tuple[tuple[Reason, ...], frozenset[str]]:
    """Return which other words stand in title and snippet for words of the query that do not, and those words.

    A form of which words tell nothing by themselves ("no space left") has to stand there as it is.
    `translated_words`, `synonym` and `corrected_word` have "word of the query → word of the document" as their value.
    """
    held = _held(title, shown, language)
    found: dict[str, Reason] = {}
    told: set[str] = set()
    spans: list[tuple[int, int]] = []
    for one in sorted(expansions, key=lambda each: (each.is_inner, each.start)):
        if one.is_inner and any(start <= one.start and one.end <= end for start, end in spans):
            continue
        own = (word.alternatives for word in analyse_query(one.written).words)
        if len(found) == MOST_OTHER_WORDS or any(not held.keys().isdisjoint(terms) for terms in own):
            continue
        for target in one.targets:
            words = [next((held[term] for term in word if term in held), None) for word in target.words]
            if not any(words) or (one.is_whole and not all(words)) or not _stands(target, title, shown):
                continue
            spans.append((one.start, one.end))
            told.update(word.casefold() for word in words if word)
            shown_as = words[0] if one.kind == "corrected_word" else target.form
            found.setdefault(one.written.casefold(), Reason(one.kind, value=f"{one.written} → {shown_as}"))
            break
    return tuple(found.values()), frozenset(told)


def word_reasons(
    shown: Snippet,
    told: Sequence[Reason],
    told_words: frozenset[str] = frozenset(),
    *,
    own: Collection[str] = (),
    other: Collection[str] = (),
    title: str = "",
    language: str = "en",
) -> tuple[Reason, ...]:
    """Return the words of the query in snippet and title, without those that other reasons have told.

    `own` are the index terms of the query's words, `other` those that only other words for them have.
    """
    known = {reason.value.casefold() for reason in told if reason.value} | told_words
    marked = [word for word in marked_words(shown) if _terms(word, language).isdisjoint(other) or
              not _terms(word, language).isdisjoint(own)]  # fmt: skip
    named = [
        title[word.start : word.end] for word in analyse(title, language).words if not {*word.terms}.isdisjoint(own)
    ]
    words = {word.casefold(): word for word in reversed((*marked, *named)) if word.casefold() not in known}
    shown_words = list(reversed(words.values()))[:MOST_WORDS]
    return (Reason("matched_words", value=", ".join(shown_words)),) if shown_words else ()


def without_pieces(
    shown: Snippet, expansions: Sequence[Expansion], own: Collection[str], title: str, language: str
) -> Snippet:
    """Return the snippet without the marks of words that are only a piece of another form that does not stand there."""
    held = _held(title, shown, language)
    whole: set[str] = set(own)
    pieces: set[str] = set()
    for one in expansions:
        for target in one.targets:
            terms = {term for word in target.words for term in word}
            stands = all(any(term in held for term in word) for word in target.words) and _stands(target, title, shown)
            (whole if stands or not one.is_whole else pieces).update(terms)
    pieces -= whole
    kept = tuple(
        (start, end)
        for start, end in shown.highlights
        if (mark := _terms(shown.text[start:end], language)).isdisjoint(pieces) or not mark.isdisjoint(whole)
    )
    return replace(shown, highlights=kept)


def other_terms(expansions: Sequence[Expansion], own: Collection[str]) -> frozenset[str]:
    """Return the index terms of other words for those of the query, without the query's own."""
    return frozenset(
        term for one in expansions for target in one.targets for word in target.words for term in word
    ).difference(own)


def _held(title: str, shown: Snippet, language: str) -> dict[str, str]:
    held: dict[str, str] = {}
    for text in (shown.text, title):
        for word in analyse(text, language).words:
            for term in word.terms:
                held.setdefault(term, text[word.start : word.end])
    return held


def _stands(target: Target, title: str, shown: Snippet) -> bool:
    if target.is_complete:
        return True
    return any(f" {same_form(target.form)} " in f" {same_form(text)} " for text in (title, shown.text))


def _terms(word: str, language: str) -> frozenset[str]:
    return frozenset(term for each in analyse(word, language).words for term in each.terms)


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
    held = {component.casefold() for component in ticket.components}
    return tuple(component for component in document.components if component.casefold() in held)


def _place_as_written(document: Document, spellings: Sequence[str], *, with_fix: bool) -> str | None:
    if not spellings:
        return None
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, spellings))})(?!\w)", re.IGNORECASE)
    for field, text in _fields(document, with_fix):
        if pattern.search(text, 0, _READ):
            return field
    return None


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
