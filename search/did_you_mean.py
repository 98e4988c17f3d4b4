"""Propose the query with its misspelled words corrected, when that finds something for this reader and filter."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.analysis.analyse import analyse, analyse_query
from kb.documents import Document
from kb.plain_text import text_fields
from kb.queries import KeywordQuery, Viewer
from search.lanes import Lanes
from search.misspellings import Misspelling
from search.query_terms import search_terms
from search.readings import within_reason
from search.sources import Sources
from search.syntax import ParsedQuery, parse

_ANALYSED = 20_000
"""Characters of a document in which the spelling of a word is looked for."""
_UNTOUCHED = re.compile(r'"[^"]*"|“[^“”]*”|„[^„“”]*[“”]|(?<!\S)-\S+|(?<!\S)-?[A-Za-z_]+:\S+')
"""Quoted phrases, excluded words and filters: nobody means another word there."""


def did_you_mean(
    sources: Sources,
    lanes: Lanes,
    text: str,
    parsed: ParsedQuery,
    wrong: Sequence[Misspelling],
    viewer: Viewer,
    *,
    syntax: bool,
) -> str | None:
    """Return `text` with the words of `wrong` as the documents spell them, `None` when that would find nothing.

    Only what is searched as words is changed: filters, phrases and exclusions stay. The proposal was counted within the
    filter and for the viewer of `lanes`, so that following it never leads to an empty page.
    """
    proposal = text
    for one in wrong:
        if one.is_open:
            continue
        proposal = _with_word(proposal, one.written, _as_documents_write(sources, lanes, one, viewer), syntax)
    again = parse(proposal) if syntax else ParsedQuery(proposal.strip())
    if proposal == text or again.filter != parsed.filter or again.phrases != parsed.phrases:
        return None
    counted = lanes.matches(search_terms(again, lanes.document_frequency).keyword, (), ())
    return proposal if counted is not None and counted.total else None


def _with_word(text: str, written: str, meant: str, syntax: bool) -> str:
    kept = [match.span() for match in _UNTOUCHED.finditer(text)] if syntax else []
    kept += [(one.start, one.end) for one in analyse_query(text).identifiers]

    def changed(found: re.Match[str]) -> str:
        is_kept = any(start <= found.start() < end for start, end in kept)
        return found.group() if is_kept else meant

    return re.sub(rf"(?<!\w){re.escape(written)}(?!\w)", changed, text)


def _as_documents_write(sources: Sources, lanes: Lanes, wrong: Misspelling, viewer: Viewer) -> str:
    """Return the likeliest word for a misspelling as a document writes it, in small letters where it was so typed."""
    surface = wrong.meant[0]
    hits = lanes.keyword_hits(KeywordQuery(phrases=((surface,),)), 1)
    found = sources.store.documents([hit.document_id for hit in hits], viewer)
    written = next((word for document in found.values() if (word := _spelling(document, surface))), surface)
    if wrong.written.islower():
        return written.lower()
    if wrong.written.isupper():
        return written.upper()
    return written[0].upper() + written[1:] if wrong.written[0].isupper() else written


def _spelling(document: Document, surface: str) -> str | None:
    for text in text_fields(within_reason(document)).values():
        for word in analyse(text[:_ANALYSED], document.language).words:
            if word.surface == surface:
                return text[word.start : word.end]
    return None
