"""Put what was found in order: the features of each candidate, the identifiers it shares, and the ranker's verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from types import MappingProxyType

from kb.documents import MANUAL_SOURCE, Article, Document, Ticket, dated_at
from kb.queries import KeywordQuery, Viewer
from search.agreement import Agreement
from search.evidence import Evidence
from search.features import RECENCY_DAYS, RECENT_DAYS, at_hand, decay, earned, looked_up, shares_of_best
from search.lanes import LANES, Lanes
from search.prior import PriorFeedback
from search.query_terms import QueryTerms
from search.ranker import Candidate, Judgements, Model, Ranked, ordered
from search.sources import Sources

_UNCALIBRATED = Model({})
SAME_PROBLEM_LINKS = ("duplicate_of", "resolved_by")
LOOKED_UP = 40
"""Candidates whose features are looked up: those that could reach the first pages. On the `tune` splits the right
answer is among the first 40 of a first order for 92 % of the tickets.
"""


@dataclass(frozen=True)
class Order:
    """Every candidate, best first, not yet judged. `model` says how probable each is, `most` bounds that; `possible` is
    the least probability at which a first result may fit. `documents` are those that were read for the viewer to order
    them, by id.
    """

    ranked: Sequence[Ranked]
    model: Model = _UNCALIBRATED
    possible: float = 0.0
    most: float = 1.0
    documents: Mapping[str, Document] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        """Return the ids, best first."""
        return [one.candidate.document_id for one in self.ranked]

    @property
    def is_calibrated(self) -> bool:
        """Say whether probabilities are known, of none as of any."""
        return self.model.calibration is not None

    @property
    def is_hopeless(self) -> bool:
        """Say whether not even the first is likely to fit; of what is not calibrated nobody can say."""
        first = self.judged.get(self.ranked[0].candidate.document_id) if self.ranked else None
        return first is not None and first.probability is not None and first.probability < self.possible

    @property
    def best_coverage(self) -> float:
        """Return how much of the query's words the first holds, 0 to 1."""
        return self.ranked[0].candidate.features.get("coverage", 0.0) if self.ranked else 0.0

    @cached_property
    def judged(self) -> Judgements:
        """Return what tells how probable each candidate is."""
        return Judgements(self.model, self.ranked, self.most)


def order_of_search(
    sources: Sources, lanes: Lanes, evidence: Evidence, terms: QueryTerms, agreed: Agreement, viewer: Viewer
) -> Order:
    """Return what answers a question, best first.

    Those near the top of some lane come first, then those that only a deeper look found: so the first pages are the
    same however deep a later one looks.
    """
    model = sources.ranker().search
    manual = sources.store.article_ids(MANUAL_SOURCE)
    known = at_hand(evidence, evidence.ids)
    for one in evidence.ids:
        known[one]["manual"] = -float(one in manual)
    # Where hardly anything but identifiers was asked for, any of them decides after those that always do.
    asked_for = evidence.exact if terms.is_lookup else frozenset()
    decided = agreed.exact_tiers
    tiers = {one: 0 if one in manual else 2 * (one in decided) + (one in asked_for) for one in evidence.ids}
    near = ordered(model, _candidates(tiers, known, [one for one in evidence.ids if one in evidence.near]))
    far = ordered(model, _candidates(tiers, known, [one for one in evidence.ids if one not in evidence.near]))
    order = _looked_up(sources, lanes, terms, tiers, viewer, model, known, near, far)
    if not agreed.unknown:
        return order
    # A code that no document holds is another problem, however much the rest resembles one that is known.
    return replace(order, most=model.bands.medium - 0.01, possible=1.0 if terms.is_lookup else order.possible)


def order_of_tickets(
    sources: Sources,
    lanes: Lanes,
    evidence: Evidence,
    terms: QueryTerms,
    agreed: Agreement,
    viewer: Viewer,
    documents: Mapping[str, Document],
    beside: Mapping[str, Mapping[str, float]],
    by_field: Mapping[str, Callable[[], Mapping[str, float]]],
    as_of: datetime | None = None,
) -> Order:
    """Return what answers a ticket, best first, of `documents`; `beside` are features that only a ticket has, and
    `by_field` waits for the scores of `begin_scores_by_field`.
    """
    ranker = sources.ranker()
    model = ranker.similar
    ids = [one for one in evidence.ids if one in documents]
    known = at_hand(evidence, ids)
    if ranker.adapter is not None:
        for one, passages in lanes.similarities(ids, ranker.adapter).items():
            known[one]["adapted"] = max(passages.values(), default=0.0)
    for name, scores_of_field in by_field.items():
        scores = scores_of_field()
        for one, share in shares_of_best({one: scores.get(one, 0.0) for one in ids}).items():
            known[one][name] = share
    for one in ids:
        known[one] |= beside.get(one, {})
    decided = agreed.exact_tiers
    tiers = {one: int(one in decided) for one in ids}
    first = ordered(model, _candidates(tiers, known, ids))
    return _looked_up(sources, lanes, terms, tiers, viewer, model, known, first, (), documents, as_of)


def begin_scores_by_field(
    lanes: Lanes, terms: QueryTerms, ids: Sequence[str]
) -> dict[str, Callable[[], Mapping[str, float]]]:
    """Begin to look up the BM25 of title and body alone; return field → what waits for them."""
    return {
        name: lanes.beside(partial(lanes.scores, KeywordQuery(words=terms.keyword.words, fields={name: 1.0}), ids))
        for name in ("title", "body")
    }


def ticket_features(
    document: Document, now: datetime, *, component: float, signature: float, prior: PriorFeedback | None
) -> dict[str, float]:
    """Return the features of a document that only a ticket asks for."""
    opened = dated_at(document) if isinstance(document, Ticket) else None
    days = None if opened is None else (now - opened).total_seconds() / 86_400
    return {
        "component": component,
        "signature": signature,
        "recency": decay(days, RECENCY_DAYS),
        "recent": decay(days, RECENT_DAYS),
        "prior": earned(prior),
    }


def _looked_up(
    sources: Sources,
    lanes: Lanes,
    terms: QueryTerms,
    tiers: Mapping[str, int],
    viewer: Viewer,
    model: Model,
    known: dict[str, dict[str, float]],
    near: Sequence[Ranked],
    far: Sequence[Ranked],
    documents: Mapping[str, Document] | None = None,
    as_of: datetime | None = None,
) -> Order:
    """Order the first of `near` again by all features."""
    head = [one.candidate.document_id for one in near[:LOOKED_UP]]
    held = sources.store.documents(head, viewer) if documents is None else documents
    more = looked_up(lanes, terms, [held[one] for one in head if one in held])
    for one, features in more.items():
        known[one] |= features
    # What holds an identifier that decides comes before all that does not, however deep it was found.
    again = told_first(ordered(model, _candidates(tiers, known, head, problems(held, as_of))), held, as_of)
    rest = sorted((*near[LOOKED_UP:], *far), key=lambda one: -one.candidate.tier)
    if not all(map(lanes.is_up, LANES)):
        # Probabilities were fitted on what all lanes say together; without one of them they are not known.
        model = replace(model, calibration=None)
    return Order([*again, *rest], model, model.bands.possible, documents=held)


def told_first(ranked: Sequence[Ranked], documents: Mapping[str, Document], as_of: datetime | None) -> list[Ranked]:
    """Return ranked candidates with each article before the tickets that it was written from or that it resolved.

    They tell of one problem, and the article tells what a reader needs of it. It takes the place of the first of those
    tickets, never one of another tier; everything else stays in its order.
    """
    tellers = _tellers(documents, as_of)
    order = list(ranked)
    for one in ranked:
        telling = tellers.get(one.candidate.document_id)
        if telling is None:
            continue
        at = order.index(one)
        written = [
            other
            for other in order[at + 1 :]
            if other.candidate.document_id in telling and other.candidate.tier == one.candidate.tier
        ]
        for article_ranked in written:
            order.remove(article_ranked)
        order[at:at] = [replace(other, value=one.value) for other in written]
    return order


def _tellers(documents: Mapping[str, Document], as_of: datetime | None) -> dict[str, set[str]]:
    """Return ticket id → ids of the articles among the documents that tell of it."""
    tellers: dict[str, set[str]] = {}
    for document in documents.values():
        if isinstance(document, Ticket):
            for one in _resolved_by(document, as_of):
                if isinstance(documents.get(one), Article):
                    tellers.setdefault(document.id, set()).add(one)
        elif as_of is None or _is_before(document.created_at, as_of):
            for one in _source_tickets(document):
                if isinstance(documents.get(one), Ticket):
                    tellers.setdefault(one, set()).add(document.id)
    return tellers


def _source_tickets(article: Article) -> list[str]:
    named = article.extra.get("source_tickets")
    return [one.strip() for one in (named if isinstance(named, list) else [named]) if isinstance(one, str)]


def _resolved_by(ticket: Ticket, as_of: datetime | None) -> list[str]:
    return [
        link.target
        for link in ticket.links
        if link.type == "resolved_by" and (as_of is None or _is_before(link.at or ticket.resolved_at, as_of))
    ]


def problems(documents: Mapping[str, Document], as_of: datetime | None) -> dict[str, str]:
    """Return id → the id that stands for its problem.

    One problem have an article and its translations, a ticket and what it is linked to as its duplicate or its
    solution, and documents of one title. Links made at or after `as_of` do not count.
    """
    parents: dict[str, str] = {}
    titled: dict[str, str] = {}
    for one, document in documents.items():
        for other in _linked(document, as_of):
            _join(parents, one, other)
        _join(parents, one, titled.setdefault(" ".join(document.title.casefold().split()), one))
    return {one: _root(parents, one) for one in documents}


def _linked(document: Document, as_of: datetime | None) -> list[str]:
    if isinstance(document, Article):
        return [document.translation_of] if document.translation_of else []
    return [
        link.target
        for link in document.links
        if link.type in SAME_PROBLEM_LINKS and (as_of is None or _is_before(link.at or document.resolved_at, as_of))
    ]


def _is_before(moment: datetime | None, as_of: datetime) -> bool:
    return moment is not None and moment < as_of


def _join(parents: dict[str, str], one: str, other: str) -> None:
    """Let both have one root, that of `other`: an original stands for its translations, a solution for its tickets."""
    parents[_root(parents, one)] = _root(parents, other)


def _root(parents: dict[str, str], one: str) -> str:
    while parents.get(one, one) != one:
        one = parents[one]
    return one


def _candidates(
    tiers: Mapping[str, int],
    known: Mapping[str, Mapping[str, float]],
    ids: Sequence[str],
    problem: Mapping[str, str] = MappingProxyType({}),
) -> list[Candidate]:
    return [Candidate(one, known[one], tiers[one], problem.get(one, one)) for one in ids]
