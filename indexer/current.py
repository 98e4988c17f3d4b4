"""Search whichever generation of the indexes is current, and follow when it changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from indexer.engines import Engines
from indexer.manifest import current_generation
from kb.errors import FixloreError, IndexUnavailable
from kb.protocols.encoder import Vector
from kb.protocols.keyword import KeywordSearch, Spelling
from kb.protocols.vector import VectorSearch
from kb.queries import Filter, Hit, KeywordQuery, Matches, Viewer, WordGroup
from kb.recipe import Recipe

_ATTEMPTS = 5
_RETRY_S = 5.0
"""How long a lane that is down stays down before it is tried again, so that not every search pays for the attempt."""
_Search = TypeVar("_Search", KeywordSearch, VectorSearch)
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class _Lane(Generic[_Search]):
    """An open index, or why there is none."""

    index: _Search | None = None
    error: FixloreError | None = None
    since: float = field(default_factory=time.monotonic)

    def opened(self) -> _Search:
        if self.index is None:
            # A new exception for each caller: one that is raised twice grows a traceback without end.
            raise IndexUnavailable(str(self.error)) from self.error
        return self.index


class KeywordAsk(Protocol):
    """Puts a question to the keyword index that is open now. Raises IndexUnavailable."""

    def __call__(self, question: Callable[[KeywordSearch], _Answer]) -> _Answer:
        """Return the answer."""
        ...


class VectorAsk(Protocol):
    """Puts a question to the vector index that is open now. Raises IndexUnavailable."""

    def __call__(self, question: Callable[[VectorSearch], _Answer]) -> _Answer:
        """Return the answer."""
        ...


class CurrentIndexes:
    """Both indexes, for any number of searching threads.

    One that cannot be opened raises IndexUnavailable with the reason from each of its methods, while the other goes on.
    One that fails under a search is down from then on, until it can be opened again.
    """

    def __init__(self, path: Path, engines: Engines):
        """`path` is the directory of all generations."""
        self._path = path
        self._engines = engines
        self._lock = threading.Lock()
        self._generation: Path | None = None
        self._keyword: _Lane[KeywordSearch] = _Lane()
        self._vectors: _Lane[VectorSearch] = _Lane()
        self.on_damage: Callable[[], None] = lambda: None
        """Is called when an index that could be opened fails under a search."""
        self.keyword: KeywordSearch = CurrentKeyword(self._ask_keyword, self.refresh)
        self.vectors: VectorSearch = CurrentVectors(self._ask_vectors, self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """See the last commit of the current generation. Cheap when nothing changed. Raises nothing: a lane is down."""
        with self._lock:
            for _ in range(_ATTEMPTS):
                try:
                    generation = current_generation(self._path)
                except IndexUnavailable as error:
                    self._go_down(error)
                    return
                if generation is None:
                    self._go_down(IndexUnavailable("nothing has been indexed yet; run `kb index`"))
                    return
                if generation != self._generation or not generation.is_dir():
                    self._open(generation)
                else:
                    self._keyword = _refreshed(self._keyword, partial(self._engines.open_keyword, generation, False))
                    self._vectors = _refreshed(self._vectors, partial(self._engines.open_vectors, generation, False))
                if generation.is_dir():  # else it was replaced while it was opened: follow
                    return

    def _ask_keyword(self, question: Callable[[KeywordSearch], _Answer]) -> _Answer:
        lane = self._keyword
        index = lane.opened()
        try:
            return question(index)
        except IndexUnavailable as error:
            with self._lock:
                if self._keyword is lane:  # another search may have found it, or a new generation be there
                    self._keyword = _Lane(error=error)
            self.on_damage()
            raise

    def _ask_vectors(self, question: Callable[[VectorSearch], _Answer]) -> _Answer:
        lane = self._vectors
        index = lane.opened()
        try:
            return question(index)
        except IndexUnavailable as error:
            with self._lock:
                if self._vectors is lane:
                    self._vectors = _Lane(error=error)
            self.on_damage()
            raise

    def _open(self, generation: Path) -> None:
        """Open a generation. The one before is not closed: searches may still be under way in it."""
        self._generation = generation
        self._keyword = _opened(partial(self._engines.open_keyword, generation, False))
        self._vectors = _opened(partial(self._engines.open_vectors, generation, False))

    def _go_down(self, error: IndexUnavailable) -> None:
        self._generation = None
        self._keyword, self._vectors = _Lane(error=error), _Lane(error=error)


def _opened(open_index: Callable[[], _Search]) -> _Lane[_Search]:
    try:
        return _Lane(open_index())
    except FixloreError as error:
        return _Lane(error=error)


def _refreshed(lane: _Lane[_Search], open_index: Callable[[], _Search]) -> _Lane[_Search]:
    if lane.index is None:
        return _opened(open_index) if time.monotonic() - lane.since > _RETRY_S else lane
    try:
        lane.index.refresh()
    except FixloreError as error:
        return _Lane(error=error)
    return lane


class CurrentKeyword:
    """The KeywordSearch of the current generation."""

    def __init__(self, ask: KeywordAsk, refresh: Callable[[], None]):
        self._ask = ask
        self._refresh = refresh

    def search(self, query: KeywordQuery, where: Filter, viewer: Viewer, depth: int) -> Sequence[Hit]:
        """Return at most `depth` matching documents, best first."""
        return self._ask(lambda index: index.search(query, where, viewer, depth))

    def newest(self, where: Filter, viewer: Viewer, depth: int) -> Sequence[str]:
        """Return the ids of at most `depth` admitted documents, the newest first."""
        return self._ask(lambda index: index.newest(where, viewer, depth))

    def score(self, query: KeywordQuery, ids: Sequence[str]) -> Mapping[str, float]:
        """Return the score of those of `ids` that match."""
        return self._ask(lambda index: index.score(query, ids))

    def matches(
        self, query: KeywordQuery, where: Filter, viewer: Viewer, facets: Sequence[str], also: Sequence[str] = ()
    ) -> Matches:
        """Count documents that match, and their values of each field in `facets`."""
        return self._ask(lambda index: index.matches(query, where, viewer, facets, also))

    def holding(
        self, identifiers: Sequence[str], phrases: Sequence[tuple[str, ...]], ids: Sequence[str]
    ) -> frozenset[str]:
        """Return those of `ids` that hold at least one of the identifiers or phrases."""
        return self._ask(lambda index: index.holding(identifiers, phrases, ids))

    def weight_held(
        self, words: Sequence[WordGroup], phrases: Sequence[tuple[tuple[str, ...], float]], ids: Sequence[str]
    ) -> Mapping[str, float]:
        """Return the sum of the weights of those word groups and phrases that each of `ids` holds."""
        return self._ask(lambda index: index.weight_held(words, phrases, ids))

    def document_frequency(self, terms: Sequence[str]) -> Mapping[str, int]:
        """Return in how many documents each term occurs."""
        return self._ask(lambda index: index.document_frequency(terms))

    def spellings(self, surface: str, where: Filter, viewer: Viewer, most: int) -> Sequence[Spelling]:
        """Return words that are spelled almost like `surface`."""
        return self._ask(lambda index: index.spellings(surface, where, viewer, most))

    def refresh(self) -> None:
        """See what has been committed since, in both indexes."""
        self._refresh()

    @property
    def size(self) -> int:
        """Return the number of documents."""
        return self._ask(lambda index: index.size)


class CurrentVectors:
    """The VectorSearch of the current generation."""

    def __init__(self, ask: VectorAsk, refresh: Callable[[], None]):
        self._ask = ask
        self._refresh = refresh

    @property
    def recipe(self) -> Recipe:
        """Return the recipe of every vector held."""
        return self._ask(lambda index: index.recipe)

    def search(self, vector: Vector, where: Filter, viewer: Viewer, depth: int) -> Sequence[Hit]:
        """Return at most `depth` documents that filter and viewer admit, best first."""
        return self._ask(lambda index: index.search(vector, where, viewer, depth))

    def similarities(self, vector: Vector, ids: Sequence[str]) -> Mapping[str, Mapping[int, float]]:
        """Return id → passage → similarity."""
        return self._ask(lambda index: index.similarities(vector, ids))

    def vectors(self, ids: Sequence[str]) -> Mapping[str, Vector]:
        """Return id → `(passages, dimension)` vectors as they are held."""
        return self._ask(lambda index: index.vectors(ids))

    def refresh(self) -> None:
        """See what has been committed since, in both indexes."""
        self._refresh()

    @property
    def size(self) -> int:
        """Return the number of passages."""
        return self._ask(lambda index: index.size)
