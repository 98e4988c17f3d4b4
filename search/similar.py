"""Answer a ticket: which articles and past tickets tell of the same problem, and what fixed it.

Only the problem side is matched (title, description, environment); the fix side is shown.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache, partial

from kb.access import MEMBER
from kb.analysis.cited import without_cited
from kb.analysis.excerpt import telling_excerpt
from kb.analysis.telling import telling_title, told
from kb.documents import MANUAL_SOURCE, Article, Document, Ticket
from kb.errors import InvalidInput
from kb.protocols.encoder import Vector
from kb.queries import Filter, Viewer
from search.agreement import Agreement, agreement, asked_identifiers, stands_for_the_problem
from search.answers import AskedQuery, Band, Incident, Reason, Relationship, Retrieval, SimilarAnswer, Status
from search.bands import at_least
from search.evidence import SEMANTIC_FLOOR, Evidence, gather
from search.fix_side import FixSide
from search.lanes import DEPTH, LANES, Lane, Lanes
from search.ordering import Order, begin_scores_by_field, order_of_tickets, ticket_features
from search.prior import PriorFeedback, prior_feedback
from search.query_terms import ticket_terms
from search.ranker import Judgements, Ranked
from search.reasons import holds_on_problem_side, shared_reasons
from search.results import Asked, results_of
from search.routing import suggestions
from search.sources import Sources
from search.syntax import narrowed

MOST_RESULTS = 1_000
LONGEST_READ = 20_000
"""Characters of a ticket that are read closely for what tells; lines that name an error are looked for in all of it."""
LONGEST_TEXT = 4_000
"""Characters of it that are analysed. Even with 2,000, which cut a tenth of titanium's tickets, MRR@10 of its `tune` is
the same in four digits; longer texts have no labels, and a mail with an error in its middle should be read whole.
"""
MOST_IDENTIFIERS_TOLD = 20
SAME_PROBLEM = 0.75
"""From this cosine on it is called the same problem. Of the first five results on titanium's `tune` 41 % above it are
linked as duplicates by triagers, 14 % below.
"""
SHORTEST_SIGNATURE = 6
_MANUAL = frozenset({MANUAL_SOURCE})
SAME_PROBLEM_EXACT = 0.60
"""The same with an identifier in common."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimilarRequest:
    """One ticket to find similar issues for; it need not be stored.

    `types` narrows the filter. `as_of` answers as was possible at that time: what was opened or created at or after it
    is hidden, and of a ticket resolved later neither resolution nor status is used. `min_band` is ignored while answers
    are not calibrated. `floor` and `details` are as in a search.
    """

    ticket: Ticket
    types: Collection[str] = ()
    filter: Filter = field(default_factory=Filter)
    limit: int = 5
    min_band: Band | None = None
    as_of: datetime | None = None
    viewer: Viewer = MEMBER
    lanes: Collection[Lane] = LANES
    floor: float = SEMANTIC_FLOOR
    details: bool = True


def similar_issues(sources: Sources, request: SimilarRequest) -> SimilarAnswer:
    """Return what is known about the problem of a ticket, best first; the ticket itself never comes back.

    Raises InvalidInput for an impossible limit, StoreError.
    """
    started = time.perf_counter()
    indexed_through = sources.store.indexed_through()
    found = found_for(sources, request)
    lanes, evidence, order = found.lanes, found.evidence, found.order
    is_likely = bool(evidence.ids) and not order.is_hopeless
    status: Status = "degraded" if lanes.down else "ok" if is_likely else "no_confident_match"
    shown = [found.documents[one] for one in order.ids[: request.limit]]
    results = results_of(sources, shown, evidence, found.asked, prior=found.prior)
    ranked = ((found.documents[one], evidence.semantic.get(one)) for one in order.ids)
    return SimilarAnswer(
        status=status,
        results=at_least(results, request.min_band),
        suggestions=suggestions(ranked, request.as_of) if request.details else {},
        incident=_incident(sources, request, lanes.asked),
        retrieval=Retrieval(
            mode=lanes.mode,
            degraded=lanes.down,
            model=lanes.model,
            indexed_through=indexed_through,
            took_ms=round((time.perf_counter() - started) * 1000),
            calibrated=order.is_calibrated,
        ),
        query=AskedQuery(
            language=request.ticket.language,
            identifiers=tuple(found.agreed.most_telling_first(found.asked.identifiers)[:MOST_IDENTIFIERS_TOLD]),
            truncated=found.truncated,
        ),
    )


def _incident(sources: Sources, request: SimilarRequest, asked: Sequence[Vector]) -> Incident | None:
    """Return the incident that the ticket is part of; what was under way at another time cannot be told any more."""
    if not request.details or request.as_of is not None:
        return None
    return sources.incidents(request.ticket, asked, request.viewer)


@dataclass(frozen=True, slots=True)
class RankedTicket:
    """What is ranked for a ticket, best first, and the vectors that the semantic lane was asked with."""

    ranked: Sequence[Ranked]
    asked: Sequence[Vector]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for a ticket, before it is shown; `truncated` says that some of its text was not read."""

    lanes: Lanes
    evidence: Evidence
    asked: Asked
    documents: Mapping[str, Document]
    agreed: Agreement
    order: Order
    truncated: bool
    prior: Mapping[str, PriorFeedback]


def found_for(sources: Sources, request: SimilarRequest) -> Found:
    """Return the candidates for a ticket in their order. Raises InvalidInput for an impossible limit, StoreError."""
    if not 0 <= request.limit <= MOST_RESULTS:
        raise InvalidInput(f"limit must lie between 0 and {MOST_RESULTS}, not {request.limit}", field="limit")
    ticket = request.ticket
    where = narrowed(request.filter, Filter({"type": frozenset(request.types)}, as_of=request.as_of))
    if not where.values.get("source"):
        # Whatever the manual quotes as an example, it fixes nobody's problem.
        where = replace(where, excluded={**where.excluded, "source": _MANUAL | where.excluded.get("source", _MANUAL)})
    hidden = sources.hidden_by_changes(request.viewer) | {ticket.id}
    lanes = Lanes(
        sources.keyword,
        sources.vectors,
        sources.encoder,
        request.lanes,
        replace(where, without=where.without | hidden),
        request.viewer,
        sources.background(),
    )
    title = telling_title(ticket.title)
    description, was_cut = telling_excerpt(without_cited(ticket.description), LONGEST_READ)
    meaning = f"{title}\n{told(description).gist}"
    depth = max(DEPTH, request.limit)
    lanes.begin_semantic(meaning, depth)
    read = replace(ticket, description=description)
    text, is_cut = _problem_text(read)
    terms = ticket_terms(title, text, lanes.document_frequency, sources.vocabulary(), lanes.spellings, lanes.in_sight)
    evidence = gather(lanes, terms, meaning, request.floor, depth=depth, semantic_depth=depth)
    by_field = begin_scores_by_field(lanes, terms, evidence.ids)
    whole = whole_text(read)
    asked = Asked(
        f"{title}\n{text}",
        terms,
        request.viewer,
        as_of=request.as_of,
        ticket_id=ticket.id,
        with_fix=False,
        details=request.details,
        shared=lambda document: (*_signature_reasons(document, whole), *shared_reasons(ticket, document)),
    )
    documents = sources.store.documents(evidence.ids, request.viewer)
    strict = request.as_of is not None
    identifiers = asked.identifiers
    exact = frozenset(
        one
        for one in evidence.exact & documents.keys()
        if holds_on_problem_side(documents[one], identifiers, strict=strict)
    )
    evidence = evidence.with_exact(exact, request.floor)
    written = {canonical: spelling for spelling, canonical in identifiers}
    agreed = agreement(
        lanes,
        asked_identifiers(terms.identifiers, stands_for_the_problem(asked.text, len(title))),
        [one for one in evidence.ids if one in documents],
        evidence.exact,
        lambda one, value: holds_on_problem_side(documents[one], ((written.get(value, value), value),), strict=strict),
    )
    now = request.as_of or ticket.opened_at or sources.clock()
    prior = prior_feedback(sources.store, documents, request.viewer, as_of=request.as_of, asked=ticket.id)
    in_common = _shares_with(ticket)
    beside = {
        one: ticket_features(
            document,
            now,
            component=float(in_common(document)),
            signature=float(signature_in(document, whole) is not None),
            prior=prior.get(one),
        )
        for one, document in documents.items()
    }
    order = order_of_tickets(
        sources, lanes, evidence, terms, agreed, request.viewer, documents, beside, by_field, request.as_of
    )
    asked = replace(asked, judged=order.judged, relate=partial(_relationship, order.judged))
    return Found(lanes, evidence, asked, documents, agreed, order, was_cut or is_cut, prior)


def _problem_text(ticket: Ticket) -> tuple[str, bool]:
    """Return what description and environment tell, and whether some of them was not read."""
    environment, was_cut = telling_excerpt(ticket.environment, LONGEST_READ)
    said = [told(part).text for part in (ticket.description, environment) if part]
    text, is_cut = telling_excerpt("\n\n".join(said), LONGEST_TEXT)
    return text, was_cut or is_cut


def _whole(ticket: Ticket) -> str:
    return "\n\n".join(part for part in (ticket.description, ticket.environment) if part)


def whole_text(ticket: Ticket) -> str:
    """Return what a ticket says of its problem, on one line; of a long one the telling parts."""
    return " ".join(f"{ticket.title} {telling_excerpt(_whole(ticket), LONGEST_TEXT)[0]}".split())


def signature_in(document: Document, text: str) -> str | None:
    """Return the first error signature of an article that stands in `text` as it is, upper and lower case aside.

    A bare number and what is shorter than `SHORTEST_SIGNATURE` stand in too many texts by chance to count.
    """
    if not isinstance(document, Article) or not document.error_signatures:
        return None
    folded = _folded(text)
    for signature in document.error_signatures:
        wanted = " ".join(signature.split())
        if len(wanted) < SHORTEST_SIGNATURE or wanted.isdigit():
            continue
        # Nearly none is there at all, which a plain look tells sooner than a pattern.
        if wanted.casefold() in folded and re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", text, re.IGNORECASE):
            return signature
    return None


_folded = lru_cache(maxsize=8)(str.casefold)
"""Every candidate is asked whether its signature stands in the same text."""


def _shares_with(ticket: Ticket) -> Callable[[Document], bool]:
    """Return whether a document has a component in common with a ticket or, where that names none, the service."""
    if ticket.components:
        # Hundreds of candidates are asked about; the ticket's own names are folded once.
        held = frozenset(component.casefold() for component in ticket.components)
        return lambda document: any(component.casefold() in held for component in document.components)
    service = (ticket.service or "").casefold()
    return lambda document: bool(service and document.service and document.service.casefold() == service)


def _signature_reasons(document: Document, text: str) -> tuple[Reason, ...]:
    """Return the error message that article and ticket share; a code is told as an identifier already."""
    signature = signature_in(document, text)
    if signature is None or " " not in signature:
        return ()
    return (Reason("identifier", value=signature, field="error_signatures"),)


def _relationship(judged: Judgements, document: Document, fix: FixSide, evidence: Evidence) -> Relationship | None:
    """Return `same_problem` for what is probable or, without probabilities, very similar, or similar with an identifier
    in common; `duplicate` if that is an open ticket; else `related`.
    """
    similarity = evidence.semantic.get(document.id)
    is_exact = document.id in evidence.exact
    enough = SAME_PROBLEM_EXACT if is_exact else SAME_PROBLEM
    place = judged.get(document.id)
    band = place.band if place is not None else None
    is_similar = is_exact if similarity is None else similarity >= enough
    if not (is_similar if band is None else band != "low"):
        return "related"
    return "duplicate" if isinstance(document, Ticket) and fix.status == "open" else "same_problem"
