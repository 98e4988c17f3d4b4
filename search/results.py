"""Turn ranked ids into results: documents as the store has them now, with fix, snippet and reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from kb.documents import Article, Document, Ticket, type_of
from kb.file_names import name_words
from kb.queries import Viewer
from search.answers import FixedBy, Reason, Relationship, Result
from search.evidence import Evidence
from search.fix_side import FixSide, fix_side
from search.linked_fix import LinkedFix, linked_fixes
from search.prior import PriorFeedback, prior_feedback, prior_reasons
from search.query_terms import QueryTerms
from search.ranker import Judgements, Model
from search.readings import Reading, within_reason
from search.reasons import SIMILAR, identifier_reasons, passage_reasons, phrase_reasons
from search.snippets import Finder, Wanted, snippet
from search.sources import Sources
from search.word_reasons import AskedWords, ShownWords, other_word_reasons, without_pieces, word_reasons

_SPARE = 5
"""Ids fetched beyond a page, since some may be gone or closed to the viewer by now."""
_LONGEST_IDENTIFIER = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What results are made for: the query as text and terms, who asks, and as of when.

    `relate` and `shared` add what only a ticket's results have: their relationship, and what they have in common;
    `ticket_id` is that ticket, whose own links tell nothing.
    `with_fix` lets snippets and reasons quote a ticket's resolution. Without `details` nothing is worked out
    for display.
    """

    text: str
    terms: QueryTerms
    viewer: Viewer
    phrases: tuple[str, ...] = ()
    as_of: datetime | None = None
    ticket_id: str | None = None
    with_fix: bool = True
    details: bool = True
    judged: Judgements = field(default_factory=partial(Judgements, Model({}), ()))
    relate: Callable[[Document, FixSide, Evidence], Relationship | None] = lambda document, fix, evidence: None
    shared: Callable[[Document], tuple[Reason, ...]] = lambda document: ()

    @property
    def identifiers(self) -> tuple[tuple[str, str], ...]:
        """Return (as written, canonical) of each identifier, none twice."""
        found: dict[str, str] = {}
        for one in self.terms.identifiers:
            if one.end - one.start <= _LONGEST_IDENTIFIER:
                found.setdefault(one.value, self.text[one.start : one.end])
        return tuple((written, canonical) for canonical, written in found.items())


def page_of_results(
    sources: Sources,
    ids: Sequence[str],
    evidence: Evidence,
    asked: Asked,
    offset: int,
    limit: int,
    known: Mapping[str, Document],
) -> tuple[Result, ...]:
    """Return results `offset + 1` to `offset + limit` in the order of `ids`; `known` are documents that the store has
    just given to the viewer.

    For all others access is checked here, against the store: what is gone or closed to the viewer is passed over.
    """
    found: list[Document] = []
    at = offset
    while len(found) < limit and at < len(ids):
        wanted = ids[at : at + limit - len(found) + _SPARE]
        unknown = [one for one in wanted if one not in known]
        held = {**known, **(sources.store.documents(unknown, asked.viewer) if unknown else {})}
        found.extend(held[one] for one in wanted if one in held)
        at += len(wanted)
    return results_of(sources, found[:limit], evidence, asked, offset)


def results_of(
    sources: Sources,
    shown: Sequence[Document],
    evidence: Evidence,
    asked: Asked,
    offset: int = 0,
    prior: Mapping[str, PriorFeedback] | None = None,
) -> tuple[Result, ...]:
    """Return results from `offset + 1` on of documents that the store has just given to this viewer, in their order.

    `prior` is what was made of them before, where the caller has asked for it already.
    """
    making = _Making(sources, evidence, asked, shown if asked.details else (), prior)
    make = making.result if asked.details else making.bare_result
    return tuple(make(document, rank) for rank, document in enumerate(shown, offset + 1))


class _Making:
    """Makes the results of one answer."""

    def __init__(
        self,
        sources: Sources,
        evidence: Evidence,
        asked: Asked,
        shown: Sequence[Document],
        prior: Mapping[str, PriorFeedback] | None,
    ):
        if prior is None:
            documents = {document.id: document for document in shown}
            prior = prior_feedback(sources.store, documents, asked.viewer, as_of=asked.as_of, asked=asked.ticket_id)
        self._prior = prior
        self._sources = sources
        self._evidence = evidence
        self._asked = asked
        self._readings: dict[str, Reading] = {}
        self._linked = linked_fixes(sources.store, shown, self._fix_of, asked.viewer, asked.as_of, asked.ticket_id)
        self._identifiers = asked.identifiers
        wanted = Wanted(
            asked.terms.highlighted,
            frozenset(canonical for _, canonical in self._identifiers),
            tuple(written for written, _ in self._identifiers),
        )
        self._finder = Finder(wanted)
        self._asked_words = AskedWords(asked.terms.surfaces.keys(), asked.terms.expansions)
        self._today = sources.clock().date()

    def bare_result(self, document: Document, rank: int) -> Result:
        """Return one document with its scores alone."""
        judged = self._asked.judged.get(document.id)
        return Result(
            rank=rank,
            id=document.id,
            type=type_of(document),
            title=document.title,
            language=document.language,
            source=document.source,
            band=judged.band if judged else None,
            score=judged.probability if judged else None,
            scores=self._evidence.scores_of(document.id),
        )

    def result(self, document: Document, rank: int) -> Result:
        """Return one document as a result."""
        asked, evidence, readings = self._asked, self._evidence, self._sources.readings
        judged = asked.judged.get(document.id)
        texts = self._reading(document).texts
        fix = self._fix_of(document)
        linked = self._linked.get(document.id)
        shown_fix = fix if linked is None else linked.fix
        similarity = evidence.semantic.get(document.id)
        is_only_semantic = evidence.is_only_semantic(document.id)
        passage = None
        if is_only_semantic or (similarity is not None and similarity >= SIMILAR):
            passage = readings.passage(document, evidence.passage.get(document.id))
        shown_texts = [texts["body"], texts["fix"]] if asked.with_fix else [texts["body"]]
        if not any(text.strip() for text in shown_texts):
            shown_texts = [document.title]
        # What a document is called stands beside the snippet already.
        told = None if passage is None or _is_its_name(passage, document) else passage
        if is_only_semantic and told:
            shown_texts = [told]
        shown = snippet(shown_texts, document.language, self._finder, told)
        reasons: tuple[Reason, ...] = ()
        if document.id in evidence.exact and self._identifiers:
            reasons = identifier_reasons(within_reason(document), self._identifiers, with_fix=asked.with_fix)
        reasons += phrase_reasons(asked.phrases)
        reasons += asked.shared(document)
        if document.id in evidence.keyword:
            words = ShownWords(document.title, shown, document.language)
            others, named = other_word_reasons(self._asked_words, words)
            words = without_pieces(self._asked_words, words)
            shown = words.snippet
            reasons += others
            reasons += word_reasons(self._asked_words, words, reasons, named)
        reasons += passage_reasons(passage, similarity)
        reasons += prior_reasons(self._prior.get(document.id))
        return Result(
            rank=rank,
            id=document.id,
            type=type_of(document),
            title=document.title,
            language=document.language,
            url=document.url if isinstance(document, Ticket) else None,
            relationship=asked.relate(document, fix, evidence),
            band=judged.band if judged else None,
            score=judged.probability if judged else None,
            scores=evidence.scores_of(document.id),
            reasons=reasons,
            snippet=shown,
            resolution=shown_fix.resolution,
            fixed_by=_fixed_by(linked),
            root_cause=fix.root_cause or shown_fix.root_cause,
            workaround=fix.workaround or shown_fix.workaround,
            known_error=fix.known_error,
            confidence=document.confidence if isinstance(document, Article) else None,
            status=fix.status,
            resolved_at=fix.resolved_at,
            stale=self._is_stale(document),
            state=document.state if isinstance(document, Article) else None,
            service=document.service,
            source=document.source,
        )

    def _reading(self, document: Document) -> Reading:
        if document.id not in self._readings:
            self._readings[document.id] = self._sources.readings.of(document)
        return self._readings[document.id]

    def _fix_of(self, document: Document) -> FixSide:
        as_of = self._asked.as_of
        if as_of is None:
            return self._reading(document).fix
        return fix_side(within_reason(document), as_of)

    def _is_stale(self, document: Document) -> bool:
        due = document.review_due if isinstance(document, Article) else None
        return due is not None and due < self._today


def _is_its_name(passage: str, document: Document) -> bool:
    """Say whether a passage is no more than what a document is called."""
    return passage == document.title or ("\n" not in passage and passage == name_words(document.id))


def _fixed_by(linked: LinkedFix | None) -> FixedBy | None:
    if linked is None:
        return None
    document = linked.document
    url = document.url if isinstance(document, Ticket) else None
    return FixedBy(document.id, type_of(document), document.title, document.language, url)
