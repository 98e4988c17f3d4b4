"""Leave out of a document what names others that its reader may not know of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kb.access import may_read
from kb.article_edits import ArticleEdit
from kb.documents import Article, Ticket
from kb.protocols.store import Store
from kb.queries import Viewer


def article_as_seen(article: Article, store: Store, viewer: Viewer) -> Article:
    """Return the article without related articles and the original of a translation that the viewer may not read."""
    original = (article.translation_of,) if article.translation_of else ()
    hidden = hidden_ids((*article.related, *original), store, viewer)
    return replace(
        article,
        related=tuple(target for target in article.related if target not in hidden),
        translation_of=None if article.translation_of in hidden else article.translation_of,
    )


def with_unseen(edit: ArticleEdit, stored: Article, store: Store, viewer: Viewer) -> ArticleEdit:
    """Return the edit with those related documents that its author may not see, and so cannot mean to remove."""
    if "related" not in edit.fields:
        return edit
    hidden = hidden_ids(stored.related, store, viewer)
    carried = edit.fields["related"]
    related = carried if isinstance(carried, tuple) else ()
    unseen = tuple(one for one in stored.related if one in hidden and one not in related)
    return replace(edit, fields={**edit.fields, "related": related + unseen})


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
