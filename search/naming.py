"""Say how much of what a document is called the query says: its title, and the words of its file name.

Coverage asks whether the document says what the query says; this asks the other way round, so that "Kubelet down" comes
before a long title that happens to hold both words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from kb.analysis.analyse import LANGUAGES, analyse
from kb.documents import Article, Document
from kb.file_names import name_words
from search.coverage import rarity
from search.lanes import Lanes
from search.query_terms import QueryTerms

LONGEST_TITLE = 400
"""Characters of a title that are looked at."""
_Words = tuple[tuple[str, ...], ...]


def naming(lanes: Lanes, terms: QueryTerms, documents: Sequence[Document]) -> dict[str, float]:
    """Return id → share of the words of title and file name that the query says, 0 to 1, rare words counting more.

    An article's is the mean of both; a ticket has no file name. Of a compound or CamelCase word that the query does not
    say whole its parts count.
    """
    if not lanes.is_up("keyword") or not documents:
        return {}
    said = {term for group in terms.keyword.words for term in group.terms}
    called = {document.id: _called(document) for document in documents}
    used = {term for texts in called.values() for words in texts for word in words for term in word}
    counts = lanes.document_frequency(sorted(used))
    weights = {term: rarity(lanes.size, [counts.get(term, 0)]) for term in used}
    return {one: sum(_share(words, said, weights) for words in texts) / len(texts) for one, texts in called.items()}


def _called(document: Document) -> tuple[_Words, ...]:
    language = document.language
    title = title_words(document.title[:LONGEST_TITLE], language)
    if not isinstance(document, Article):
        return (title,)
    return title, title_words(name_words(document.id)[:LONGEST_TITLE], language)


@lru_cache(maxsize=2**15)
def title_words(text: str, language: str) -> _Words:
    """Return the index terms of each word of a title that has any, the whole word first."""
    known = language if language.partition("-")[0] in LANGUAGES else "en"
    return tuple(dict.fromkeys(word.terms for word in analyse(text, known).words if word.terms))


def _share(words: _Words, said: Collection[str], weights: Mapping[str, float]) -> float:
    held = whole = 0.0
    for first, *parts in words:
        weight = max(weights[term] for term in (first, *parts))
        whole += weight
        if first in said:
            held += weight
        elif parts:
            of_parts = sum(weights[part] for part in parts)
            held += weight * sum(weights[part] for part in parts if part in said) / of_parts if of_parts else 0.0
    return held / whole if whole else 0.0
