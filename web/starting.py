"""Say with which text and fields an article begins, and tell others that it is being written."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from kb.access import all_may_read, may_read
from kb.article_requests import ArticleRequest
from kb.article_templates import template_for
from kb.documents import SITE_SOURCE, Article, Document, Ticket, dated_at
from kb.errors import FixloreError, StaleEdit
from kb.language import detect_language
from kb.queries import Filter, Viewer
from search.answers import Result
from search.similar import SimilarRequest
from search.started_from_ticket import filled_article
from search.started_from_ticket import with_similar as naming_similar
from web.addresses import document_url
from web.sent_numbers import number_in
from web.wiring import Services

UNNAMED = "new"
"""The id of an article that has none yet: it gets one from its title when it is saved."""
MOST_OTHERS = 50
"""Tickets of the same problem that an article names beside the one that it began from."""
MOST_SIMILAR = 8
MOST_UNLIKELY = 3
"""What comes nearest when nothing is likely to be the same."""
_LOG = logging.getLogger(__name__)


def started_article(
    services: Services, viewer: Viewer, kind: str, title: str, language: str, from_ticket: str, request: str
) -> Article:
    """Return what the editor opens with when `viewer` begins to write; it is stored nowhere.

    `from_ticket` is the id of the ticket that it tells about and `request` the number of the request that it answers,
    each empty where there is none; what the viewer may not read tells nothing.
    """
    ticket = readable_ticket(services, viewer, from_ticket)
    asked = services.store.article_request(number) if (number := number_in(request)) is not None else None
    title = title or (asked.query if asked is not None else "")
    spoken = language or (ticket.language if ticket is not None else detect_language(title))
    template = template_for(services.settings.home, kind, spoken)
    begun_with = replace(
        template.article,
        id=UNNAMED,
        title=title,
        body=template.article.body.lstrip("\n"),
        kind=kind,
        language=spoken,
        state="draft",
        confidence="not_validated",
        authors=(viewer.name,),
        source=SITE_SOURCE,
        path=None,
        created_at=None,
        updated_at=None,
    )
    if template.problem:
        _LOG.warning("%s", template.problem)
        begun_with = replace(begun_with, body=f"<!-- {template.problem.replace('--', '- -')} -->\n\n{begun_with.body}")
    if ticket is None:
        return begun_with
    filled = filled_article(begun_with, ticket, tickets_of_problem(services, viewer, ticket))
    return replace(filled, title=title or filled.title)


def readable_ticket(services: Services, viewer: Viewer, ticket_id: str) -> Ticket | None:
    """Return a ticket that the viewer may read, `None` for another and for none."""
    ticket = services.store.ticket(ticket_id) if ticket_id else None
    return ticket if ticket is not None and may_read(viewer, ticket) else None


def tickets_of_problem(services: Services, viewer: Viewer, ticket: Ticket) -> tuple[Ticket, ...]:
    """Return the other tickets of a ticket's problem that the viewer may read, the oldest first.

    They are its duplicates, by links in either direction, and those of the incident that it is part of.
    """
    store = services.store
    ids = [link.target for link in ticket.links if link.type == "duplicate_of"]
    ids += [one for one, _ in store.links_to(ticket.id, ("duplicate_of",))]
    for original in list(ids):
        ids += [one for one, _ in store.links_to(original, ("duplicate_of",))]
    with suppress(FixloreError):
        ids += services.incidents.of_id(ticket.id, viewer).tickets
    wanted = [one for one in dict.fromkeys(ids) if one != ticket.id]
    found = [one for one in store.documents(wanted, viewer).values() if isinstance(one, Ticket)]
    undated = "9999"
    ordered = sorted(found, key=lambda one: (one.opened_at.isoformat() if one.opened_at else undated, one.id))
    return tuple(ordered[:MOST_OTHERS])


def similar_before(services: Services, viewer: Viewer, ticket: Ticket) -> tuple[Result, ...]:
    """Return what a ticket's problem resembles: post-mortems, known errors and past tickets, best first.

    Nothing comes back while no index can answer: who writes is not to be kept from it.
    """
    same = {ticket.id, *(one.id for one in tickets_of_problem(services, viewer, ticket))}
    asked = SimilarRequest(
        ticket=ticket,
        types=("post-mortem", "known-error", "ticket"),
        filter=Filter(without=frozenset(same)),
        limit=MOST_SIMILAR,
        min_band="low",
        viewer=viewer,
    )
    try:
        found = services.searcher().beside(asked).results
    except FixloreError:
        return ()
    likely = [one for one in found if one.band != "low"]
    return tuple(likely or found[:MOST_UNLIKELY])


def with_similar(services: Services, viewer: Viewer, article: Article, chosen: Sequence[str]) -> Article:
    """Return an article that names the chosen documents as similar past incidents.

    Those that the viewer, or somebody whom the article is for, may not read are left out.
    """
    found = services.store.documents(list(dict.fromkeys(chosen))[:MOST_OTHERS], viewer).values()
    named = [one for one in found if all_may_read(article.audience, one.audience)]
    return naming_similar(article, [(one.title, _address(one), _day(one)) for one in named])


def begun(services: Services, viewer: Viewer, request: str) -> None:
    """Note that `viewer` has begun to write what a request asks for; `request` is empty where nobody asked."""
    if (number := number_in(request)) is not None:
        with suppress(StaleEdit, FixloreError):  # somebody else is on it: both may write, one of them shows
            services.store.take_request(number, viewer.name)


def written(services: Services, viewer: Viewer, article: Article, from_ticket: str, request: str) -> None:
    """Note that an article was saved for the first time, which began from a ticket or a request.

    The ticket itself gets its link from the store, once the article is published. A request that somebody else is on,
    or that was answered already, stays as it is.
    """
    if (number := number_in(request)) is None:
        return
    with suppress(FixloreError):
        asked = services.store.article_request(number)
        if asked is not None and asked.taken_by in (None, viewer.name) and not _is_answered(services, asked, viewer):
            services.store.answer_request(asked.number, article.id)


def _is_answered(services: Services, asked: ArticleRequest, viewer: Viewer) -> bool:
    """Say whether there is an article for a request that the viewer may read, and is not on it to write another."""
    if asked.article_id is None or asked.taken_by == viewer.name:
        return False
    answer = services.store.article(asked.article_id)
    return answer is not None and answer.state != "archived" and may_read(viewer, answer)


def _address(document: Document) -> str:
    return document_url(document.id, "ticket" if isinstance(document, Ticket) else document.kind)


def _day(document: Document) -> str:
    at = dated_at(document)
    return at.date().isoformat() if at is not None else ""
