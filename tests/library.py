"""A small library in memory for tests of search: a store, both indexes, an encoder, and what answers from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from indexer.manifest import PASSAGE_VERSION
from indexer.passages import passages_of
from indexer.sync import Sync
from kb.access import SHELL
from kb.documents import Article, Document, Ticket
from kb.errors import IndexUnavailable, ModelUnavailable
from kb.protocols.encoder import Encoder, Vector
from kb.queries import Filter, Hit, Viewer
from kb.tickets import parse_upsert, ticket_object
from search.answers import SearchAnswer, SimilarAnswer
from search.expansion import Expander
from search.ranker import Ranker, shipped_ranker
from search.searcher import Searcher, SearchRequest
from search.similar import SimilarRequest
from tests.fakes.encoder import FakeEncoder
from tests.fakes.keyword import MemoryKeywordIndex
from tests.fakes.store import MemoryStore
from tests.fakes.vectors import MemoryVectorIndex

TODAY = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Library:
    """Documents that can be searched."""

    def __init__(self, *documents: Document):
        self.store = MemoryStore()
        self.expander: Expander | None = None
        self.ranker: Ranker = shipped_ranker()
        self.encoder = FakeEncoder()
        self.keyword = MemoryKeywordIndex()
        self.vectors = MemoryVectorIndex(replace(self.encoder.recipe, passage_version=PASSAGE_VERSION))
        self.add(*documents)
        self.index()

    def add(self, *documents: Document) -> None:
        """Store documents without indexing them."""
        for document in documents:
            if isinstance(document, Article):
                self.store.put_articles([document], "tests")
            else:
                self.store.upsert_tickets([parse_upsert(ticket_object(document))])

    def index(self) -> None:
        """Bring the indexes up to the store."""
        Sync(self.store, self.keyword, self.vectors, self.encoder).drain()
        self.keyword.refresh()
        self.vectors.refresh()

    def searcher(self, *, keyword: bool = True, vectors: bool = True, model: bool = True) -> Searcher:
        """Return what answers; parts that are false are broken."""
        return Searcher(
            self.store,
            self.keyword if keyword else BrokenKeywordIndex(),
            self.vectors if vectors else BrokenVectorIndex(self.vectors.recipe),
            self.encoder_source if model else no_model,
            passage_text=passage_text,
            clock=lambda: TODAY,
            vocabulary=lambda: self.expander,
            ranker=lambda: self.ranker,
        )

    def encoder_source(self) -> Encoder:
        """Return the encoder."""
        return self.encoder

    def search(self, text: str, **request: object) -> SearchAnswer:
        """Ask a question."""
        asked = {"viewer": SHELL, "floor": 0.0, **request}
        return self.searcher().search(SearchRequest(text=text, **asked))  # type: ignore[arg-type]

    def similar(self, ticket: Ticket, **request: object) -> SimilarAnswer:
        """Ask with a ticket."""
        asked = {"viewer": SHELL, "floor": 0.0, **request}
        return self.searcher().similar(SimilarRequest(ticket=ticket, **asked))  # type: ignore[arg-type]


class BrokenKeywordIndex(MemoryKeywordIndex):
    """A keyword index whose files are damaged."""

    def search(self, *asked: object) -> Sequence[Hit]:  # type: ignore[override]
        raise IndexUnavailable("the keyword index is damaged")

    newest = score = matches = holding = weight_held = document_frequency = spellings = search  # type: ignore[assignment]


class BrokenVectorIndex(MemoryVectorIndex):
    """A vector index whose files are damaged."""

    def search(self, vector: Vector, where: Filter, viewer: Viewer, depth: int) -> Sequence[Hit]:
        raise IndexUnavailable("the vector index is damaged")


def no_model() -> Encoder:
    """Fail as a machine without the model does."""
    raise ModelUnavailable("the model cannot be found")


def passage_text(document: Document, number: int) -> str | None:
    """Return the text of a passage without the title that leads it."""
    held = {passage.number: passage.text for passage in passages_of(document)}
    return held[number].partition("\n")[2] or held[number] if number in held else None


def ids(answer: SearchAnswer | SimilarAnswer) -> list[str]:
    """Return the ids of an answer's results."""
    return [result.id for result in answer.results]
