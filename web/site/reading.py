"""What an article's page shows of the article itself; the preview shows the same."""

from __future__ import annotations

from datetime import UTC, datetime

from kb.documents import Article
from kb.post_mortems import gaps, phases
from kb.queries import Viewer
from web.rendering import render
from web.wiring import Services


def reading(services: Services, article: Article, viewer: Viewer) -> dict[str, object]:
    """Return what `articles/reading.html` is made of, by the names that it uses."""
    is_post_mortem = article.kind == "post-mortem"
    tickets = services.store.documents(_source_tickets(article), viewer) if is_post_mortem else {}
    return {
        "article": article,
        "page": render(article.body, article.title, article.attachments),
        "is_stale": article.review_due is not None and article.review_due < datetime.now(UTC).date(),
        "gaps": gaps(article) if is_post_mortem else (),
        "phases": phases(article) if is_post_mortem else (),
        "source_tickets": list(tickets.values()),
    }


def _source_tickets(article: Article) -> list[str]:
    """Return the ids of the tickets that a post-mortem says it came from."""
    named = article.extra.get("source_tickets")
    return [one for one in named if isinstance(one, str)] if isinstance(named, list) else []
