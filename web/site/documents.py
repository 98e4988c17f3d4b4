"""The pages of one article and one ticket."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, redirect, render_template
from flask_babel import gettext as _
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from kb.access import may_read
from kb.documents import ARCHIVED, SITE_SOURCE, Article, Document
from kb.ids import checked_id, checked_source
from kb.links_in_text import Place
from kb.protocols.store import Store
from kb.queries import Filter, Viewer
from kb.tickets import resolution_kind
from search.reuse import reuse_of
from search.similar import SimilarRequest
from web.addresses import document_url
from web.bodies import logged
from web.site.feedback import shown_in
from web.site.life_cycle import moves_of
from web.site.reading import reading
from web.site.related import proposals_for
from web.wiring import Services

pages = Blueprint("documents", __name__)
SIMILAR = 5
MOST_SOLVED = 20
"""Tickets that are named as solved with an article."""
MOST_NAMING = 100
"""Articles that are listed as naming a document."""


def _services() -> Services:
    services: Services = current_app.extensions["fixlore"]
    return services


@pages.get("/articles/<path:article_id>")
@login_required
def article_page(article_id: str) -> str | Response:
    """Show an article; a former id leads to the present one."""
    article_id = checked_id(article_id, "id")
    article = _services().store.article(article_id)
    if article is None or not may_read(current_user.viewer, article):
        abort(404, _("There is no article %(id)s.", id=article_id))
    if article.id != article_id:
        return redirect(document_url(article.id, article.kind), 301)
    store, viewer = _services().store, current_user.viewer
    related = store.documents(article.related, viewer)
    translations = dict(store.documents([article.translation_of] if article.translation_of else [], viewer))
    # An original does not name its translations, but people relate them.
    translations |= {one.id: one for one in related.values() if getattr(one, "translation_of", None) == article.id}
    solved = store.links_to(article.id, ("resolved_by",))
    tickets = store.documents([ticket_id for ticket_id, _ in solved], viewer)
    reuse = reuse_of(store, [article], viewer).get(article.id, 0)
    naming = documents_naming(store, article.id, viewer)
    shown = {article.id, *related, *translations}
    return render_template(
        "articles/article.html",
        **reading(_services(), article, viewer),
        moves=moves_of(article, viewer),
        is_of_site=article.source == SITE_SOURCE,
        replaced_by=_replacements(article, store, viewer) if article.state == ARCHIVED else [],
        naming=[one for one in naming.values() if one.id not in shown],
        proposals=proposals_for(article, [*translations]) if article.state != ARCHIVED else [],
        related=[one for one in related.values() if one.id not in translations],
        translations=list(translations.values()),
        tickets=list(tickets.values())[:MOST_SOLVED],
        reuse=reuse,
        **shown_in(_services(), article.id),
    )


def documents_naming(store: Store, document_id: str, viewer: Viewer, *places: Place) -> dict[str, Document]:
    """Return the articles that name a document (in these places), as far as the viewer may read them, by id."""
    ids = dict.fromkeys(one.article_id for one in store.namings_of(document_id) if not places or one.place in places)
    readable = store.sources(list(ids), viewer)
    return dict(store.documents([one for one in ids if one in readable][:MOST_NAMING], viewer))


def _replacements(article: Article, store: Store, viewer: Viewer) -> list[Document]:
    """Return what stands in for an archived article: where its id was led on to, else what it names as related."""
    further = store.aliases().get(article.id)
    replacing = store.article(further) if further is not None and further != article.id else None
    wanted = [replacing.id] if replacing is not None and replacing.id != article.id else list(article.related)
    found = store.documents(wanted, viewer).values()
    return [one for one in found if isinstance(one, Article) and one.state == "published"]


@pages.get("/tickets/<source>/<path:external_id>")
@login_required
def ticket_page(source: str, external_id: str) -> str:
    """Show a ticket with its fix and similar past issues."""
    ticket_id = f"{checked_source(source)}:{checked_id(external_id, 'external_id')}"
    ticket = _services().store.ticket(ticket_id)
    if ticket is None or not may_read(current_user.viewer, ticket):
        abort(404, _("There is no ticket %(id)s.", id=ticket_id))
    linked = _services().store.documents([link.target for link in ticket.links], current_user.viewer)
    answer = (
        _services()
        .searcher()
        .beside(SimilarRequest(ticket=ticket, filter=Filter(), limit=SIMILAR, viewer=current_user.viewer))
    )
    store, viewer = _services().store, current_user.viewer
    solved = store.documents([one for one, _ in store.links_to(ticket.id, ("resolved_by",))], viewer)
    post_mortems = documents_naming(store, ticket.id, viewer, "source_tickets")
    shown = {*post_mortems, *(link.target for link in ticket.links)}
    naming = documents_naming(store, ticket.id, viewer)
    found = [result.id for result in answer.results]
    return render_template(
        "tickets/ticket.html",
        ticket=ticket,
        solved=list(solved.values())[:MOST_SOLVED],
        post_mortems=list(post_mortems.values()),
        naming=[one for one in naming.values() if one.id not in shown],
        reuse=reuse_of(store, [ticket], viewer).get(ticket.id, 0),
        shown_id=logged(_services(), found, by=viewer.name, ticket=ticket.id) if found else "",
        **shown_in(_services(), ticket.id),
        linked=[(link, linked[link.target]) for link in ticket.links if link.target in linked],
        kind=resolution_kind(ticket.resolution_code, ticket.resolution),
        answer=answer,
    )
