"""Gather what every lane knows of every candidate, whichever lane found it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from kb.queries import Hit
from search.answers import LaneScores
from search.lanes import DEPTH, Lanes
from search.query_terms import QueryTerms

SEMANTIC_FLOOR = 0.40
"""A document found by its meaning alone is noise below this cosine. On the `tune` splits the best passage of 93 % of
the right articles lies above it in the same language; of 800 tickets asked of articles on another subject, half found
nothing above it.
"""
GERMAN = "de"
"""The language that is translated for the semantic lane, whose default model knows English alone."""
EVERYTHING = -1.0
"""A floor under which no cosine lies."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the lanes know: every mapping is by document id, and lacks what is unknown or nothing.

    `near` are the ids that were among the first `DEPTH` of some lane.
    """

    ids: tuple[str, ...]
    keyword: Mapping[str, float]
    semantic: Mapping[str, float]
    passage: Mapping[str, int]
    exact: frozenset[str]
    keyword_ranks: Mapping[str, int]
    semantic_ranks: Mapping[str, int]
    near: frozenset[str]

    def is_only_semantic(self, document_id: str) -> bool:
        """Say whether nothing but its meaning speaks for a document."""
        return document_id not in self.keyword and document_id not in self.exact

    def scores_of(self, document_id: str) -> LaneScores:
        """Return what each lane thought of a document."""
        return LaneScores(
            semantic=self.semantic.get(document_id),
            keyword=self.keyword.get(document_id),
            rank_semantic=self.semantic_ranks.get(document_id),
            rank_keyword=self.keyword_ranks.get(document_id),
        )

    def with_exact(self, exact: frozenset[str], floor: float) -> Evidence:
        """Return the evidence with other exact matches; what is then found by meaning alone, below `floor`, goes."""
        changed = replace(self, exact=exact)
        lost = self.exact - exact
        return changed.without(
            {one for one in lost if changed.is_only_semantic(one) and self.semantic.get(one, -1.0) < floor}
        )

    def without(self, gone: Collection[str]) -> Evidence:
        """Return the evidence without some candidates."""
        return replace(self, ids=tuple(one for one in self.ids if one not in gone)) if gone else self


def gather(
    lanes: Lanes,
    terms: QueryTerms,
    text: str,
    floor: float = SEMANTIC_FLOOR,
    *,
    depth: int = DEPTH,
    semantic_depth: int = DEPTH,
) -> Evidence:
    """Ask every lane for candidates and complete each with what the other lanes think of it.

    `depth` is that of the identifier and keyword lanes: of matching documents more can be asked for, but what is merely
    similar goes on without end.

    Left out are documents found by their meaning alone that lie below `floor`, lack a quoted phrase of the query, or
    hold what it excludes.
    """
    lanes.begin_semantic(text, semantic_depth)
    # A second vector costs as much as the first, so it is made only when there is something to find by it.
    translation = terms.translation
    if translation is not None and (terms.misspellings or lanes.has_more_than(GERMAN)):
        lanes.begin_semantic(translation, semantic_depth)
    else:
        translation = None
    keyword = lanes.keyword_hits(terms.keyword, depth)
    exact = () if terms.exact.is_empty else lanes.exact_hits(terms.exact, depth)
    semantic = lanes.semantic_hits(text, semantic_depth, translation)
    ids = tuple(dict.fromkeys(hit.document_id for hits in (keyword, exact, semantic) for hit in hits))

    bm25 = {hit.document_id: hit.score for hit in keyword}
    bm25.update(lanes.scores(terms.keyword, [one for one in ids if one not in bm25]))
    similarity = {hit.document_id: hit.score for hit in semantic}
    passage = {hit.document_id: hit.passage or 0 for hit in semantic}
    for one, by_passage in lanes.similarities([one for one in ids if one not in similarity]).items():
        if by_passage:
            passage[one] = max(by_passage, key=lambda number: (by_passage[number], -number))
            similarity[one] = by_passage[passage[one]]
    holding = {hit.document_id for hit in exact}
    holding |= lanes.holding(terms.exact.identifiers, terms.exact.phrases, [one for one in ids if one not in holding])
    near = frozenset(hit.document_id for hits in (keyword, exact, semantic) for hit in hits[:DEPTH])
    evidence = Evidence(ids, bm25, similarity, passage, frozenset(holding), _ranks(keyword), _ranks(semantic), near)
    refused = lanes.refused(terms.keyword, [one for one in ids if one not in bm25])
    faint = {one for one in ids if evidence.is_only_semantic(one) and similarity.get(one, 0.0) < floor}
    return evidence.without(refused | faint)


def browse(lanes: Lanes, terms: QueryTerms, depth: int) -> Evidence | None:
    """Return what the filter admits when nothing is asked, the newest first; left out is what the query excludes.

    `None` when the keyword lane, which knows the dates, does not answer.
    """
    ids = tuple(lanes.newest(depth))
    if not lanes.is_up("keyword"):
        return None
    found = Evidence(ids, {}, {}, {}, frozenset(), {}, {}, frozenset(ids))
    return found.without(lanes.refused(terms.keyword, ids))


def _ranks(hits: Sequence[Hit]) -> dict[str, int]:
    return {hit.document_id: rank for rank, hit in enumerate(hits, 1)}
