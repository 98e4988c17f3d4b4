"""Propose which articles belong together: those that tell of the same thing and do not name each other yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from kb.documents import DECISION_SOURCE, MANUAL_SOURCE, Article, Ticket
from kb.plain_text import plain_text
from kb.queries import Filter, Viewer
from search.answers import Result, SimilarAnswer
from search.similar import SimilarRequest

MOST_PROPOSED = 5
LEAST_SIMILARITY = 0.65
"""Cosine from which on a proposal needs no band.

Chosen on the 87 shipped examples, whose authors related 154 pairs: of what is at least of the band `medium` or this
close, 39 of 55 proposals (71 %) are pairs that they related; with .60 it is 41 of 67, with .55 46 of 96.
"""
_LIKELY = ("high", "medium")
_LOOKED_AT = 20
_LONGEST_TEXT = 6_000


class Similar(Protocol):
    """What finds similar issues, without counting it as somebody's question."""

    def beside(self, request: SimilarRequest) -> SimilarAnswer:
        """Return what is similar, best first."""
        ...


def proposed(article: Article, searcher: Similar, viewer: Viewer, known: Sequence[str] = ()) -> Sequence[Result]:
    """Return published articles of the organisation that are close to this one, the closest first, with reasons.

    Those that it names already, in its fields or as one of `known`, are left out, and so is what only shares a word.
    Raises StoreError.
    """
    without = frozenset({article.id, *article.related, *known})
    where = Filter(
        values={"type": frozenset({"article"}), "state": frozenset({"published"})},
        excluded={"source": frozenset({MANUAL_SOURCE, DECISION_SOURCE})},
        without=without,
    )
    answer = searcher.beside(
        SimilarRequest(
            ticket=Ticket(
                source="related",
                external_id=article.id,
                title=article.title,
                description=plain_text(article.body, article.title)[:_LONGEST_TEXT],
                service=article.service,
                components=article.components,
                language=article.language,
                audience=article.audience,
            ),
            filter=where,
            limit=_LOOKED_AT,
            viewer=viewer,
        )
    )
    close = [one for one in answer.results if one.band in _LIKELY or (one.scores.semantic or 0.0) >= LEAST_SIMILARITY]
    return sorted(close, key=lambda one: (one.band not in _LIKELY, -(one.scores.semantic or 0.0)))[:MOST_PROPOSED]
