"""Answer a question: parse, ask the lanes, order, count, and show a page of documents."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from kb.access import MEMBER
from kb.documents import Document
from kb.errors import InvalidInput
from kb.language import detect_language
from kb.processes import cores
from kb.protocols.keyword import KeywordSearch
from kb.protocols.vector import VectorSearch
from kb.queries import Filter, KeywordQuery, Viewer
from kb.reporting import Clock
from search.agreement import Agreement, agreement, asked_identifiers
from search.answers import AskedQuery, FacetValue, Retrieval, SearchAnswer, SimilarAnswer, Status
from search.did_you_mean import did_you_mean
from search.evidence import EVERYTHING, SEMANTIC_FLOOR, Evidence, browse, gather
from search.lanes import DEPTH, LANES, EncoderSource, Lane, Lanes
from search.ordering import Order, order_of_search
from search.query_terms import QueryTerms, search_terms
from search.ranker import Candidate, Ranked, shipped_ranker
from search.readings import PassageText, Readings
from search.results import Asked, page_of_results
from search.similar import RankedTicket, SimilarRequest, found_for, similar_issues
from search.sources import IncidentSource, RankerSource, ReadStore, Sources, VocabularySource
from search.syntax import ParsedQuery, narrowed, parse

__all__ = ["DEEPEST", "LANES", "SearchRequest", "Searcher"]

DEEPEST = 1_000
"""Results that can be paged through."""
LONGEST_QUERY = 20_000
"""Characters of a query; the rest is cut off and the answer says so."""
MOST_IDENTIFIERS_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """One question.

    `text` is in our query syntax unless `syntax` is false. `facets` are fields to count by. `floor` is the cosine below
    which a document found by meaning alone is left out. Without `details` results hold little more than rank, id and
    scores, which is all that a batch needs.
    """

    text: str
    filter: Filter = field(default_factory=Filter)
    limit: int = 10
    offset: int = 0
    viewer: Viewer = MEMBER
    facets: Sequence[str] = ()
    lanes: Collection[Lane] = LANES
    syntax: bool = True
    floor: float = SEMANTIC_FLOOR
    details: bool = True


class Searcher:
    """Answers questions and tickets from one store and its indexes; may be used by several threads at once."""

    def __init__(
        self,
        store: ReadStore,
        keyword: KeywordSearch | None,
        vectors: VectorSearch | None,
        encoder: EncoderSource,
        *,
        passage_text: PassageText | None = None,
        clock: Clock | None = None,
        vocabulary: VocabularySource = lambda: None,
        ranker: RankerSource = shipped_ranker,
        incidents: IncidentSource = lambda ticket, vectors, viewer: None,
        is_busy: Callable[[], bool] = lambda: False,
        refresh: Callable[[], None] = lambda: None,
    ):
        """`is_busy` says that every core has enough to do; then one thread answers a question. `refresh` is called at
        each question where nobody else lets the indexes see what was committed.
        """
        readings = Readings(passage_text or _no_text)
        executor = ThreadPoolExecutor(cores(), "search")
        self._sources = Sources(
            store,
            keyword,
            vectors,
            encoder,
            readings,
            clock or _now,
            vocabulary,
            ranker,
            incidents,
            lambda: None if is_busy() else executor,
            refresh,
        )

    def similar(self, request: SimilarRequest) -> SimilarAnswer:
        """Return what is known about the problem of a ticket. Raises InvalidInput, StoreError."""
        return similar_issues(self._sources, request)

    def search(self, request: SearchRequest) -> SearchAnswer:
        """Return the documents that answer a question, best first, with counts.

        A lane that is down is named in the answer and the rest answer. Raises InvalidInput for a page beyond
        `DEEPEST` results, StoreError.
        """
        started = time.perf_counter()
        sources = self._sources
        indexed_through = sources.store.indexed_through()
        found = self._found(request)
        lanes, parsed, terms, order = found.lanes, found.parsed, found.terms, found.order
        total, facets = found.counted()
        asked = Asked(parsed.text, terms, request.viewer, parsed.phrases, details=request.details, judged=order.judged)
        page = (request.offset, request.limit)
        results = page_of_results(sources, order.ids, found.evidence, asked, *page, order.documents)
        return SearchAnswer(
            status=_status(found),
            retrieval=Retrieval(
                mode=lanes.mode,
                degraded=lanes.down,
                model=lanes.model,
                indexed_through=indexed_through,
                took_ms=round((time.perf_counter() - started) * 1000),
                calibrated=order.is_calibrated,
            ),
            query=AskedQuery(
                language=terms.language or detect_language(parsed.text),
                identifiers=tuple(found.agreed.most_telling_first(asked.identifiers)[:MOST_IDENTIFIERS_TOLD]),
                truncated=len(request.text) > LONGEST_QUERY,
                problems=(*parsed.problems, *_unknown(found.agreed, asked.identifiers)),
            ),
            total=total,
            results=results,
            facets=facets,
            did_you_mean=_proposal(sources, found, request),
        )

    def ranked_search(self, request: SearchRequest) -> Order:
        """Return every candidate for a question with its features, as `search` orders them. Raises as it does."""
        return self._found(request, is_shown=False).order

    def ranked_similar(self, request: SimilarRequest) -> RankedTicket:
        """Return every candidate for a ticket with its features, as `similar` orders them. Raises as it does."""
        found = found_for(self._sources, request)
        return RankedTicket(found.order.ranked, found.lanes.asked)

    def _found(self, request: SearchRequest, *, is_shown: bool = True) -> _Found:
        """Return what was found; where it is shown, matches are counted meanwhile, else when they are asked for."""
        if request.limit < 0 or request.offset < 0 or request.offset + request.limit > DEEPEST:
            raise InvalidInput(f"limit and offset must not be negative or exceed {DEEPEST} together", field="limit")
        sources = self._sources
        text = request.text[:LONGEST_QUERY]
        parsed = parse(text) if request.syntax else ParsedQuery(text.strip())
        where = narrowed(request.filter, parsed.filter)
        hidden = sources.hidden_by_changes(request.viewer)
        lanes = Lanes(
            sources.keyword,
            sources.vectors,
            sources.encoder,
            request.lanes,
            replace(where, without=where.without | hidden),
            request.viewer,
            sources.background(),
        )
        # One depth for nearly every page, and one for the pages behind: the order of the first stays as it was.
        depth = DEPTH if request.offset + request.limit <= DEPTH // 2 else DEEPEST
        near = max(DEPTH, request.limit)
        lanes.begin_semantic(parsed.text, near)
        asking = partial(gather, lanes, floor=request.floor, depth=depth, semantic_depth=near)
        expander = sources.vocabulary()
        terms = search_terms(parsed, lanes.document_frequency, expander, lanes.spellings, lanes.in_sight)
        is_bounded = where != Filter()
        browsed = browse(lanes, terms, depth) if is_bounded and not parsed.text else None
        if browsed is not None:
            evidence = browsed
        elif not parsed.text:
            evidence = asking(terms, _browsed(where), floor=EVERYTHING, semantic_depth=depth)
        else:
            evidence = asking(terms, parsed.text)
            if parsed.phrases and not evidence.ids:
                parsed = _without_phrases(parsed)
                terms = search_terms(parsed, lanes.document_frequency, expander, lanes.spellings, lanes.in_sight)
                evidence = asking(terms, parsed.text)
        counting = partial(_counted, lanes, terms, evidence, request, is_bounded=is_bounded)
        counted = lanes.beside(counting) if is_shown else counting
        # Whoever types a code means it, however common it is.
        named = asked_identifiers(terms.identifiers, lambda one: True)
        agreed = agreement(lanes, named, evidence.ids, evidence.exact, only_rare=False)
        order = (
            Order([Ranked(Candidate(one), 0.0) for one in browsed.ids])
            if browsed is not None
            else order_of_search(sources, lanes, evidence, terms, agreed, request.viewer)
        )
        return _Found(lanes, parsed, terms, evidence, agreed, order, counted)


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found for a question, before it is shown. `counted` waits for the total and the facets."""

    lanes: Lanes
    parsed: ParsedQuery
    terms: QueryTerms
    evidence: Evidence
    agreed: Agreement
    order: Order
    counted: Callable[[], tuple[int, dict[str, tuple[FacetValue, ...]]]]


def _proposal(sources: Sources, found: _Found, request: SearchRequest) -> str | None:
    wrong = found.terms.misspellings
    if not wrong or not request.details:
        return None
    text = request.text[:LONGEST_QUERY].strip()
    return did_you_mean(sources, found.lanes, text, found.parsed, wrong, request.viewer, syntax=request.syntax)


def _unknown(agreed: Agreement, identifiers: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return a sentence on the identifiers that name a problem and that no document holds."""
    missing = [written for written, value in identifiers if value in agreed.unknown]
    return (f"No document holds {' or '.join(missing)}.",) if missing else ()


def _without_phrases(parsed: ParsedQuery) -> ParsedQuery:
    """Return the query with its phrases as plain words: something near is more use than nothing."""
    told = " or ".join(f"“{phrase}”" for phrase in parsed.phrases)
    problem = f"No document holds exactly {told}; the words were searched instead."
    return replace(parsed, phrases=(), problems=(*parsed.problems, problem))


def _browsed(where: Filter) -> str:
    """Return the text to be near to when a filter was given, nothing asked, and only the semantic lane answers."""
    values = sorted(value for wanted in where.values.values() for value in wanted)
    is_bounded = bool(values or where.excluded or where.after or where.before)
    return (" ".join(values) or "fix") if is_bounded else ""


def _counted(
    lanes: Lanes, terms: QueryTerms, evidence: Evidence, request: SearchRequest, *, is_bounded: bool
) -> tuple[int, dict[str, tuple[FacetValue, ...]]]:
    """Return how many documents match the words or are found by meaning above the floor, and their facets."""
    query = terms.keyword if lanes.is_up("keyword") else terms.exact
    if not lanes.is_up("keyword") and not lanes.is_up("identifier"):
        query = KeywordQuery()
    also = [one for one in evidence.ids if evidence.is_only_semantic(one)]
    if query.is_empty and not is_bounded and not also:
        return 0, {name: () for name in request.facets}
    if query.is_empty and is_bounded and terms.keyword.is_empty:
        also = []  # a filter alone: everything that it admits
    counted = lanes.matches(query, request.facets, also)
    if counted is None:
        return len(evidence.ids), {}
    return counted.total, {name: _values(counted.facets.get(name, {})) for name in request.facets}


def _values(counts: Mapping[str, int]) -> tuple[FacetValue, ...]:
    return tuple(FacetValue(value, count) for value, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _status(found: _Found) -> Status:
    """Return `degraded`, or whether anything is likely to be what was asked for."""
    if found.lanes.down:
        return "degraded"
    # Whoever types one word looks around: no document stands out, and whatever holds it answers.
    is_one_word = len(found.parsed.text.split()) == 1 and not found.agreed.unknown
    is_browsing = is_one_word and found.order.best_coverage > 0
    return "ok" if found.evidence.ids and (is_browsing or not found.order.is_hopeless) else "no_confident_match"


def _no_text(document: Document, number: int) -> str | None:
    return None


def _now() -> datetime:
    return datetime.now(UTC)
