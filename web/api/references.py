"""Leave out of a document what names others that its reader may not know of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from kb.access import may_read
from kb.article_edits import ArticleEdit
from kb.documents import JSON, Article, Ticket
from kb.linking_back import source_tickets_of
from kb.protocols.store import Store
from kb.queries import Viewer

_TICKETS = "source_tickets"


def article_as_seen(article: Article, store: Store, viewer: Viewer) -> Article:
    """Return the article without the documents that it names in its fields and that the viewer may not read.

    They stand in `related`, `translation_of` and `source_tickets`.
    """
    original = (article.translation_of,) if article.translation_of else ()
    tickets = source_tickets_of(article)
    hidden = hidden_ids((*article.related, *original, *tickets), store, viewer)
    return replace(
        article,
        related=tuple(target for target in article.related if target not in hidden),
        translation_of=None if article.translation_of in hidden else article.translation_of,
        extra=_without_tickets(article.extra, hidden) if hidden.intersection(tickets) else article.extra,
    )


def with_unseen(edit: ArticleEdit, stored: Article, store: Store, viewer: Viewer) -> ArticleEdit:
    """Return the edit with those related documents and tickets that its author may not see: they are not removed."""
    if _TICKETS in edit.extra:
        edit = _with_unseen_tickets(edit, stored, store, viewer)
    if "related" not in edit.fields:
        return edit
    hidden = hidden_ids(stored.related, store, viewer)
    carried = edit.fields["related"]
    related = carried if isinstance(carried, tuple) else ()
    unseen = tuple(one for one in stored.related if one in hidden and one not in related)
    return replace(edit, fields={**edit.fields, "related": related + unseen})


def _with_unseen_tickets(edit: ArticleEdit, stored: Article, store: Store, viewer: Viewer) -> ArticleEdit:
    tickets = source_tickets_of(stored)
    hidden = hidden_ids(tickets, store, viewer)
    carried = edit.extra[_TICKETS]
    if not hidden or not (carried is None or isinstance(carried, list)):
        return edit
    kept = list(carried or ())
    unseen = [one for one in tickets if one in hidden and one not in kept]
    return replace(edit, extra=MappingProxyType({**edit.extra, _TICKETS: [*kept, *unseen] or None}))


def _without_tickets(extra: Mapping[str, JSON], hidden: frozenset[str]) -> Mapping[str, JSON]:
    named = extra[_TICKETS]
    kept = (
        [one for one in named if not (isinstance(one, str) and one.strip() in hidden)]
        if isinstance(named, list)
        else []
    )
    others = {name: value for name, value in extra.items() if name != _TICKETS}
    return MappingProxyType({**others, _TICKETS: kept} if kept else others)


def ticket_as_seen(ticket: Ticket, store: Store, viewer: Viewer) -> Ticket:
    """Return the ticket without links to documents that the viewer may not read."""
    hidden = hidden_ids([link.target for link in ticket.links], store, viewer)
    return replace(ticket, links=tuple(link for link in ticket.links if link.target not in hidden))


def hidden_ids(ids: Sequence[str], store: Store, viewer: Viewer) -> frozenset[str]:
    """Return those of `ids` (former ones, too) that belong to a document which the viewer may not read.

    Ids of documents that are nowhere are not among them: a link may come before its target.
    """
    found = store.documents(ids)
    hidden = {key for key, document in found.items() if not may_read(viewer, document)}
    for key in set(ids) - found.keys():
        article = store.article(key)
        if article is not None and not may_read(viewer, article):
            hidden.add(key)
    return frozenset(hidden)
