"""Find the articles that already cover what somebody is about to write."""

from __future__ import annotations

from dataclasses import replace

from kb.documents import MANUAL_SOURCE, Ticket
from kb.errors import FixloreError
from kb.language import detect_language
from kb.queries import Filter, Viewer
from search.answers import Result, SearchAnswer, SimilarAnswer
from search.searcher import SearchRequest
from search.similar import SimilarRequest
from web.wiring import Services

MOST = 5
LEAST = 0.1
"""Probability from which on an article is worth a look before the same is written again. Of forty titles put to the
shipped articles, those that one covers in other words or in the other language came at .12 and above, and what came
below covered something else.
"""
MOST_UNSURE = 3
"""Articles that are shown while scores are not calibrated."""
LONGEST_READ = 20_000
"""Characters of the text that are read: the problem stands at its beginning."""
SOURCE = "writing"


def covering(services: Services, viewer: Viewer, title: str, body: str = "", without: str = "") -> tuple[Result, ...]:
    """Return the articles that may cover a problem, the likeliest first; often none.

    A title is a question, as people ask it; with a text it is also a problem, as tickets tell it. `without` is the id
    of the article that is being written. Nothing comes back while no index can answer: who writes is not to be kept
    from it.
    """
    title, body = " ".join(title.split())[:LONGEST_READ], body[:LONGEST_READ].strip()
    if not title and not body:
        return ()
    where = Filter(
        values={"type": frozenset({"article"})},
        excluded={"source": frozenset({MANUAL_SOURCE})},
        without=frozenset({without} if without else ()),
    )
    found: dict[str, Result] = {}
    try:
        searcher = services.searcher()
        answers: list[SearchAnswer | SimilarAnswer] = []
        if title:
            answers.append(
                searcher.listing(SearchRequest(text=title, filter=where, limit=MOST, viewer=viewer, syntax=False))
            )
        if body:
            told = Ticket(
                source=SOURCE,
                external_id="-",
                title=title,
                description=body,
                language=detect_language(f"{title}\n{body}"),
            )
            answers.append(searcher.beside(SimilarRequest(ticket=told, filter=where, limit=MOST, viewer=viewer)))
    except FixloreError:
        return ()
    for answer in answers:
        for result in _likely(answer):
            before = found.get(result.id)
            if before is None or (before.score or 0) < (result.score or 0):
                found[result.id] = replace(result, relationship=None)
    return tuple(sorted(found.values(), key=lambda result: -(result.score or 0))[:MOST])


def _likely(answer: SearchAnswer | SimilarAnswer) -> tuple[Result, ...]:
    if answer.status == "no_confident_match":
        return ()
    if not answer.retrieval.calibrated:
        return answer.results[:MOST_UNSURE]
    return tuple(result for result in answer.results if (result.score or 0) > LEAST)
