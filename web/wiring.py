"""Put the parts together: the one place that knows which store, engines and encoder an installation runs on."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypedDict, TypeVar

from indexer.current import CurrentIndexes
from indexer.engines import Engines, installed_engines
from indexer.indexing import Indexing
from indexer.manifest import KEYWORD, VECTORS, current_generation
from indexer.passages import passage_text
from indexer.worker import IndexWorker
from kb.connectors.catalogue import Catalogue
from kb.errors import FixloreError, IndexUnavailable, ModelUnavailable, RecipeMismatch, StoreError
from kb.processes import cores
from kb.protocols.store import Store
from kb.reporting import Say
from kb.settings import Settings
from search.incidents import Incidents
from search.lanes import EncoderSource
from search.searcher import Searcher
from search.sources import IncidentSource
from web.answer_processes import AnswerProcesses, wanted_processes
from web.answering import CountedSearcher
from web.encoder_once import EncoderOnce
from web.incidents import watched_incidents
from web.learned import StoredRanker
from web.passwords import Passwords
from web.response_log import ResponseLog
from web.vocabulary import StoredVocabulary

SESSION_KEY = "session_key"
MEND_AGAIN_S = 600.0
_LOG = logging.getLogger(__name__)
_Searcher = TypeVar("_Searcher", bound=Searcher)


class Readiness(TypedDict):
    """Whether searches can be answered, and part → what keeps it from its work, in a few words."""

    ready: bool
    down: dict[str, str]
    pending_changes: int | None


class Services:
    """What pages, endpoints and commands work with. Close it, or use `open_services`."""

    def __init__(self, settings: Settings, store: Store, encoder: EncoderSource, say: Say):
        self.settings = settings
        self.store = store
        self.encoder = encoder
        self.responses = ResponseLog(store)
        self.passwords = Passwords(store)
        self.mappings = Catalogue(settings.home)
        self.vocabulary = StoredVocabulary(store, translates_texts=not settings.multilingual)
        self.rankers = StoredRanker(store, lambda: self.indexes.vectors.recipe)
        self.engines: Engines = installed_engines(settings.keyword_engine, encoder)
        self.incidents: Incidents = watched_incidents(store, lambda: self.indexes.vectors, settings)
        self._say = say
        self._lock = threading.Lock()
        self._searcher: CountedSearcher | None = None
        self._indexes: CurrentIndexes | None = None
        self._worker: IndexWorker | None = None
        self._processes: AnswerProcesses | None = None
        self._mended_at = -MEND_AGAIN_S
        self._logged_down: dict[str, FixloreError] = {}
        self.answered: Callable[[str, str], None] = lambda kind, status: None
        """Is told kind (`search`, `similar`) and status of every answer."""
        self.closing: list[Callable[[], None]] = []
        """Are called before the store is closed, to write down what waits."""

    @property
    def indexes(self) -> CurrentIndexes:
        """Return the indexes that answer."""
        with self._lock:
            if self._indexes is None:
                self._indexes = CurrentIndexes(self.settings.index_path, self.engines)
            return self._indexes

    def searcher(self) -> CountedSearcher:
        """Return what answers questions and tickets."""
        indexes = self.indexes
        with self._lock:
            if self._searcher is None:
                self._searcher = searcher = self._made(
                    CountedSearcher, indexes, self.incidents.of_ticket, self._is_busy
                )
                searcher.answered = lambda kind, status: self.answered(kind, status)
                searcher.processes = self._processes
            return self._searcher

    def plain_searcher(self, incidents: IncidentSource) -> Searcher:
        """Return a searcher with another source of incidents, for a process that helps when there is much to do."""
        return self._made(Searcher, self.indexes, incidents, lambda: True)

    def _made(
        self,
        kind: type[_Searcher],
        indexes: CurrentIndexes,
        incidents: IncidentSource,
        is_busy: Callable[[], bool],
    ) -> _Searcher:
        return kind(
            self.store,
            indexes.keyword,
            indexes.vectors,
            self.encoder,
            passage_text=passage_text,
            vocabulary=self.vocabulary.expander,
            ranker=self.rankers.ranker,
            incidents=incidents,
            is_busy=is_busy,
            refresh=self._see_commits,
        )

    def _see_commits(self) -> None:
        """See what other processes have indexed, where none of this one's does so after each commit."""
        if self._worker is None:
            self.indexes.refresh()

    def _is_busy(self) -> bool:
        enough = max(1, cores() // 2)  # each makes use of two cores where it may
        return self._processes is not None and self._processes.under_way > enough

    def share_answering(self) -> None:
        """Have other processes answer too, as the settings say, as soon as there is enough to do."""
        self._processes = AnswerProcesses(self.settings, wanted_processes(self.settings) - 1)
        self.searcher().processes = self._processes

    @property
    def answering(self) -> int:
        """Return how many processes answer now, this one among them."""
        return 1 + (self._processes.running if self._processes is not None else 0)

    def indexing(self) -> Indexing:
        """Return what brings the indexes up to the store."""
        return Indexing(self.store, self.settings.index_path, self.engines, self.encoder, self._say)

    def start_indexing(self) -> None:
        """Index in the background from now on, for every process that writes to this store."""
        self._worker = IndexWorker(self.indexing(), self.store.pending_count, self.indexes.refresh)
        self._worker.start()
        self.indexes.on_damage = self._mend

    def _mend(self) -> None:
        """Have an index made anew that failed under a search; not again at once, should that not help."""
        with self._lock:
            if time.monotonic() - self._mended_at < MEND_AGAIN_S:
                return
            self._mended_at = time.monotonic()
        _LOG.error("an index fails under searches and is made anew from the store")
        with suppress(StoreError):
            self.indexing().ask_for_rebuild()
        self.wake()

    def wake(self) -> None:
        """Have changes indexed now rather than within a second."""
        if self._worker is not None:
            self._worker.wake()

    @property
    def indexing_failures(self) -> int:
        """Return how often indexing in the background has failed."""
        return self._worker.failures if self._worker is not None else 0

    @property
    def indexed_at(self) -> float | None:
        """Return when indexing in the background last succeeded, in seconds since the epoch."""
        return self._worker.succeeded_at if self._worker is not None else None

    def session_key(self) -> str:
        """Return the key that signs sessions, made once for each installation."""
        key = self.store.setting(SESSION_KEY)
        if key is None:
            key = secrets.token_hex(32)
            self.store.put_setting(SESSION_KEY, key)
        return key

    def readiness(self) -> Readiness:
        """Return whether searches can be answered, and in a few words what keeps a lane or the indexing from it.

        Everybody may ask, so that nothing of this machine is told: the whole reason is logged, once, and `kb doctor`
        tells it.
        """
        self.indexes.refresh()
        checks = {"keyword": lambda: self.indexes.keyword.size, "semantic": self._semantic}
        failures = {name: error for name, check in checks.items() if (error := _failure(check)) is not None}
        ready = len(failures) < len(checks)
        waiting: int | None = None
        try:
            waiting = self.store.pending_count()
        except StoreError as error:
            failures["store"], ready = error, False
        else:
            if (unwritable := _failure(self.store.check_writing)) is not None:
                failures["store"] = unwritable
        self._log_failures(failures)
        down = {name: self._briefly(name, error) for name, error in failures.items()}
        if "store" in failures and waiting is not None:
            down["store"] = "cannot be written"
        if self._worker is not None and self._worker.last_error:
            down["indexing"] = "fails"
        return {"ready": ready, "down": down, "pending_changes": waiting}

    def _log_failures(self, failures: dict[str, FixloreError]) -> None:
        """Log what has failed since the last time; a monitor asks every few seconds."""
        for name, error in failures.items():
            if str(self._logged_down.get(name)) != str(error):
                _LOG.warning("%s fails: %s", name, error)
        for name in self._logged_down.keys() - failures.keys():
            _LOG.warning("%s works again", name)
        self._logged_down = failures

    def _briefly(self, name: str, error: FixloreError) -> str:
        """Return why a part is down, without a path."""
        if isinstance(error, StoreError):
            return "cannot be read"
        cause = error.__cause__ or error
        if isinstance(cause, ModelUnavailable):
            return "no model"
        if isinstance(cause, RecipeMismatch):
            return "made with another model"
        try:
            generation = current_generation(self.settings.index_path)
        except IndexUnavailable:
            return "damaged"
        if generation is None:
            return "not indexed yet"
        return "damaged" if (generation / (KEYWORD if name == "keyword" else VECTORS)).is_dir() else "missing"

    def _semantic(self) -> None:
        self.encoder()
        _ = self.indexes.vectors.size

    def close(self) -> None:
        """Stop indexing after the commit under way, and close the store. Idempotent."""
        if self._processes is not None:
            self._processes.close()
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
        while self.closing:
            self.closing.pop()()
        self.responses.close()
        self.store.close()


def _failure(check: Callable[[], object]) -> FixloreError | None:
    try:
        check()
    except FixloreError as error:
        return error
    return None


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """Open the store of an installation for the length of a `with` block; creates it in an empty home."""
    from kb.store.open_store import open_store

    store = open_store(settings.store_path)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def open_services(settings: Settings, say: Say, encoder: EncoderSource | None = None) -> Iterator[Services]:
    """Open everything for the length of a `with` block; `encoder` stands in for the installed one in tests."""
    with opened_store(settings) as store:
        services = Services(settings, store, encoder or EncoderOnce(settings, say), say)
        try:
            yield services
        finally:
            services.close()
