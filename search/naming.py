"""Say how much of what a document is called the query says. Pure.

Coverage asks whether the document says what the query says; this asks the other way round. An article is called by its
file name, which its author chose to tell it from all others: on the `tune` splits the words of the name gain .008
MRR@10 where those of the title, which the other features know already, gain nothing, and counting rare words more loses
.002. A ticket has no file name, so its title stands in for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from kb.analysis.analyse import LANGUAGES, analyse
from kb.documents import Article, Document
from kb.file_names import name_words
from search.coverage import said
from search.query_terms import QueryTerms

LONGEST_NAME = 400
"""Characters of a name that are looked at."""


def naming(terms: QueryTerms, documents: Sequence[Document]) -> dict[str, float]:
    """Return id → share of the index terms of a document's name that the query says, 0 to 1.

    Of compound and CamelCase words the parts are terms too.
    """
    told = {term for group in said(terms.keyword.words) for term in group.terms}
    shares = {}
    for document in documents:
        called = name_terms(
            name_words(document.id) if isinstance(document, Article) else document.title, document.language
        )
        shares[document.id] = len(called & told) / len(called) if called else 0.0
    return shares


def name_terms(name: str, language: str) -> frozenset[str]:
    """Return the index terms of a name, read as text in a language."""
    return _terms(name[:LONGEST_NAME], language if language.partition("-")[0] in LANGUAGES else "en")


@lru_cache(maxsize=2**15)
def _terms(name: str, language: str) -> frozenset[str]:
    return frozenset(analyse(name, language).terms)
