"""Ask each lane, and let the rest answer when one is down.

The *identifier* lane finds documents that hold an identifier or quoted phrase of the query, the *keyword* lane those
that hold its words, the *semantic* lane those with a passage of similar meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Literal, TypeVar

from kb.errors import IndexUnavailable, ModelUnavailable, RecipeMismatch
from kb.protocols.encoder import Encoder, Vector
from kb.protocols.keyword import KeywordSearch, Spelling
from kb.protocols.vector import VectorSearch
from kb.queries import Filter, Hit, KeywordQuery, Matches, Viewer, WordGroup
from search.adapter import Adapter
from search.answers import Mode

Lane = Literal["identifier", "keyword", "semantic"]
LANES: tuple[Lane, ...] = ("identifier", "keyword", "semantic")
DEPTH = 100
"""Candidates each lane hands on. On the `tune` splits MRR@10 is the same from 60 to 250."""
LONGEST_ENCODED = 4_000
"""Characters given to the encoder, whose model reads fewer."""

EncoderSource = Callable[[], Encoder]
"""Returns the encoder, loading it when it is first needed. Raises ModelUnavailable."""
_T = TypeVar("_T")


class Lanes:
    """The lanes for one question, within one filter and for one viewer. A lane that fails once is not asked again.

    What takes long in an engine goes on in the `background`, where there is one, beside what the caller does.
    """

    def __init__(
        self,
        keyword: KeywordSearch | None,
        vectors: VectorSearch | None,
        encoder: EncoderSource,
        wanted: Collection[Lane],
        where: Filter,
        viewer: Viewer,
        background: Executor | None = None,
    ):
        self._keyword = keyword
        self._vectors = vectors
        self._encoder = encoder
        self._wanted = frozenset(wanted)
        self._down: set[Lane] = set()
        self._where = where
        self._viewer = viewer
        self._background = background
        self._begun: dict[tuple[str, int], Callable[[], tuple[Vector, Sequence[Hit]]]] = {}
        self._asked: tuple[Vector, ...] = ()
        self._model: str | None = None
        if keyword is None:
            self._down |= self._wanted & {"identifier", "keyword"}
        if vectors is None:
            self._down |= self._wanted & {"semantic"}

    @property
    def down(self) -> tuple[Lane, ...]:
        """Return the wanted lanes that could not answer."""
        return tuple(lane for lane in LANES if lane in self._down)

    @property
    def mode(self) -> Mode:
        """Return which kind of search answered."""
        up = self._wanted - self._down
        words = bool(up & {"identifier", "keyword"})
        if "semantic" in up:
            return "hybrid" if words else "semantic"
        return "keyword" if words else "none"

    @property
    def model(self) -> str | None:
        """Return `name@revision` of the model that answered."""
        return self._model if self.is_up("semantic") else None

    @property
    def asked(self) -> tuple[Vector, ...]:
        """Return the vectors that the semantic lane was asked with; none before it was."""
        return self._asked

    def is_up(self, lane: Lane) -> bool:
        """Say whether a lane is wanted and has not failed."""
        return lane in self._wanted and lane not in self._down

    def exact_hits(self, query: KeywordQuery, depth: int) -> Sequence[Hit]:
        """Return documents that hold an identifier of the query and all its phrases, best first."""
        return self._guarded("identifier", lambda: self._words().search(query, self._where, self._viewer, depth), ())

    def keyword_hits(self, query: KeywordQuery, depth: int) -> Sequence[Hit]:
        """Return documents that match the query, best first."""
        return self._guarded("keyword", lambda: self._words().search(query, self._where, self._viewer, depth), ())

    def beside(self, ask: Callable[[], _T]) -> Callable[[], _T]:
        """Begin to ask in the background; return what waits for the answer, or asks when there is no background."""
        return ask if self._background is None else self._background.submit(ask).result

    def begin_semantic(self, text: str, depth: int) -> None:
        """Begin to ask the semantic lane; `semantic_hits` with the same text and depth waits for the answer."""
        if self.is_up("semantic") and text.strip() and (text, depth) not in self._begun:
            self._begun[text, depth] = self.beside(partial(self._nearest, text, depth))

    def semantic_hits(self, text: str, depth: int, translation: str | None = None) -> Sequence[Hit]:
        """Return documents by their passage most similar to `text` or to its translation, best first.

        None for a text without words.
        """
        if not text.strip():
            return ()

        def hits() -> Sequence[Hit]:
            ways = (text, translation) if translation and translation != text else (text,)
            for way in ways:
                self.begin_semantic(way, depth)
            found = [self._begun[way, depth]() for way in ways]
            self._asked = tuple(vector for vector, _ in found)
            self._model = self._passages().recipe.model_name
            return _best_of([near for _, near in found])[:depth]

        return self._guarded("semantic", hits, ())

    def has_more_than(self, language: str) -> bool:
        """Say whether filter and viewer admit a document in another language; yes when the keyword index is down."""
        other = {**self._where.excluded, "language": self._where.excluded.get("language", frozenset()) | {language}}
        try:
            where = replace(self._where, excluded=other)
            return self._words().matches(KeywordQuery(), where, self._viewer, ()).total > 0
        except IndexUnavailable:
            return True

    def newest(self, depth: int) -> Sequence[str]:
        """Return the ids of what filter and viewer admit, the newest first."""
        return self._guarded("keyword", lambda: self._words().newest(self._where, self._viewer, depth), ())

    def scores(self, query: KeywordQuery, ids: Sequence[str]) -> Mapping[str, float]:
        """Return the BM25 of those of `ids` that match."""
        return self._guarded("keyword", lambda: self._words().score(query, ids) if ids else {}, {})

    def similarities(self, ids: Sequence[str], adapter: Adapter | None = None) -> Mapping[str, Mapping[int, float]]:
        """Return the similarity of each passage of `ids` to the text of `semantic_hits`, or to its translation.

        With an adapter, to their adapted vectors.
        """
        asked = self._asked if adapter is None else tuple(adapter.adapted(one) for one in self._asked)
        if not asked or not ids:
            return {}

        def similar() -> Mapping[str, Mapping[int, float]]:
            first, *others = [self._passages().similarities(vector, ids) for vector in asked]
            if not others:
                return first
            return {
                one: {
                    number: max(similarity, *(other.get(one, {}).get(number, -1.0) for other in others))
                    for number, similarity in passages.items()
                }
                for one, passages in first.items()
            }

        return self._guarded("semantic", similar, {})

    def holding(
        self, identifiers: Sequence[str], phrases: Sequence[tuple[str, ...]], ids: Sequence[str]
    ) -> frozenset[str]:
        """Return those of `ids` that hold at least one of the identifiers or phrases."""
        if not ids or not (identifiers or phrases):
            return frozenset()
        return self._guarded("identifier", lambda: self._words().holding(identifiers, phrases, ids), frozenset())

    def identified(self, identifier: str, ids: Sequence[str]) -> Mapping[str, float]:
        """Return the idf of an identifier for each of `ids` that holds it."""
        query = KeywordQuery(identifiers=(identifier,))
        return self._guarded("identifier", lambda: self._words().score(query, ids) if ids else {}, {})

    def refused(self, query: KeywordQuery, ids: Sequence[str]) -> frozenset[str]:
        """Return those of `ids` that lack a phrase of the query or hold what it excludes.

        Belongs to no lane, since it bounds them all; without the keyword index nothing can be refused.
        """
        keyword = self._keyword
        if keyword is None or not ids:
            return frozenset()
        gone: set[str] = set()
        try:
            for phrase in query.phrases:
                gone |= set(ids) - keyword.holding((), (phrase,), ids)
            if query.excluded_phrases:
                gone |= keyword.holding((), query.excluded_phrases, ids)
            if query.excluded:
                gone |= keyword.score(KeywordQuery(words=(WordGroup(query.excluded),)), ids).keys()
        except IndexUnavailable:
            return frozenset()
        return frozenset(gone)

    def matches(self, query: KeywordQuery, facets: Sequence[str], also: Sequence[str]) -> Matches | None:
        """Count what matches the query or is among `also`; `None` when the keyword index is down.

        Counting belongs to no lane: it works for every choice of lanes, as long as the index answers.
        """
        if self._keyword is None or {"identifier", "keyword"} & self._down:
            return None
        try:
            return self._keyword.matches(query, self._where, self._viewer, facets, also)
        except IndexUnavailable:
            return None

    def weight_held(
        self, words: Sequence[WordGroup], phrases: Sequence[tuple[tuple[str, ...], float]], ids: Sequence[str]
    ) -> Mapping[str, float]:
        """Return the sum of the weights of those word groups and phrases that each of `ids` holds."""
        return self._guarded("keyword", lambda: self._words().weight_held(words, phrases, ids), {})

    def document_frequency(self, terms: Sequence[str]) -> Mapping[str, int]:
        """Return in how many documents each term occurs."""
        return self._guarded("keyword", lambda: self._words().document_frequency(terms), {})

    def in_sight(self, terms: Sequence[str]) -> int:
        """Return how many documents that filter and viewer admit hold one of the terms, in any text field."""
        if self._viewer.audiences is None and self._viewer.may_edit and self._where == Filter():
            return max(self.document_frequency(terms).values(), default=0)
        query = KeywordQuery(words=(WordGroup(tuple(terms)),))
        found = self.matches(query, (), ()) if terms else None
        return found.total if found is not None else 0

    def spellings(self, surface: str, most: int, language: str = "") -> Sequence[Spelling]:
        """Return words of the documents within filter and viewer, of one language or any, spelled almost like one."""
        where = self._where
        if language:
            wanted = where.values.get("language", frozenset((language,))) & {language}
            if not wanted:
                return ()
            where = replace(where, values={**where.values, "language": wanted})
        return self._guarded("keyword", lambda: self._words().spellings(surface, where, self._viewer, most), ())

    @property
    def size(self) -> int:
        """Return the number of documents in the keyword index, 0 when it is down."""
        return self._guarded("keyword", lambda: self._words().size, 0)

    def _nearest(self, text: str, depth: int) -> tuple[Vector, Sequence[Hit]]:
        """Return the vector of a text and what is nearest to it. Changes nothing: it may run in another thread."""
        vectors = self._passages()
        encoder = self._encoder()
        made = vectors.recipe
        if replace(encoder.recipe, passage_version=made.passage_version, adapter=made.adapter) != made:
            raise RecipeMismatch("the vector index was made with another model; run kb index --rebuild")
        vector = encoder.encode_query(text[:LONGEST_ENCODED])
        return vector, vectors.search(vector, self._where, self._viewer, depth)

    def _guarded(self, lane: Lane, ask: Callable[[], _T], otherwise: _T) -> _T:
        if not self.is_up(lane):
            return otherwise
        try:
            return ask()
        except (IndexUnavailable, ModelUnavailable):
            self._down.add(lane)
            return otherwise

    def _words(self) -> KeywordSearch:
        if self._keyword is None:
            raise IndexUnavailable("there is no keyword index; run kb index")
        return self._keyword

    def _passages(self) -> VectorSearch:
        if self._vectors is None:
            raise IndexUnavailable("there is no vector index; run kb index")
        return self._vectors


def _best_of(ways: Sequence[Sequence[Hit]]) -> Sequence[Hit]:
    """Return the hits of several vectors, each document once with the passage that is most similar to any of them."""
    if len(ways) == 1:
        return ways[0]
    best: dict[str, Hit] = {}
    for hit in (hit for hits in ways for hit in hits):
        if hit.document_id not in best or hit.score > best[hit.document_id].score:
            best[hit.document_id] = hit
    return sorted(best.values(), key=lambda hit: (-hit.score, hit.document_id))
