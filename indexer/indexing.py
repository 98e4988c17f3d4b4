"""Index an installation: one process at a time, into its current generation or, to rebuild, into a new one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.engines import Engines
from indexer.lock import FileLock, is_locked
from indexer.manifest import (
    LOCK,
    built_with,
    current_generation,
    new_generation,
    publish_generation,
    remove_other_generations,
)
from indexer.sync import Sync, SyncedStore, SyncReport
from kb.errors import IndexLocked, IndexUnavailable, ModelUnavailable
from kb.protocols.encoder import Encoder
from kb.protocols.keyword import KeywordIndex
from kb.protocols.vector import VectorIndex
from kb.reporting import Progress, Say

REBUILD_WANTED = "index.rebuild_wanted"
"""Setting of the store by which a command asks the server, which holds the lock, to rebuild."""


def _quiet(done: int, total: int) -> None:
    pass


class Indexing:
    """Brings the indexes of an installation up to its store. For one thread at a time."""

    def __init__(
        self,
        store: SyncedStore,
        path: Path,
        engines: Engines,
        encoder: Callable[[], Encoder],
        say: Say = lambda line: None,
    ):
        """`path` is the directory of all generations; `encoder` returns the encoder or raises ModelUnavailable."""
        self._store = store
        self._path = path
        self._engines = engines
        self._encoder = encoder
        self._say = say
        self._lock = FileLock(path / LOCK)
        self._open: tuple[Path, KeywordIndex, VectorIndex | None] | None = None

    def acquire(self) -> None:
        """Hold the lock until `release`, so that this process indexes for all. Raises IndexLocked."""
        self._lock.acquire()

    def release(self) -> None:
        """Close the indexes and free the lock. Idempotent."""
        self._close()
        self._lock.release()

    def is_locked(self) -> bool:
        """Say whether some process, this one included, is indexing."""
        return is_locked(self._path / LOCK)

    def drain(self, progress: Progress = _quiet, keep_going: Callable[[], bool] = lambda: True) -> SyncReport:
        """Do every pending change; make the indexes first where there are none or another version made them.

        Raises IndexLocked, IndexUnavailable, StoreError. What was committed until then stays.
        """
        with self._held():
            current = current_generation(self._path)
            if current is None:
                current = self._begun()
            elif built_with(current) != self._engines.built:
                return self._rebuild(progress, keep_going)
            return self._drain(current, progress, keep_going)

    def rebuild(self, progress: Progress = _quiet, keep_going: Callable[[], bool] = lambda: True) -> SyncReport:
        """Build both indexes anew from the store and its vectors; answers come from the old ones until it is done.

        Until then changes wait. Stopped or killed, it leaves everything as it was. Raises ModelUnavailable,
        IndexLocked, IndexUnavailable, StoreError; then, too, nothing has changed.
        """
        with self._held():
            self._encoder()  # without a model a rebuild would lose the vectors that there are
            return self._rebuild(progress, keep_going)

    def ask_for_rebuild(self) -> None:
        """Ask the process that holds the lock to rebuild; it takes back the wish when that is done."""
        self._store.put_setting(REBUILD_WANTED, "yes")

    def is_rebuild_wanted(self) -> bool:
        """Say whether a rebuild was asked for and is not done."""
        return self._store.setting(REBUILD_WANTED) is not None

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the lock; free it afterwards unless it was held before."""
        if self._lock.is_held:
            yield
            return
        self.acquire()
        try:
            yield
        finally:
            self.release()

    def _begun(self) -> Path:
        """Make the first generation. It is current while it is filled: there are no older answers to give."""
        generation = new_generation(self._path)
        self._open = (generation, self._engines.open_keyword(generation, True), self._vectors(generation))
        self._store.enqueue_all()  # before it is published: killed in between, this is done again
        publish_generation(generation, self._engines.built)
        return generation

    def _drain(self, generation: Path, progress: Progress, keep_going: Callable[[], bool]) -> SyncReport:
        if self._open is None or self._open[0] != generation or self._open[2] is None:
            self._close()
            self._open = (generation, self._engines.open_keyword(generation, True), self._vectors(generation))
        _, keyword, vectors = self._open
        return self._sync(keyword, vectors, progress, keep_going).drain()

    def _rebuild(self, progress: Progress, keep_going: Callable[[], bool]) -> SyncReport:
        self._close()
        generation = new_generation(self._path)
        keyword = self._engines.open_keyword(generation, True)
        vectors = self._vectors(generation)
        self._open = (generation, keyword, vectors)
        report = self._sync(keyword, vectors, progress, keep_going).bring(list(self._store.all_ids()))
        if report.stopped:
            self._close()
            return report
        publish_generation(generation, self._engines.built)
        self._store.put_setting(REBUILD_WANTED, None)
        remove_other_generations(self._path)
        self._drain(generation, _quiet, keep_going)  # what was written meanwhile; the rest is found as wanted
        return report

    def _sync(
        self, keyword: KeywordIndex, vectors: VectorIndex | None, progress: Progress, keep_going: Callable[[], bool]
    ) -> Sync:
        try:
            encoder = self._encoder()
        except ModelUnavailable:
            encoder = None
        return Sync(self._store, keyword, vectors, encoder, say=self._say, progress=progress, keep_going=keep_going)

    def _vectors(self, generation: Path) -> VectorIndex | None:
        """Return the vector index, `None` with a word to the person when words must do for now."""
        try:
            return self._engines.open_vectors(generation, True)
        except IndexLocked:
            raise
        except (ModelUnavailable, IndexUnavailable) as error:
            self._say(str(error))
            return None

    def _close(self) -> None:
        if self._open is not None:
            _, keyword, vectors = self._open
            self._open = None
            keyword.close()
            if vectors is not None:
                vectors.close()
