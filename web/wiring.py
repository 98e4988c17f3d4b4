"""Put the parts together: the one place that knows which store, engines and encoder an installation runs on."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypedDict

from indexer.current import CurrentIndexes
from indexer.engines import Engines, installed_engines
from indexer.indexing import Indexing
from indexer.manifest import KEYWORD, VECTORS, current_generation
from indexer.passages import passage_text
from indexer.worker import IndexWorker
from kb.errors import FixloreError, IndexUnavailable, ModelUnavailable, RecipeMismatch, StoreError
from kb.protocols.encoder import Encoder
from kb.protocols.store import Store
from kb.reporting import Say
from kb.settings import Settings
from search.answers import SearchAnswer, SimilarAnswer
from search.searcher import Searcher, SearchRequest
from search.similar import SimilarRequest
from web.response_log import ResponseLog

SESSION_KEY = "session_key"
EncoderSource = Callable[[], Encoder]
_LOG = logging.getLogger(__name__)


RETRY_MODEL_S = 60.0
"""When a model that could not be loaded is tried again: longer each time, since each attempt costs seconds of work."""
RETRY_MODEL_MOST_S = 3600.0


class EncoderOnce:
    """Opens the encoder when it is first needed and then returns the same one.

    When that failed it says why at once, and tries again in the background after a growing pause.
    """

    def __init__(self, settings: Settings, say: Say):
        self._settings = settings
        self._say = say
        self._lock = threading.Lock()
        self._encoder: Encoder | None = None
        self._failure: str | None = None
        self._pause_s = RETRY_MODEL_S
        self._retry_at = 0.0

    def __call__(self) -> Encoder:
        """Return the encoder. Raises ModelUnavailable."""
        with self._lock:
            if self._encoder is not None:
                return self._encoder
            if self._failure is not None:
                if time.monotonic() >= self._retry_at:
                    self._put_off()
                    threading.Thread(target=self._try_again, name="model", daemon=True).start()
                raise ModelUnavailable(self._failure)
            try:
                self._encoder = self._opened()
            except ModelUnavailable as error:
                self._failure = str(error)
                self._put_off()
                raise
            return self._encoder

    def _opened(self) -> Encoder:
        from indexer.encoding.open_encoder import open_encoder

        return open_encoder(self._settings.home, self._settings.model, self._say)

    def _put_off(self) -> None:
        self._retry_at = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, RETRY_MODEL_MOST_S)

    def _try_again(self) -> None:
        """Open the encoder without holding up those who ask meanwhile."""
        try:
            encoder = self._opened()
        except ModelUnavailable as error:
            self._failure = str(error)
            return
        self._encoder = encoder
        self._say(f"the model {encoder.recipe.model_name} is there again")


class Readiness(TypedDict):
    """Whether searches can be answered, and part → what keeps it from its work, in a few words."""

    ready: bool
    down: dict[str, str]
    pending_changes: int | None


class CountedSearcher(Searcher):
    """A searcher that tells how good each answer is, and refuses when no lane answers: nothing found would be a lie."""

    answered: Callable[[str, str], None]

    def search(self, request: SearchRequest) -> SearchAnswer:
        """Return the documents that answer a question. Raises IndexUnavailable too."""
        answer = super().search(request)
        _refuse_empty_handed(answer)
        self.answered("search", answer.status)
        return answer

    def similar(self, request: SimilarRequest) -> SimilarAnswer:
        """Return what is known about the problem of a ticket. Raises IndexUnavailable too."""
        answer = super().similar(request)
        _refuse_empty_handed(answer)
        self.answered("similar", answer.status)
        return answer


def _refuse_empty_handed(answer: SearchAnswer | SimilarAnswer) -> None:
    # The identifier lane is not asked when the query holds no identifier, and it needs the keyword index too.
    if answer.retrieval.mode == "none" or {"keyword", "semantic"} <= set(answer.retrieval.degraded):
        raise IndexUnavailable(
            "no index can answer now; a running server makes them anew within seconds, without one run `kb index`"
        )


class Services:
    """What pages, endpoints and commands work with. Close it, or use `open_services`."""

    def __init__(self, settings: Settings, store: Store, encoder: EncoderSource, say: Say):
        self.settings = settings
        self.store = store
        self.encoder = encoder
        self.responses = ResponseLog(store)
        self.engines: Engines = installed_engines(settings.keyword_engine, encoder)
        self._say = say
        self._lock = threading.Lock()
        self._searcher: Searcher | None = None
        self._indexes: CurrentIndexes | None = None
        self._worker: IndexWorker | None = None
        self._logged_down: dict[str, FixloreError] = {}
        self.answered: Callable[[str, str], None] = lambda kind, status: None
        """Is told kind (`search`, `similar`) and status of every answer."""

    @property
    def indexes(self) -> CurrentIndexes:
        """Return the indexes that answer."""
        with self._lock:
            if self._indexes is None:
                self._indexes = CurrentIndexes(self.settings.index_path, self.engines)
            return self._indexes

    def searcher(self) -> Searcher:
        """Return what answers questions and tickets."""
        indexes = self.indexes
        with self._lock:
            if self._searcher is None:
                self._searcher = searcher = CountedSearcher(
                    self.store, indexes.keyword, indexes.vectors, self.encoder, passage_text=passage_text
                )
                searcher.answered = lambda kind, status: self.answered(kind, status)
            return self._searcher

    def indexing(self) -> Indexing:
        """Return what brings the indexes up to the store."""
        return Indexing(self.store, self.settings.index_path, self.engines, self.encoder, self._say)

    def start_indexing(self) -> None:
        """Index in the background from now on, for every process that writes to this store."""
        self._worker = IndexWorker(self.indexing(), self.store.pending_count, self.indexes.refresh)
        self._worker.start()

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
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
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
