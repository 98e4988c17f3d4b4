"""The pages of one article and one ticket."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, redirect, render_template
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from kb.access import may_read
from kb.ids import checked_id, checked_source
from kb.queries import Filter
from kb.tickets import resolution_kind, resolution_steps
from search.similar import SimilarRequest
from web.addresses import document_url
from web.rendering import render
from web.wiring import Services

pages = Blueprint("documents", __name__)
SIMILAR = 5


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
        abort(404, f"There is no article {article_id!r}.")
    if article.id != article_id:
        return redirect(document_url(article.id, article.kind), 301)
    related = _services().store.documents(article.related, current_user.viewer)
    solved = _services().store.links_to(article.id, ("resolved_by",))
    tickets = _services().store.documents([ticket_id for ticket_id, _ in solved[:20]], current_user.viewer)
    return render_template(
        "articles/article.html",
        article=article,
        page=render(article.body, article.title),
        related=list(related.values()),
        tickets=list(tickets.values()),
    )


@pages.get("/tickets/<source>/<path:external_id>")
@login_required
def ticket_page(source: str, external_id: str) -> str:
    """Show a ticket with its fix and similar past issues."""
    ticket_id = f"{checked_source(source)}:{checked_id(external_id, 'external_id')}"
    ticket = _services().store.ticket(ticket_id)
    if ticket is None or not may_read(current_user.viewer, ticket):
        abort(404, f"There is no ticket {ticket_id!r}.")
    linked = _services().store.documents([link.target for link in ticket.links], current_user.viewer)
    answer = (
        _services()
        .searcher()
        .similar(SimilarRequest(ticket=ticket, filter=Filter(), limit=SIMILAR, viewer=current_user.viewer))
    )
    return render_template(
        "tickets/ticket.html",
        ticket=ticket,
        linked=[(link, linked[link.target]) for link in ticket.links if link.target in linked],
        kind=resolution_kind(ticket.resolution_code, ticket.resolution),
        steps=resolution_steps(ticket.resolution),
        answer=answer,
    )
