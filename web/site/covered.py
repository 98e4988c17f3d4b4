"""Find the articles that already cover what somebody is about to write."""

from __future__ import annotations

from kb.documents import Ticket
from kb.errors import FixloreError
from kb.language import detect_language
from kb.queries import Filter, Viewer
from search.answers import Result
from search.similar import SimilarRequest
from web.wiring import Services

MOST = 5
LONGEST_READ = 20_000
"""Characters of the text that are read: the problem stands at its beginning."""
SOURCE = "writing"


def covering(services: Services, viewer: Viewer, title: str, body: str = "", without: str = "") -> tuple[Result, ...]:
    """Return the articles that may cover a problem, best first and only such as are not unlikely to; often none.

    `without` is the id of the article that is being written. Nothing comes back while no index can answer: who writes
    is not to be kept from it.
    """
    if not title.strip() and not body.strip():
        return ()
    described = Ticket(
        source=SOURCE,
        external_id="-",
        title=" ".join(title.split())[:LONGEST_READ],
        description=body[:LONGEST_READ],
        language=detect_language(f"{title}\n{body[:LONGEST_READ]}"),
    )
    asked = SimilarRequest(
        ticket=described,
        types=("article",),
        filter=Filter(without=frozenset({without} if without else ())),
        limit=MOST,
        min_band="medium",
        viewer=viewer,
    )
    try:
        return tuple(services.searcher().beside(asked).results)
    except FixloreError:
        return ()
