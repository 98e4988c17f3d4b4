"""Say with which text and fields an article begins, and tell others that it is being written."""

from __future__ import annotations

from kb.documents import SITE_SOURCE, Article
from kb.queries import Viewer
from web.wiring import Services

UNNAMED = "new"
"""The id of an article that has none yet: it gets one from its title when it is saved."""


def started_article(
    services: Services, viewer: Viewer, kind: str, title: str, language: str, from_ticket: str, request: str
) -> Article:
    """Return what the editor opens with when `viewer` begins to write; it is stored nowhere.

    `from_ticket` is the id of the ticket that it tells about and `request` the number of the request that it answers,
    each empty where there is none; what the viewer may not read tells nothing.
    """
    return Article(
        id=UNNAMED,
        title=title,
        body="",
        kind=kind,
        language=language,
        state="draft",
        authors=(viewer.name,),
        source=SITE_SOURCE,
    )


def begun(services: Services, viewer: Viewer, request: str) -> None:
    """Note that `viewer` has begun to write what a request asks for; `request` is empty where nobody asked."""


def written(services: Services, viewer: Viewer, article: Article, from_ticket: str, request: str) -> None:
    """Note that an article was saved for the first time, which began from a ticket or a request."""
