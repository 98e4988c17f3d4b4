"""What an article's page shows of the article itself; the preview shows the same."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from kb.documents import SITE_SOURCE, Article
from kb.post_mortems import gaps, phases
from kb.protocols.store import Store
from kb.queries import Viewer
from web.article_page import rendered
from web.rendering import Page, render
from web.wiring import Services

LONG = 50_000
"""Characters from which on rendering takes longer than a page should: what was previewed is not rendered again to be
read."""
MOST_LONG = 8


def reading(services: Services, article: Article, viewer: Viewer) -> dict[str, object]:
    """Return what `articles/reading.html` is made of, by the names that it uses."""
    is_post_mortem = article.kind == "post-mortem"
    tickets = services.store.documents(_source_tickets(article), viewer) if is_post_mortem else {}
    return {
        "article": article,
        "page": _page(article, services.store),
        "is_stale": article.review_due is not None and article.review_due < datetime.now(UTC).date(),
        "gaps": gaps(article) if is_post_mortem else (),
        "phases": phases(article) if is_post_mortem else (),
        "source_tickets": list(tickets.values()),
    }


def _page(article: Article, store: Store) -> Page:
    if len(article.body) > LONG and article.source == SITE_SOURCE:
        return _long_page(article.body, article.title, tuple(article.attachments.items()))
    return rendered(article, store)


@lru_cache(MOST_LONG)
def _long_page(body: str, title: str, attachments: tuple[tuple[str, str], ...]) -> Page:
    return render(body, title, dict(attachments))


def _source_tickets(article: Article) -> list[str]:
    """Return the ids of the tickets that a post-mortem says it came from."""
    named = article.extra.get("source_tickets")
    return [one for one in named if isinstance(one, str)] if isinstance(named, list) else []
