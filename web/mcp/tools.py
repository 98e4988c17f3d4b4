"""Say which tools there are and what each answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from kb.access import may_read
from kb.documents import Article, Document, type_of
from kb.errors import NotFound
from kb.ids import encoded_id
from kb.protocols.store import Store
from kb.queries import Viewer
from kb.tickets import ticket_object
from search.fix_side import fix_side
from search.reuse import reuse_of
from search.searcher import SearchRequest
from search.similar import SimilarRequest
from web.addresses import document_url
from web.api.article_answers import ArticleBody
from web.api.articles import article_object
from web.api.references import article_as_seen, ticket_as_seen
from web.api.schemas import Resolution, SearchBody, SimilarBody
from web.api.ticket_schemas import TicketBody
from web.asked_ticket import asked_ticket
from web.bodies import FACETS, INCLUDED, filter_of, logged, search_body, similar_body, types_of
from web.mcp.arguments import Arguments, DocumentArguments, SearchArguments, SimilarArguments, checked
from web.mcp.texts import document_text, search_text, shortened_document, similar_text
from web.wiring import Services

_BOUNDS = ("types", "filters", "limit")
"""Arguments that bound an answer to a ticket; the others are the ticket."""


class DocumentBody(BaseModel):
    """One document: the article or the ticket with the fields of the REST API, and what fixed the problem.

    `truncated` says that a long text was cut.
    """

    id: str
    type: str
    url: str
    truncated: bool
    article: ArticleBody | None = None
    ticket: TicketBody | None = None
    resolution: Resolution | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a tool answers: a text for the model and the same as fields for a program."""

    text: str
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ToolKind:
    """One tool: what a client is told of it, and what answers a call.

    `answer` takes services, viewer and the arguments as given; it raises FixloreError.
    """

    name: str
    title: str
    description: str
    takes: type[Arguments]
    gives: type[BaseModel]
    answer: Callable[[Services, Viewer, Mapping[str, object]], Told]


def search_knowledge(services: Services, viewer: Viewer, given: Mapping[str, object]) -> Told:
    """Answer a question as `GET /search` does."""
    asked = checked(SearchArguments, given)
    values = {**asked.filters, **({"type": asked.types} if asked.types else {})}
    answer = services.searcher().search(
        SearchRequest(text=asked.query, filter=filter_of(values), limit=asked.limit, viewer=viewer, facets=FACETS)
    )
    response_id = logged(services, [result.id for result in answer.results], by=viewer.name)
    body = search_body(answer, response_id, services.settings.base_url)
    return Told(search_text(answer, body), body.model_dump(mode="json"))


def find_similar_issues(services: Services, viewer: Viewer, given: Mapping[str, object]) -> Told:
    """Answer a ticket as `POST /similar-issues` does."""
    asked = checked(SimilarArguments, given)
    ticket = asked_ticket(asked.model_dump(exclude=set(_BOUNDS), exclude_none=True))
    answer = services.searcher().similar(
        SimilarRequest(
            ticket=ticket,
            types=types_of(asked.types),
            filter=filter_of(asked.filters, within="filters."),
            limit=asked.limit,
            viewer=viewer,
        )
    )
    response_id = logged(services, [result.id for result in answer.results], by=viewer.name, ticket=ticket.id)
    body = similar_body(answer, response_id, services.settings.base_url, INCLUDED)
    return Told(similar_text(answer, body), body.model_dump(mode="json"))


def get_document(services: Services, viewer: Viewer, given: Mapping[str, object]) -> Told:
    """Answer one article or ticket. Raises NotFound, also for one that the viewer may not read."""
    asked = checked(DocumentArguments, given)
    found = _document(services.store, asked.id, viewer)
    fix = fix_side(found).resolution
    document, was_cut = shortened_document(found)
    kind = type_of(document)
    body: dict[str, object] = {
        "id": document.id,
        "type": kind,
        "url": getattr(document, "url", None) or document_url(document.id, kind, services.settings.base_url),
        "truncated": was_cut,
    }
    # The objects that the REST API answers, as they are: a field that is not set is not there.
    if isinstance(document, Article):
        reuse = reuse_of(services.store, [document], viewer).get(document.id, 0)
        body["article"] = article_object(document, reuse)
    else:
        body["ticket"] = ticket_object(document)
    if fix is not None:
        body["resolution"] = Resolution.model_validate(fix).model_dump(mode="json")
    text = document_text(document) + ("\n\n(The rest was cut off.)" if was_cut else "")
    return Told(text, body)


def _document(store: Store, document_id: str, viewer: Viewer) -> Document:
    wanted = encoded_id(document_id.strip())
    found = store.documents([wanted]).get(wanted) or store.article(wanted)  # a former id leads to the article
    if found is None or not may_read(viewer, found):
        raise NotFound(f"There is no document {wanted!r}. Take ids from results of the other tools.")
    if isinstance(found, Article):
        return article_as_seen(found, store, viewer)
    return ticket_as_seen(found, store, viewer)


TOOLS = (
    ToolKind(
        "search_knowledge",
        "Search the knowledge base",
        "Search the support team's articles (how-to, troubleshooting, known errors, post-mortems, runbooks) and past "
        "tickets, by meaning and by exact words, in English and German. Use it for a question in a few words or for "
        "an error code or message. For a whole ticket use find_similar_issues, for the full text of a result "
        "get_document. Each result says why it is there and what fixed the problem; `score`, where there is one, is "
        "the probability that it answers the question. Status `no_confident_match` means that nothing known fits.",
        SearchArguments,
        SearchBody,
        search_knowledge,
    ),
    ToolKind(
        "find_similar_issues",
        "Find similar past issues",
        "Given a ticket, find articles and past tickets of the same problem with their resolution, root cause and "
        "workaround, who usually handles such tickets, and whether an incident is or may be under way. Use it when a "
        "ticket arrives or is worked on; give its title and its description whole. The ticket is not stored. "
        "`relationship` is duplicate (an open ticket of the same problem), same_problem or related. Status "
        "`no_confident_match` means that nothing known fits.",
        SimilarArguments,
        SimilarBody,
        find_similar_issues,
    ),
    ToolKind(
        "get_document",
        "Read an article or ticket",
        "Read one article (Markdown with its front matter) or one ticket (with its resolution) by the id of a result. "
        "Use it before you rely on a fix: results show only its gist.",
        DocumentArguments,
        DocumentBody,
        get_document,
    ),
)
