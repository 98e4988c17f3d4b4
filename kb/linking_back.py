"""Say which link a ticket gets to an article that was written from it. Pure."""

from __future__ import annotations

from datetime import datetime

from kb.documents import ARTICLE, SITE_SOURCE, Article, Link, Ticket


def source_tickets_of(article: Article) -> tuple[str, ...]:
    """Return the ids of the tickets that an article says it was written from, each once."""
    named = article.extra.get("source_tickets")
    if not isinstance(named, list):
        return ()
    return tuple(dict.fromkeys(one.strip() for one in named if isinstance(one, str) and one.strip()))


def link_back(article: Article, ticket: Ticket, at: datetime) -> Link | None:
    """Return the link from a ticket to an article that names it as its source, `None` where it gets none.

    Only a published article of the site makes one, and only in a ticket that everybody may read who may read the
    article. A closed ticket was resolved by it, as KCS counts an article that was written from a case; an open one, or
    one of which the article says that there was no fix, is related to it.
    """
    if article.source != SITE_SOURCE or article.state != "published" or ticket.id not in source_tickets_of(article):
        return None
    if ticket.audience not in ("public", "internal", article.audience):
        return None
    is_fixed = not ticket.is_open and article.extra.get("resolution_kind") != "none"
    return Link("resolved_by" if is_fixed else "related", article.id, at, ARTICLE)
