"""What an article's page shows of the article itself; the preview shows the same."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from kb.action_items import action_items_of
from kb.documents import SITE_SOURCE, Article
from kb.linking_back import source_tickets_of
from kb.post_mortems import gaps, metrics, phases
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
    tickets = services.store.documents(source_tickets_of(article), viewer) if is_post_mortem else {}
    actions = [one for one in action_items_of(article.body) or () if not one.is_blank] if is_post_mortem else []
    today = datetime.now(UTC).date()
    return {
        "article": article,
        "page": _page(article, services.store),
        "is_stale": article.review_due is not None and article.review_due < today,
        "gaps": gaps(article) if is_post_mortem else (),
        "phases": phases(article) if is_post_mortem else (),
        "metrics": metrics(article),
        "actions": actions,
        "overdue": sum(one.days_overdue(today) > 0 for one in actions),
        "source_tickets": list(tickets.values()),
    }


def _page(article: Article, store: Store) -> Page:
    if len(article.body) > LONG and article.source == SITE_SOURCE and ".md" not in article.body:
        return _long_page(article.body, article.title, tuple(article.attachments.items()))
    return rendered(article, store)


@lru_cache(MOST_LONG)
def _long_page(body: str, title: str, attachments: tuple[tuple[str, str], ...]) -> Page:
    return render(body, title, dict(attachments))
