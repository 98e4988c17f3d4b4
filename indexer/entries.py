"""Turn a document into what each index takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kb.analysis.analyse import analyse
from kb.documents import Document
from kb.facts import facts_of
from kb.plain_text import text_fields
from kb.protocols.keyword import KeywordEntry
from kb.protocols.vector import VectorEntry
from kb.queries import Facts


def keyword_entry(document: Document, fingerprint: str) -> KeywordEntry:
    """Return a document's terms, words and identifiers, analysed in its own language.

    Identifiers are those of every text field, in order, each once. Error signatures are part of the body.
    """
    found = {name: analyse(text, document.language) for name, text in text_fields(document).items() if text}
    return KeywordEntry(
        facts=facts_of(document),
        fingerprint=fingerprint,
        terms={name: analysis.terms for name, analysis in found.items()},
        surfaces={name: analysis.surfaces for name, analysis in found.items()},
        identifiers=tuple(
            dict.fromkeys(one.value for analysis in found.values() for one in analysis.identifiers if one.value)
        ),
    )


def vector_entry(facts: Facts, fingerprint: str, vectors: Sequence[NDArray[np.float16]], dimension: int) -> VectorEntry:
    """Return a document with the vectors of all its passages, in the order of their numbers."""
    rows = np.array(vectors, np.float32).reshape(len(vectors), dimension)
    return VectorEntry(facts, fingerprint, tuple(range(len(vectors))), rows)
